/** A counterexample as a table: rows are time, columns are actors. */
import { html, nothing, type TemplateResult } from "lit";
import type { Counterexample, TimelineStep } from "../explore/counterexample.js";
import { PROPERTIES, type PropertyId } from "../explore/properties.js";
import type { PropertyResult } from "../explore/result.js";
import { fairnessText, timelineActors } from "../explore/timeline.js";

/** `result` is what the exploration says of the property that the example violates. */
export function timelineTable(
  example: Counterexample,
  result: PropertyResult | undefined,
): TemplateResult {
  const { steps, property, loop, token } = example;
  const actors = timelineActors(steps);
  // A run that never ends is violated by none of its steps.
  const last = loop === null ? steps.length - 1 : -1;
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="counterexample to ${property}">
      <table class="timeline">
        <caption>
          ${wayTo(property, result)}: ${PROPERTIES[property].rule}
        </caption>
        <thead>
          <tr>
            <th scope="col">time</th>
            ${actors.map((actor) => html`<th scope="col">${actor}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${steps.map((step, at) => row(step, at, actors, at === last))}
        </tbody>
      </table>
    </div>
    ${loop === null ? nothing : html`<p>Steps ${loop + 1} to ${steps.length} repeat for ever.</p>`}
    ${property === "served" ? html`<p>It happens: ${fairnessText(example)}.</p>` : nothing}
    <p class="token">Repeat it: <code>tlbstorm token ${token}</code></p>
  `;
}

function wayTo(property: PropertyId, result: PropertyResult | undefined): string {
  if (result?.fairness === "weak") return `a way to keep ${property} waiting`;
  return `${result?.shortest === true ? "the shortest" : "a"} way to violate ${property}`;
}

function row(
  { actor, text }: TimelineStep,
  at: number,
  actors: readonly string[],
  isLast: boolean,
): TemplateResult {
  return html`
    <tr class=${isLast ? "violated" : ""}>
      <th scope="row">${at + 1}</th>
      ${actors.map((column) => html`<td>${column === actor ? text : nothing}</td>`)}
    </tr>
  `;
}

/** A counterexample as a table: rows are time, columns are actors. */
import { html, nothing, type TemplateResult } from "lit";
import type { Counterexample, TimelineStep } from "../explore/counterexample.js";
import { PROPERTIES } from "../explore/properties.js";
import { timelineActors } from "../explore/timeline.js";

export function timelineTable(example: Counterexample): TemplateResult {
  const { steps, property, loop, token } = example;
  const actors = timelineActors(steps);
  return html`
    <div class="scroll" tabindex="0" role="region" aria-label="counterexample to ${property}">
      <table class="timeline">
        <caption>
          the shortest way to violate ${property}: ${PROPERTIES[property].rule}
        </caption>
        <thead>
          <tr>
            <th scope="col">time</th>
            ${actors.map((actor) => html`<th scope="col">${actor}</th>`)}
          </tr>
        </thead>
        <tbody>
          ${steps.map((step, at) => row(step, at, actors, at === steps.length - 1))}
        </tbody>
      </table>
    </div>
    ${loop === null ? nothing : html`<p>Steps ${loop + 1} to ${steps.length} repeat for ever.</p>`}
    <p class="token">Repeat it: <code>tlbstorm token ${token}</code></p>
  `;
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

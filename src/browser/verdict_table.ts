/** The verdicts of an exploration as a table; a violated property shows its counterexample. */
import { html, nothing, type TemplateResult } from "lit";
import { PROPERTIES, type PropertyId } from "../explore/properties.js";
import type { ExploreResult, PropertyResult, Verdict } from "../explore/result.js";

const VERDICTS: Record<Verdict, string> = {
  holds: "holds",
  violated: "violated",
  "not-applicable": "not applicable",
  unknown: "unknown",
};

export function verdictTable(
  result: ExploreResult,
  chosen: PropertyId | null,
  choose: (id: PropertyId) => void,
): TemplateResult {
  const { protocol, operation, states, complete } = result;
  const entries = Object.entries(result.properties) as [PropertyId, PropertyResult][];
  return html`
    <table>
      <caption>
        ${operation} under ${protocol}: ${states.toLocaleString("en-US")} states,
        ${complete ? "all of them" : "not all of them"}
      </caption>
      <thead>
        <tr>
          <th scope="col">property</th>
          <th scope="col">verdict</th>
          <th scope="col">counterexample</th>
        </tr>
      </thead>
      <tbody>
        ${entries.map(([id, property]) => row(id, property, id === chosen, choose))}
      </tbody>
    </table>
  `;
}

function row(
  id: PropertyId,
  { verdict, steps, token, fairness }: PropertyResult,
  isChosen: boolean,
  choose: (id: PropertyId) => void,
): TemplateResult {
  const button = html`<button
    type="button"
    aria-pressed=${isChosen}
    @click=${() => {
      choose(id);
    }}
  >
    ${steps} steps
  </button>`;
  return html`
    <tr class=${fairness === "weak" ? "starved" : verdict}>
      <th scope="row" title=${PROPERTIES[id].rule}>${id}</th>
      <td>${VERDICTS[verdict]}${fairness === "weak" ? " under weak fairness only" : nothing}</td>
      <td>${token === null ? nothing : button}</td>
    </tr>
  `;
}

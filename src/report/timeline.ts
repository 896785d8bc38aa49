/** A counterexample as a table of time against actors. */
import { timelineActors, type Counterexample } from "../explore/index.js";
import { PROPERTIES } from "../explore/properties.js";

export interface TimelineView {
  readonly actors: readonly string[];
  readonly rows: readonly { time: number; cells: readonly string[]; isViolation: boolean }[];
  readonly rule: string;
  readonly property: string;
  readonly token: string;
}

export function timelineView({ steps, property, token }: Counterexample): TimelineView {
  const actors = timelineActors(steps);
  const rows = steps.map(({ actor, text, violated }, at) => ({
    time: at + 1,
    cells: actors.map((column) => (column === actor ? text : "")),
    isViolation: violated.includes(property),
  }));
  return { actors, rows, rule: PROPERTIES[property].rule, property, token };
}

/** Results of exploration as text. */
import type { Counterexample } from "../explore/counterexample.js";
import type { ExploreResult, Extent, Incomplete, PropertyResult } from "../explore/result.js";
import { fairnessText } from "../explore/timeline.js";
import type { Prevention } from "../explore/explain.js";
import type { MutateResult } from "../explore/mutate.js";
import type { PropertyId } from "../explore/properties.js";
import type { SmallWorld } from "../explore/small_world.js";
import { formatTable } from "./output.js";

export function describeWorld(world: SmallWorld): string {
  const { protocol, operation, devices, pages, retryLimit } = world;
  const limit = retryLimit === 0 ? "unlimited" : String(retryLimit);
  return [
    `${operation} under ${protocol.id}${protocol.title === "" ? "" : `: ${protocol.title}`}`,
    `${counted(devices, "device")}, ${counted(pages, "page")}, retry limit ${limit}`,
  ].join("\n");
}

/**
 * The verdict of each property, and how much was explored. `served` stands apart: it is about runs
 * that never end, of devices that never give up; `unserved` is its counterexample.
 */
export function formatResult(result: ExploreResult, unserved: Counterexample | null): string {
  const { safety, served } = result.searches;
  const entries = Object.entries(result.properties);
  const lines: string[] = [];
  if (safety !== null) {
    const rows = entries.filter(([id]) => id !== "served");
    lines.push(verdictTable(rows), "", extentText(result, safety));
  }
  if (served === null) return lines.join("\n");
  if (lines.length > 0) lines.push("", "apart, of devices that never give up:");
  lines.push(verdictTable(entries.filter(([id]) => id === "served")));
  if (unserved !== null) lines.push(`  ${fairnessText(unserved)}`);
  lines.push(...(safety === null ? [""] : []), extentText(result, served, safety === null));
  return lines.join("\n");
}

function verdictTable(properties: readonly [string, PropertyResult][]): string {
  const rows = properties.map(([id, { verdict, steps, token }]) => [
    id,
    VERDICTS[verdict],
    steps ?? "",
    token ?? "",
  ]);
  return formatTable(
    [
      { head: "property" },
      { head: "verdict" },
      { head: "steps", align: "right" },
      { head: "token" },
    ],
    rows,
  );
}

const VERDICTS = {
  holds: "holds",
  violated: "violated",
  "not-applicable": "not applicable",
  unknown: "unknown",
} as const;

const INCOMPLETE: Record<Incomplete, string> = {
  states: "as many states as allowed are known, and there are more",
  memory: "the memory that was allowed is used up, and there are more states",
  depth: "there are states behind as many steps as were allowed",
  counter: "a count of the driver grows without end",
  hashed: "states are known by their hashes only, some may have been missed",
  walks: "only random walks were taken",
  "not-searched": "this method does not judge it",
  settled: "what was asked for is violated, the rest was not explored",
};

function extentText({ method, seconds }: ExploreResult, extent: Extent, isFirst = true): string {
  const { states, transitions, depth, incomplete } = extent;
  const how = method === "breadth-first" ? "" : `${method}: `;
  const sizes = `${grouped(states)} states, ${grouped(transitions)} transitions, ${depth} steps deep`;
  const time = isFirst ? `, ${seconds.toFixed(2)} s in all` : "";
  const end = incomplete === null ? "complete" : `INCOMPLETE: ${INCOMPLETE[incomplete]}`;
  return `${how}${sizes}${time}, ${end}`;
}

/** Which properties nobody knows about, and why; null: there is a verdict on each. */
export function unknownText({ properties }: ExploreResult): string | null {
  const unknown = Object.entries(properties).filter(([, { verdict }]) => verdict === "unknown");
  const reasons = [...new Set(unknown.map(([, { incomplete }]) => incomplete!))];
  if (unknown.length === 0) return null;
  const ids = unknown.map(([id]) => id).join(", ");
  return `no verdict on ${ids}: ${reasons.map((reason) => INCOMPLETE[reason]).join("; ")}`;
}

/** What would have prevented a violation, found by exploring each single change. */
export function formatPreventions(
  property: PropertyId,
  preventions: readonly Prevention[],
): string {
  const clean = preventions.filter(({ breaks }) => breaks.length === 0).slice(0, 3);
  if (clean.length > 0) {
    return [`${property} would hold,`, ...clean.map(({ text }) => `  ${text}`)].join("\n");
  }
  const none = `no single step that comes earlier, later or is waited for prevents ${property}`;
  const [nearest] = preventions;
  if (nearest === undefined) return none;
  const { text, breaks } = nearest;
  return `${none} alone:\n  ${text}, ${breaks.join(", ")} would be violated instead`;
}

/** Each mutation with the properties that hold without it and are violated with it. */
export function formatMutations({ base, mutations, vacuous, unnotified }: MutateResult): string {
  const rows = mutations.map(({ text, breaks, explored }) => [
    text,
    breaks.map((id) => `${id} ${explored.properties[id]!.steps!}`).join(", ") || "-",
  ]);
  const held = Object.entries(base.properties).filter(([, { verdict }]) => verdict === "holds");
  const lines = [
    formatTable([{ head: "mutation" }, { head: "violates, in steps" }], rows),
    "",
    `hold without a mutation: ${held.map(([id]) => id).join(", ") || "none"}`,
  ];
  if (vacuous.length > 0) lines.push(`vacuous: no mutation violates ${vacuous.join(", ")}`);
  if (unnotified.length > 0) {
    lines.push(
      `  nor does no notification at all violate ${unnotified.join(", ")}: ${base.operation} alone ` +
        "makes them hold, under any protocol",
    );
  }
  return lines.join("\n");
}

/** How properties are named where there is little room. */
const SHORT: Record<string, string> = {
  "stale-read": "R",
  "stale-write": "W",
  "readonly-write": "ro",
  "lost-write": "lost",
  "split-brain": "split",
  "stale-walk": "walk",
  "device-failure": "fail",
  served: "srv",
};

/** Columns that a table of the matrix may take: more operations begin another one. */
const MATRIX_WIDTH = 100;
const COLUMN_GAP = 2;

/** Protocols against operations: what is violated, and in how many steps. */
export function formatMatrix(cells: readonly ExploreResult[]): string {
  const protocols = [...new Set(cells.map(({ protocol }) => protocol))];
  const operations = [...new Set(cells.map(({ operation }) => operation))];
  const columns = operations.map((operation) => [
    operation,
    ...protocols.map((protocol) => {
      const cell = cells.find((one) => one.protocol === protocol && one.operation === operation);
      return cell === undefined ? "" : formatCell(cell);
    }),
  ]);
  const names = ["protocol", ...protocols];
  const total = cells.reduce((sum, { states }) => sum + states, 0);
  const seconds = cells.reduce((sum, cell) => sum + cell.seconds, 0);
  return [
    ...tablesOf(columns, MATRIX_WIDTH - widthOf(names)).map((some) => tableOf(names, some)),
    [
      "violated properties with the steps of a shortest counterexample; a dot: all that apply hold",
      ...legend(),
      "?: unknown; (srv): only while something possible is kept waiting for ever",
      `${cells.length} worlds, ${grouped(total)} states, ${seconds.toFixed(2)} s`,
    ].join("\n"),
  ].join("\n\n");
}

/** Which property is meant, on two lines. */
function legend(): string[] {
  const meanings = Object.entries(SHORT).map(([id, short]) => `${short} ${id}`);
  const half = meanings.length / 2;
  return [`${meanings.slice(0, half).join(", ")},`, meanings.slice(half).join(", ")];
}

/** A table; each column is a list of texts, its head first. */
function tableOf(names: readonly string[], columns: readonly (readonly string[])[]): string {
  const [heads = [], ...rows] = names.map((name, at) => [
    name,
    ...columns.map((column) => column[at] ?? ""),
  ]);
  return formatTable(
    heads.map((head) => ({ head })),
    rows,
  );
}

/** As many columns in each table as fit. */
function tablesOf(columns: readonly string[][], room: number): string[][][] {
  const tables: string[][][] = [];
  let left = 0;
  for (const column of columns) {
    left -= widthOf(column) + COLUMN_GAP;
    if (left < 0 || tables.length === 0) {
      tables.push([]);
      left = room - widthOf(column) - COLUMN_GAP;
    }
    tables.at(-1)!.push(column);
  }
  return tables;
}

function widthOf(texts: readonly string[]): number {
  return Math.max(...texts.map(({ length }) => length));
}

function formatCell({ properties }: ExploreResult): string {
  const parts = Object.entries(properties).flatMap(([id, result]) =>
    shortVerdict(SHORT[id]!, result),
  );
  return parts.length === 0 ? "·" : parts.join(" ");
}

function shortVerdict(short: string, { verdict, steps, fairness }: PropertyResult): string[] {
  if (verdict === "violated") return fairness === "weak" ? [`(${short})`] : [`${short}${steps!}`];
  return verdict === "unknown" ? [`${short}?`] : [];
}

function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}

function grouped(count: number): string {
  return count.toLocaleString("en");
}

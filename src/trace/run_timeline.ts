/**
 * The last steps before a violation of a timed run, as a table: rows are time, columns are actors,
 * the violated rule comes last.
 *
 * Only what concerns the violated page is shown; accesses to it that went well are counted.
 */
import type { TraceEntry } from "../abi/trace.js";
import { TraceWhat } from "../abi/vocabulary.generated.js";
import { columns } from "../base/columns.js";
import { PROPERTIES, type PropertyId } from "../explore/properties.js";
import type { Program } from "../run/program.js";
import { Simulation } from "../run/simulation.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import { actorOfEntry, textOfEntry } from "./entry_text.js";

export interface TimelineRow {
  readonly timeNs: number;
  /** `program`, `CPU 1`, `iommu`, `handler 0`, or the name of a device. */
  readonly actor: string;
  readonly text: string;
}

export interface RunTimeline {
  readonly rule: PropertyId;
  readonly atNs: number;
  /** The address of the page that it is about. */
  readonly address: number;
  readonly rows: readonly TimelineRow[];
}

export interface ViolationOfRun {
  readonly rule: PropertyId;
  readonly atNs: number;
  readonly address: number;
}

/** Rows that are shown; an even number. */
const ROWS = 28;
/** The actor of a row that stands for others. */
const GAP = "";
const PAGE = 4096;
const SLICE_STEPS = 250_000;

/** Runs up to a violation that the run is known to have, and tells how it came about. */
export async function traceViolation(
  scenario: ResolvedScenario,
  program: Program,
  violation: ViolationOfRun,
  onProgress?: (done: number) => Promise<void>,
): Promise<RunTimeline> {
  const until = { kind: "time", ns: violation.atNs } as const;
  const simulation = await Simulation.create({ ...scenario, until }, program, {}, "trace");
  const trace = simulation.trace!;
  trace.select(violation.address / PAGE, true);
  while (!simulation.isOver) {
    simulation.advance(256, SLICE_STEPS);
    await onProgress?.(simulation.eventsDone);
  }
  const entries = upTo(trace.take(), violation);
  const names = scenario.devices.map(({ name }) => name);
  return { ...violation, rows: shortened(withoutNoise(entries).map((entry) => row(entry, names))) };
}

/** The beginning and the end of what does not fit. */
function shortened(rows: readonly TimelineRow[]): TimelineRow[] {
  const left = rows.length - ROWS;
  if (left <= 0) return [...rows];
  const half = ROWS / 2;
  const gap = { timeNs: rows[half]!.timeNs, actor: GAP, text: `${left} more steps` };
  return [...rows.slice(0, half), gap, ...rows.slice(-half)];
}

/** Everything before the violation, and the violation. */
function upTo(entries: readonly TraceEntry[], { rule, atNs }: ViolationOfRun): TraceEntry[] {
  const code: number = PROPERTIES[rule].code;
  const last = entries.findIndex(
    ({ what, detail, timeNs }) =>
      what === TraceWhat.Violation && detail === code && timeNs === atNs,
  );
  return entries.slice(0, last + 1);
}

const ACCESSES: ReadonlySet<TraceWhat> = new Set([
  TraceWhat.ReadIssued,
  TraceWhat.WriteIssued,
  TraceWhat.ReadLanded,
  TraceWhat.WriteLanded,
]);

/**
 * Leaves out operations that did nothing to the page, accesses other than the one that broke the
 * rule, and lanes that have nothing to do with it.
 */
function withoutNoise(entries: readonly TraceEntry[]): TraceEntry[] {
  const kept: TraceEntry[] = [];
  const lanes = lanesOf(entries);
  const breaking = accessOf(entries);
  /** An operation that has done nothing to the page yet. */
  let begun: TraceEntry | null = null;
  for (const entry of entries) {
    if (entry.what === TraceWhat.Violation && entry !== entries.at(-1)) continue;
    if (entry.what === TraceWhat.OperationBegin) {
      begun = entry;
    } else if (entry.what === TraceWhat.OperationEnd) {
      if (begun === null) kept.push(entry);
      begun = null;
    } else if (ACCESSES.has(entry.what) ? breaking.has(entry) : concerns(entry, lanes)) {
      if (begun !== null && isOfProgram(entry)) {
        kept.push(begun);
        begun = null;
      }
      kept.push(entry);
    }
  }
  return fromFetch(kept.sort((a, b) => a.timeNs - b.timeNs));
}

/** What happened since the translation was asked for that the access used. */
function fromFetch(entries: readonly TraceEntry[]): TraceEntry[] {
  const fetching = fetchOf(entries);
  if (fetching === undefined) return [...entries];
  const answered = entries.indexOf(fetching);
  const asked = entries.findLastIndex(
    (entry, at) =>
      at < answered && entry.what === TraceWhat.Asked && laneOf(entry) === laneOf(fetching),
  );
  return entries.slice(Math.max(asked, 0));
}

const isOfProgram = ({ what }: TraceEntry): boolean => what < TraceWhat.Hit;

/** An entry about a lane is of interest if the lane is; one about no page is not. */
function concerns(entry: TraceEntry, lanes: ReadonlySet<string>): boolean {
  const { what } = entry;
  if (what === TraceWhat.WaitGivenUp) return true;
  if (entry.pages === 0) return false;
  const isOfLane =
    what === TraceWhat.Hit ||
    what === TraceWhat.Walked ||
    what === TraceWhat.WalkDiscarded ||
    (what >= TraceWhat.Asked && what <= TraceWhat.Stopped);
  return !isOfLane || lanes.has(laneOf(entry));
}

const laneOf = ({ unit, index }: TraceEntry): string => `${unit}/${index}`;

/** The lane that broke the rule, and the one that fetched the translation it used. */
function lanesOf(entries: readonly TraceEntry[]): ReadonlySet<string> {
  const last = entries.at(-2);
  const lanes = [last, fetchOf(entries)].filter((entry) => entry !== undefined);
  return new Set(lanes.map(laneOf));
}

/** The answer that brought the translation which the breaking access used. */
function fetchOf(entries: readonly TraceEntry[]): TraceEntry | undefined {
  const last = entries.at(-2);
  if (last === undefined || !ACCESSES.has(last.what)) return undefined;
  return entries.findLast(
    ({ what, unit, detail }) =>
      what === TraceWhat.Answered && unit === last.unit && detail === last.detail,
  );
}

/** The access that the last entry judges, from its issue on. */
function accessOf(entries: readonly TraceEntry[]): ReadonlySet<TraceEntry> {
  const landed = entries.at(-2);
  if (landed === undefined || !ACCESSES.has(landed.what)) return new Set();
  const issued = entries.findLast(
    (entry) =>
      (entry.what === TraceWhat.ReadIssued || entry.what === TraceWhat.WriteIssued) &&
      laneOf(entry) === laneOf(landed),
  );
  return new Set(issued === undefined ? [landed] : [issued, landed]);
}

function row(entry: TraceEntry, devices: readonly string[]): TimelineRow {
  return {
    timeNs: entry.timeNs,
    actor: actorOfEntry(entry, devices),
    text: textOfEntry(entry),
  };
}

const RANKS = ["program", "CPU", "iommu", "handler"];

/** The table; the rule below it. */
export function formatRunTimeline({ rule, atNs, address, rows }: RunTimeline): string {
  const steps = rows.filter(({ actor }) => actor !== "oracle");
  const actors = [...new Set(steps.map(({ actor }) => actor))].filter((one) => one !== GAP);
  actors.sort(byRank);
  const cells = steps.map(({ timeNs, actor, text }) =>
    actor === GAP
      ? ["...", text, ...actors.slice(1).map(() => "")]
      : [String(timeNs), ...actors.map((column) => (column === actor ? text : ""))],
  );
  const table = columns([["ns", ...actors], ...cells]);
  return [
    `the last steps that concern the page at 0x${address.toString(16)}`,
    ...table,
    "",
    `rule:  ${PROPERTIES[rule].rule}`,
    `       ${rule}, violated at ${atNs} ns`,
  ].join("\n");
}

function byRank(a: string, b: string): number {
  const rank = (actor: string): number => {
    const at = RANKS.indexOf(actor.split(" ")[0]!);
    return at < 0 ? RANKS.length : at;
  };
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

/**
 * Question 7: the alternatives side by side.
 *
 * Figures that rank drivers are per range pair and on one kernel, since versions of Linux differ in
 * how many pairs they open.
 */
import {
  listOf,
  say,
  type Answer,
  type Bar,
  type Cell,
  type Column,
  type Exhibit,
  type Piece,
} from "../answer.js";
import type { StudyData } from "../data.js";
import {
  brokenIn,
  headOf,
  kernelsDiffer,
  number,
  ofCommonKernel,
  ofProtocol,
  time,
  type Cited,
} from "../evidence.js";
import { duration, grouped, listed, percent, rounded } from "../numbers.js";
import { ALTERNATIVES, COMMON_ERA, EXPLORED_LIMIT, STUDIED, type StudyProtocol } from "../plan.js";
import { SAFETY, violations } from "../verdicts.js";
import { inCalls, inHandlers } from "./costs.js";
import { perPair } from "./faults.js";
import { stalledPerPair, stallShare } from "./storm.js";

const PAGE_KIB = 4;

export function answerAlternatives(data: StudyData): Answer {
  const safe = safeOnes(data);
  return {
    number: 7,
    question: "How do the alternatives compare: safety, faults, cost, memory held?",
    short: `No violation and no failure, in exploration and in the run: ${listed(safe) || "none"}. Of these, per range pair and all on Linux ${COMMON_ERA}, ${leastText(data, safe)}.`,
    paragraph: paragraph(data, safe),
    exhibits: [table(data), commonTable(data), chart(data)],
  };
}

/** Neither exploration of the studied operations nor a run has anything against them. */
function safeOnes(data: StudyData): StudyProtocol[] {
  return ALTERNATIVES.filter(
    (protocol) =>
      violations(data.explored, { protocol, operations: STUDIED }).length === 0 &&
      ofProtocol(data, protocol).run.violations.length === 0 &&
      ofCommonKernel(data, protocol).run.violations.length === 0,
  );
}

/** Time of the program in notifier calls, for each pair that it opened. */
function callsPerPair(cited: Cited): number {
  const { count } = cited.run.times.openPair;
  return count === 0 ? 0 : inCalls(cited) / count;
}

/** On the kernel that all are run on. */
function least(
  data: StudyData,
  among: readonly StudyProtocol[],
  measure: (cited: Cited) => number,
): StudyProtocol | null {
  const ordered = [...among].sort(
    (a, b) => measure(ofCommonKernel(data, a)) - measure(ofCommonKernel(data, b)),
  );
  return ordered[0] ?? null;
}

function leastText(data: StudyData, safe: readonly StudyProtocol[]): string {
  const [cheap, quick] = [least(data, safe, callsPerPair), least(data, safe, stalledPerPair)];
  const calls = `least time of the program in callbacks: ${cheap ?? "none"}`;
  return `${calls}; least stalled lanes: ${quick ?? "none"}`;
}

function paragraph(data: StudyData, safe: readonly StudyProtocol[]): Piece[] {
  const unsafe = ALTERNATIVES.filter((id) => !safe.includes(id));
  return say`Of the alternatives, ${safe.length === 0 ? "none is" : `${listed(safe)} ${safe.length === 1 ? "is" : "are"}`} free of violations and of failures, in the ${STUDIED.length} operations explored and in the runs; served is judged apart, in question 1. ${unsafe.flatMap((id) => faultText(data, id))}${pricesText(data, safe)}${heldText(data)}`;
}

/** What exploration or the run has against an alternative. */
function faultText(data: StudyData, protocol: StudyProtocol): Piece[] {
  const found = violations(data.explored, { protocol, operations: STUDIED });
  const firsts = found.filter(
    ({ property }, at) => found.findIndex((one) => one.property === property) === at,
  );
  const parts = firsts.flatMap((one, at): Piece[] => {
    const steps = { text: `${one.steps} steps`, evidence: one.evidence };
    return say`${at === 0 ? "" : ", "}${one.property} in ${steps} of ${one.operation}`;
  });
  const cited = ofProtocol(data, protocol);
  const count = brokenIn(cited.run, SAFETY);
  const inRun = count === 0 ? [] : say`, and ${number(count, cited)} violations in this run`;
  return say`${protocol} has ${parts.length === 0 ? "nothing against it in exploration" : parts}${inRun}. `;
}

function pricesText(data: StudyData, safe: readonly StudyProtocol[]): Piece[] {
  const [cheap, quick] = [least(data, safe, callsPerPair), least(data, safe, stalledPerPair)];
  if (cheap === null || quick === null) return [];
  const [first, second] = [ofCommonKernel(data, cheap), ofCommonKernel(data, quick)];
  return say`Of those without fault, all on Linux ${COMMON_ERA}, ${cheap} keeps the program in callbacks for the shortest time, ${time(callsPerPair(first), first)} for each range pair that it opens, and ${cheap === quick ? "it" : quick} leaves the lanes without translation for the shortest time, ${time(stalledPerPair(second), second)} for each pair. `;
}

function heldText(data: StudyData): Piece[] {
  const cited = ofProtocol(data, "pinned");
  const { pinnedHighWater, heldHighWater } = cited.run.counts;
  return say`Pinning kept up to ${number(pinnedHighWater, cited)} pages from being moved or reclaimed, and up to ${number(heldHighWater, cited)} pages that the mm had given up already.`;
}

const right = (head: string): Column => ({ head, align: "right" });

function table(data: StudyData): Exhibit {
  return {
    kind: "table",
    title: "The alternatives",
    columns: [
      { head: "protocol" },
      { head: "explored" },
      { head: "Linux" },
      right("broken in the run"),
      right("page requests"),
      right("invalidations"),
      right("waits"),
      right("program in callbacks"),
      right("handlers in callbacks"),
      right("lanes stalled"),
      { head: "memory held" },
    ],
    rows: ALTERNATIVES.map((id) => row(data, id)),
    source: `Explored: ${listed(STUDIED)} with retry limit ${EXPLORED_LIMIT}, every property but served, which question 1 judges apart. Broken in the run: how often a rule was. Counts are exact, times modelled: in callbacks, what notifier calls took of the program's own calls and faults, and of page-request handlers. ${kernelsDiffer("The next table")}`,
  };
}

function row(data: StudyData, protocol: StudyProtocol): (Cell | string)[] {
  const cited = ofProtocol(data, protocol);
  const { counts, era, violations: broken } = cited.run;
  const found = violations(data.explored, { protocol, operations: STUDIED });
  const explored: Cell =
    found.length === 0
      ? { text: "holds", tone: "good" }
      : {
          text: listed([...new Set(found.map(({ property }) => property))]),
          tone: "bad",
          evidence: found[0]!.evidence,
        };
  const inRun = broken.reduce((sum, { count }) => sum + count, 0);
  return [
    headOf(protocol, cited),
    explored,
    era,
    { text: grouped(inRun), tone: inRun === 0 ? "plain" : "bad" },
    grouped(counts.pageRequests),
    grouped(counts.invalidations),
    grouped(counts.completionWaits),
    duration(inCalls(cited)),
    duration(inHandlers(cited)),
    percent(stallShare(data, cited)),
    memoryHeld(data, protocol),
  ];
}

function memoryHeld(data: StudyData, protocol: StudyProtocol): string {
  const { pinnedHighWater, heldHighWater } = ofProtocol(data, protocol).run.counts;
  if (protocol === "pinned") {
    const kib = (pages: number) => `${grouped(pages * PAGE_KIB)} KiB`;
    return `own table, ${kib(pinnedHighWater)} pinned, ${kib(heldHighWater)} given up by the mm`;
  }
  return protocol === "mirror-kvm" ? "own table" : "none";
}

function commonTable(data: StudyData): Exhibit {
  return {
    kind: "table",
    title: `The alternatives on one kernel, Linux ${COMMON_ERA}, per range pair`,
    columns: [
      { head: "protocol" },
      right("range pairs"),
      right("the program's own"),
      right("program in callbacks, per own pair"),
      right("page requests while open, per pair"),
      right("lanes stalled, per pair"),
      right("broken in the run"),
    ],
    rows: ALTERNATIVES.map((id) => commonRow(ofCommonKernel(data, id), id)),
    source: `Here only the driver differs, so this table ranks them. Counts are exact, times modelled. The program's own: the other pairs are of copies that device faults cause. empty-table and invalidate-range were written for older kernels and hear the callbacks that ${COMMON_ERA} has.`,
  };
}

function commonRow(cited: Cited, id: StudyProtocol): (Cell | string)[] {
  const { counts, times, violations: broken } = cited.run;
  const inRun = broken.reduce((sum, { count }) => sum + count, 0);
  return [
    headOf(id, cited),
    grouped(counts.rangeStarts),
    grouped(times.openPair.count),
    duration(callsPerPair(cited)),
    rounded(perPair(cited)),
    duration(stalledPerPair(cited)),
    { text: grouped(inRun), tone: inRun === 0 ? "plain" : "bad" },
  ];
}

const US = 1e3;

function chart(data: StudyData): Exhibit {
  const cases = ALTERNATIVES.map((id) => [id, ofCommonKernel(data, id)] as const);
  const bars = cases.map(([label, cited]): Bar => ({
    label,
    value: callsPerPair(cited) / US,
    evidence: cited.evidence,
  }));
  const shown = cases.map(([id, cited]) => say`${id} ${time(callsPerPair(cited), cited)}`);
  return {
    kind: "chart",
    title: "Time that the program spent in notifier calls, per range pair that it opened",
    description: [...listOf(shown), "."],
    source: `Modelled time, all on Linux ${COMMON_ERA}.`,
    chart: { form: "bars", series: "stacked", bars, valueLabel: "microseconds", scale: "linear" },
  };
}

/** Question 7: the alternatives side by side. */
import { say, type Answer, type Bar, type Cell, type Exhibit, type Piece } from "../answer.js";
import type { StudyData } from "../data.js";
import { brokenIn, number, ofProtocol, time, type Cited } from "../evidence.js";
import { duration, grouped, listed, percent } from "../numbers.js";
import { ALTERNATIVES, EXPLORED_LIMIT, STUDIED, type StudyProtocol } from "../plan.js";
import { SAFETY, violations } from "../verdicts.js";
import { stalled, stallShare } from "./storm.js";

const PAGE_KIB = 4;

export function answerAlternatives(data: StudyData): Answer {
  const safe = safeOnes(data);
  return {
    number: 7,
    question: "How do the alternatives compare: safety, faults, cost, memory held?",
    short: `No violation and no failure, in exploration and in the run: ${listed(safe) || "none"}. Least time in callbacks: ${least(data, safe, callbackNs) ?? "none"}; least stalled lanes: ${least(data, safe, (cited) => stalled(cited)) ?? "none"}.`,
    paragraph: paragraph(data, safe),
    exhibits: [table(data), chart(data)],
  };
}

/** Neither exploration of the studied operations nor the run has anything against them. */
function safeOnes(data: StudyData): StudyProtocol[] {
  return ALTERNATIVES.filter(
    (protocol) =>
      violations(data.explored, { protocol, operations: STUDIED }).length === 0 &&
      ofProtocol(data, protocol).run.violations.length === 0,
  );
}

/** Time that the program spent in notifier callbacks. */
function callbackNs({ run }: Cited): number {
  return run.times.notifierTime.sumNs;
}

function least(
  data: StudyData,
  among: readonly StudyProtocol[],
  measure: (cited: Cited) => number,
): StudyProtocol | null {
  const ordered = [...among].sort(
    (a, b) => measure(ofProtocol(data, a)) - measure(ofProtocol(data, b)),
  );
  return ordered[0] ?? null;
}

function paragraph(data: StudyData, safe: readonly StudyProtocol[]): Piece[] {
  const unsafe = ALTERNATIVES.filter((id) => !safe.includes(id));
  return say`Of the alternatives, ${safe.length === 0 ? "none is" : `${listed(safe)} ${safe.length === 1 ? "is" : "are"}`} free of violations and of failures, in the ${STUDIED.length} operations explored and in this run. ${unsafe.flatMap((id) => faultText(data, id))}${pricesText(data, safe)}${heldText(data)}`;
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
  const [cheap, quick] = [least(data, safe, callbackNs), least(data, safe, (one) => stalled(one))];
  if (cheap === null || quick === null) return [];
  const [first, second] = [ofProtocol(data, cheap), ofProtocol(data, quick)];
  return say`Of those without fault ${cheap} keeps the program in callbacks for the shortest time, ${time(callbackNs(first), first)} in all, and ${quick} leaves the lanes without translation for the shortest time, ${time(stalled(second), second)}. `;
}

function heldText(data: StudyData): Piece[] {
  const cited = ofProtocol(data, "pinned");
  const { pinnedHighWater, heldHighWater } = cited.run.counts;
  return say`Pinning kept up to ${number(pinnedHighWater, cited)} pages from being moved or reclaimed, and up to ${number(heldHighWater, cited)} pages that the mm had given up already.`;
}

function table(data: StudyData): Exhibit {
  const right = (head: string) => ({ head, align: "right" as const });
  return {
    kind: "table",
    title: "The alternatives",
    columns: [
      { head: "protocol" },
      { head: "Linux" },
      { head: "explored" },
      right("violations in the run"),
      right("page requests"),
      right("in an open pair"),
      right("invalidations"),
      right("waits"),
      right("in callbacks"),
      right("per call"),
      right("lanes stalled"),
      { head: "memory held" },
    ],
    rows: ALTERNATIVES.map((id) => row(data, id)),
    source: `Explored: ${STUDIED.length} operations, retry limit ${EXPLORED_LIMIT}, all properties. Counts are exact, times modelled; in callbacks: time that the program spent in notifier calls.`,
  };
}

function row(data: StudyData, protocol: StudyProtocol): (Cell | string)[] {
  const cited = ofProtocol(data, protocol);
  const { counts, times, era, violations: broken } = cited.run;
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
  const calls = times.notifierTime.count;
  return [
    protocol,
    era,
    explored,
    { text: grouped(inRun), tone: inRun === 0 ? "plain" : "bad" },
    grouped(counts.pageRequests),
    grouped(counts.pageRequestsInOpenPair),
    grouped(counts.invalidations),
    grouped(counts.completionWaits),
    duration(callbackNs(cited)),
    duration(calls === 0 ? 0 : callbackNs(cited) / calls),
    { text: percent(stallShare(data, cited)), evidence: cited.evidence },
    memoryHeld(data, protocol),
  ];
}

function memoryHeld(data: StudyData, protocol: StudyProtocol): string {
  const { pinnedHighWater, heldHighWater } = ofProtocol(data, protocol).run.counts;
  if (protocol === "pinned") {
    const kib = (pages: number) => `${grouped(pages * PAGE_KIB)} KiB`;
    return `a table of its own, ${kib(pinnedHighWater)} pinned, ${kib(heldHighWater)} given up by the mm`;
  }
  return protocol === "mirror-kvm" ? "a table of its own" : "none";
}

const MS = 1e6;

function chart(data: StudyData): Exhibit {
  const bars = ALTERNATIVES.map((id): Bar => {
    const cited = ofProtocol(data, id);
    return { label: id, value: callbackNs(cited) / MS, evidence: cited.evidence };
  });
  const shown = ALTERNATIVES.map((id) => `${id} ${duration(callbackNs(ofProtocol(data, id)))}`);
  return {
    kind: "chart",
    title: "Time that the program spent in notifier calls",
    description: `${listed(shown)}.`,
    source: "Modelled time of the whole run.",
    chart: { form: "bars", series: "stacked", bars, valueLabel: "milliseconds", scale: "linear" },
  };
}

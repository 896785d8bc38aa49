/** Question 3: the storm of faults, and who pays for it. */
import {
  listOf,
  say,
  type Answer,
  type Bar,
  type Cell,
  type Exhibit,
  type Piece,
} from "../answer.js";
import type { StudyData } from "../data.js";
import {
  headOf,
  kernelsDiffer,
  number,
  ofCommonKernel,
  ofProtocol,
  onItsKernel,
  time,
  type Cited,
} from "../evidence.js";
import { duration, grouped, percent } from "../numbers.js";
import { COMMON_ERA, PROTOCOLS } from "../plan.js";

export function answerStorm(data: StudyData): Answer {
  const [empty, flush] = [ofProtocol(data, "empty-table"), ofProtocol(data, "secondary-flush")];
  return {
    number: 3,
    question: "What does the storm of faults cost, also for threads that touch other memory?",
    short: `${onItsKernel(empty)}: ${grouped(empty.run.counts.pageRequests)} page requests, ${grouped(empty.run.counts.interrupts)} interrupts, lanes without translation for ${duration(stalled(empty))}, ${duration(outside(empty))} of it for other memory; ${onItsKernel(flush)}: ${duration(stalled(flush))}. Per range pair: ${duration(stalledPerPair(empty))} and ${duration(stalledPerPair(flush))}.`,
    paragraph: paragraph(data, empty, flush),
    exhibits: [table(data), chart(data)],
  };
}

/** Time that lanes had no translation, added up over the lanes. */
export function stalled({ run }: Cited): number {
  return run.times.laneStall.sumNs;
}

/** All pairs count, since each invalidates, whoever has opened it. */
export function stalledPerPair(cited: Cited): number {
  const { rangeStarts } = cited.run.counts;
  return rangeStarts === 0 ? 0 : stalled(cited) / rangeStarts;
}

export function outside({ run }: Cited): number {
  return run.times.laneStallOutside.sumNs;
}

/** The share of the lanes' time in which they had no translation. */
export function stallShare(data: StudyData, cited: Cited): number {
  const lanes = data.base.resolved.devices[0]?.lanes ?? 1;
  return stalled(cited) / (lanes * cited.run.simulatedNs);
}

function paragraph(data: StudyData, empty: Cited, flush: Cited): Piece[] {
  const { counts } = empty.run;
  const common = ofCommonKernel(data, "empty-table");
  const { pageRequestLogEntries } = data.base.resolved.iommu;
  const { counts: other } = flush.run;
  return say`The handler of the empty table resolves the fault in the mm and answers SUCCESS while the empty table is still in place, so the device walks it again and asks again: ${number(counts.refusals, empty)} of ${number(counts.pageRequests, empty)} page requests were followed by such a refusal, one request up to ${number(counts.refusalsHighWater, empty)} times in a row. That took ${number(counts.interrupts, empty)} interrupts and ${number(counts.workerWakeUps, empty)} wake-ups of workers; the log held up to ${number(counts.pageRequestLogHighWater, empty)} of its ${pageRequestLogEntries} entries${capped(empty)}, and workers waited ${number(counts.mmapLockWaits, empty)} times for mmap_lock, which the program held. Lanes were without translation for ${time(stalled(empty), empty)} in all, ${time(outside(empty), empty)} of it in stalls for pages outside of every open range. With secondary-flush, on Linux ${COMMON_ERA}, the same program causes ${number(other.pageRequests, flush)} page requests, ${number(other.interrupts, flush)} interrupts and ${time(stalled(flush), flush)} without translation, ${time(outside(flush), flush)} of it for other pages. Per range pair, of whatever kernel, lanes stall for ${time(stalledPerPair(empty), empty)} with empty-table and for ${time(stalledPerPair(flush), flush)} with secondary-flush; with empty-table on Linux ${COMMON_ERA} too, for ${time(stalledPerPair(common), common)}. ${ownTables(data)}`;
}

/** Drivers that fill a table of their own: not all of their faults are of a storm. */
function ownTables(data: StudyData): Piece[] {
  const [mirror, pinned] = [ofProtocol(data, "mirror-kvm"), ofProtocol(data, "pinned")];
  const open = ({ run }: Cited) => run.counts.pageRequestsInOpenPair;
  return say`mirror-kvm and pinned start with an empty table of their own and fault each page in before its first use: of their ${number(mirror.run.counts.pageRequests, mirror)} and ${number(pinned.run.counts.pageRequests, pinned)} page requests only ${number(open(mirror), mirror)} and ${number(open(pinned), pinned)} fell into an open pair, and what they stall per pair includes the filling of that table.`;
}

/** What kept the log from filling up, if it was the device's credits. */
function capped({ run: { counts } }: Cited): Piece[] {
  const { creditHighWater, pageRequestLogHighWater, creditWaits } = counts;
  if (pageRequestLogHighWater < creditHighWater || creditWaits === 0) return [];
  return [
    `, as many as the device has credits, for which its lanes waited ${grouped(creditWaits)} times`,
  ];
}

function table(data: StudyData): Exhibit {
  const right = (head: string) => ({ head, align: "right" as const });
  return {
    kind: "table",
    title: "Faults of the device and what they set in motion, by protocol",
    columns: [
      { head: "protocol" },
      { head: "Linux" },
      right("page requests"),
      right("refused"),
      right("interrupts"),
      right("most in the log"),
      right("mmap_lock waits"),
      right("fault, p50"),
      right("p99"),
      right("without translation"),
      right("for other pages"),
      right("of lane time"),
      right("per pair"),
    ],
    rows: PROTOCOLS.map(({ id }) => row(data, ofProtocol(data, id), id)),
    source: `Counts are exact. Times are modelled: added up over all lanes; for other pages: stalls in which a page outside of every open range was requested; per pair: without translation, for each range pair. ${kernelsDiffer()}`,
  };
}

function row(data: StudyData, cited: Cited, id: string): (Cell | string)[] {
  const { counts, times } = cited.run;
  return [
    headOf(id, cited),
    cited.run.era,
    grouped(counts.pageRequests),
    grouped(counts.refusals),
    grouped(counts.interrupts),
    grouped(counts.pageRequestLogHighWater),
    grouped(counts.mmapLockWaits),
    duration(times.faultLatency.p50Ns),
    duration(times.faultLatency.p99Ns),
    duration(stalled(cited)),
    duration(outside(cited)),
    percent(stallShare(data, cited)),
    duration(stalledPerPair(cited)),
  ];
}

const MS = 1e6;

function chart(data: StudyData): Exhibit {
  const bars = PROTOCOLS.flatMap(({ id }): Bar[] => {
    const cited = ofProtocol(data, id);
    const { evidence } = cited;
    const inside = stalled(cited) - outside(cited);
    return [
      { label: id, series: "other stalls", value: inside / MS, evidence },
      {
        label: id,
        series: "page outside of every open range",
        value: outside(cited) / MS,
        evidence,
      },
    ];
  });
  const shown = PROTOCOLS.map(({ id }) => {
    const cited = ofProtocol(data, id);
    return say`${id} ${time(stalled(cited), cited)} (${duration(outside(cited))} outside)`;
  });
  return {
    kind: "chart",
    title: "Time of lanes without translation",
    description: [...listOf(shown), "."],
    source: `Modelled time, added up over all lanes. ${kernelsDiffer()}`,
    chart: {
      form: "bars",
      series: "stacked",
      bars,
      valueLabel: "milliseconds of all lanes",
      scale: "linear",
    },
  };
}

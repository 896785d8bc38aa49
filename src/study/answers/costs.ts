/** Question 6: what the callback costs the hot paths of an mm that has notifiers. */
import { calibration } from "../../costs/calibrated.js";
import { MEASURED_ON, ONE_CPU } from "../../costs/measured.js";
import { say, type Answer, type Cell, type Column, type Exhibit, type Piece } from "../answer.js";
import type { StudyData } from "../data.js";
import {
  headOf,
  kernelsDiffer,
  number,
  ofOperation,
  ofProtocol,
  ofState,
  time,
  type Cited,
} from "../evidence.js";
import { duration, grouped, percent, rounded } from "../numbers.js";
import { OPERATION_PAGES, OPERATION_REPEATS } from "../plan.js";
import { calibrationChart, comparisonTable, priceTable } from "./calibration.js";

export function answerCosts(data: StudyData): Answer {
  const [nobody, with_] = [ofState(data, "not-implementing"), ofProtocol(data, "secondary-flush")];
  return {
    number: 6,
    question: "What does the callback cost the hot paths of an mm that has notifiers?",
    short: `Per call or fault of the program: ${duration(perWork(nobody, inCalls(nobody)))} for a list on which nobody implements it, ${duration(perWork(with_, inCalls(with_)))} with secondary-flush and a device. Calibrated with a residual of ${percent(calibration().residual)}.`,
    paragraph: paragraph(data),
    exhibits: [
      stateTable(data),
      operationTable(data),
      comparisonTable(),
      calibrationChart(),
      priceTable(),
    ],
  };
}

/** Calls and faults of the program: what its hot paths do. */
function work({ run: { counts } }: Cited): number {
  return counts.operations + counts.pageFaults;
}

function perWork(cited: Cited, value: number): number {
  return work(cited) === 0 ? 0 : value / work(cited);
}

/** Of the time of the program's own calls and faults, what notifier calls took. */
export function inCalls({ run }: Cited): number {
  return run.times.notifierTime.sumNs;
}

/** What notifier calls took in page-request handlers, for copies that the device caused. */
export function inHandlers({ run }: Cited): number {
  return run.times.handlerNotifierTime.sumNs;
}

function paragraph(data: StudyData): Piece[] {
  const [none, flag, nobody, callback] = (
    ["none", "short-circuit", "not-implementing", "implementing"] as const
  ).map((state) => ofState(data, state)) as [Cited, Cited, Cited, Cited];
  const device = ofProtocol(data, "secondary-flush");
  const { counts } = device.run;
  return say`The program made ${number(work(none), none)} calls and faults that its mm had to serve. Without a notifier, ${time(inCalls(none), none)} of their time went into notifier calls. A registered notifier that does not implement the callback made ${number(nobody.run.counts.notifierWalksForNothing, nobody)} list walks that found nobody: ${time(perWork(nobody, inCalls(nobody)), nobody)} per call or fault. A flag of the mm in their place takes ${time(perWork(flag, inCalls(flag)), flag)}. Implementing it takes ${time(perWork(callback, inCalls(callback)), callback)} without a device; with one, ${time(perWork(device, inCalls(device)), device)}: ${number(counts.notifierCalls, device)} calls, ${number(counts.notifierWalksForNothing, device)} walks that found nobody, ${number(counts.ipisSent, device)} IPIs, ${number(counts.invalidationCommands, device)} commands and ${number(counts.completionWaits, device)} waits for their completion. Those counts include copies that the device's own faults caused; they took the handlers ${time(inHandlers(device), device)} in notifier calls, which is no time of the program and in none of the figures before. ${measuredText()}`;
}

/** What a real kernel says to it. */
function measuredText(): string {
  const row = ONE_CPU.find(({ operation, pages }) => operation === "munmap" && pages === 1)!;
  const [none, bare, slot] = [row.none[0], row.bare[0], row.slot[0]];
  return `On a real kernel (${MEASURED_ON}) munmap of one page took ${none} us without a notifier, ${bare} us with one that found nothing to do and ${slot} us with one that had work, a factor of ${rounded(bare / none)} and ${rounded(slot / none)}. The model's prices for the CPU are fitted to ${calibration().cells.length} such cells; the relative error that is left is ${percent(calibration().residual)} (root mean square), and ${percent(calibration().withinQuartiles)} of the cells lie between the measured quartiles.`;
}

const right = (head: string): Column => ({ head, align: "right" });

function stateTable(data: StudyData): Exhibit {
  const rows: [string, Cited][] = [
    ["no notifier", ofState(data, "none")],
    ["nobody implements it, short-circuit", ofState(data, "short-circuit")],
    ["nobody implements it", ofState(data, "not-implementing")],
    ["secondary-flush, no device", ofState(data, "implementing")],
    ["secondary-flush and a device", ofProtocol(data, "secondary-flush")],
    ["empty-table and a device", ofProtocol(data, "empty-table")],
  ];
  return {
    kind: "table",
    title: "The recorded program, by what is on the notifier list of its mm",
    columns: [
      { head: "notifier list" },
      right("calls and faults"),
      right("notifier calls"),
      right("walks that found nobody"),
      right("local flushes"),
      right("IPIs"),
      right("commands"),
      right("waits"),
      right("in notifier calls, each"),
      right("whole, each"),
      right("handlers in notifier calls"),
    ],
    rows: rows.map(([label, cited]) => stateRow(label, cited)),
    source: `Counts are exact. Times are modelled, priced as below: each, per call or fault of the program, whole with its notifier calls; handlers, in all, for pages that the mm copies because the device faults. Those copies are in the counts, and not in the program's time. ${kernelsDiffer()}`,
  };
}

function stateRow(label: string, cited: Cited): (Cell | string)[] {
  const { counts, times } = cited.run;
  return [
    headOf(label, cited),
    grouped(work(cited)),
    grouped(counts.notifierCalls),
    grouped(counts.notifierWalksForNothing),
    grouped(counts.cpuFlushesLocal),
    grouped(counts.ipisSent),
    grouped(counts.invalidationCommands),
    grouped(counts.completionWaits),
    duration(perWork(cited, inCalls(cited))),
    duration(perWork(cited, times.operationTime.sumNs)),
    duration(inHandlers(cited)),
  ];
}

function operationTable({ operations }: StudyData): Exhibit {
  const each = (value: number) => rounded(value / OPERATION_REPEATS);
  const rows = operations.flatMap((operation) =>
    (["secondaryFlush", "emptyTable"] as const).map((driver): (Cell | string)[] => {
      const cited = ofOperation(operation, driver);
      const { counts } = cited.run;
      return [
        operation.kind,
        headOf(cited.run.protocol, cited),
        cited.run.era,
        each(counts.rangeStarts),
        each(counts.notifierCalls),
        each(counts.notifierWalksForNothing),
        each(counts.cpuFlushesLocal),
        each(counts.ipisSent),
        each(counts.invalidationCommands),
        each(counts.completionWaits),
        duration(inCalls(cited) / OPERATION_REPEATS),
        duration(inHandlers(cited) / OPERATION_REPEATS),
      ];
    }),
  );
  return {
    kind: "table",
    title: `By operation: ${OPERATION_PAGES} pages that a device writes to`,
    columns: [
      { head: "operation" },
      { head: "protocol" },
      { head: "Linux" },
      right("range pairs"),
      right("notifier calls"),
      right("found nobody"),
      right("local flushes"),
      right("IPIs"),
      right("commands"),
      right("waits"),
      right("program in notifier calls"),
      right("handlers in notifier calls"),
    ],
    rows,
    source: `Exact counts and modelled time, divided by ${OPERATION_REPEATS} repetitions. fork includes the copy of each page; mprotect goes to read-only and back. One CPU runs the program, so there is nobody to send an IPI to. The kernels differ; so do the ranges that they open and flush.`,
  };
}

/** Question 2: what causes faults while a range is being invalidated, and how many. */
import { listOf, say, type Answer, type Exhibit, type Piece } from "../answer.js";
import type { OperationRuns, StudyData } from "../data.js";
import {
  headOf,
  kernelsDiffer,
  number,
  ofCommonKernel,
  ofOperation,
  ofProtocol,
  onItsKernel,
  ratio,
  type Cited,
} from "../evidence.js";
import { grouped, percent, rounded } from "../numbers.js";
import { COMMON_ERA, OPERATION_PAGES, OPERATION_REPEATS, PROTOCOLS } from "../plan.js";

export function answerFaults(data: StudyData): Answer {
  const [empty, flush] = [ofProtocol(data, "empty-table"), ofProtocol(data, "secondary-flush")];
  const common = ofCommonKernel(data, "empty-table");
  return {
    number: 2,
    question:
      "What causes faults while a range is being invalidated, and how many are there per invalidation?",
    short: `${rounded(perPair(empty))} page requests per range pair with ${onItsKernel(empty)}, ${rounded(perPair(common))} with it on Linux ${COMMON_ERA}; ${rounded(perPair(flush))} with ${onItsKernel(flush)}.`,
    paragraph: paragraph(data, empty, flush),
    exhibits: [protocolTable(data), operationChart(data)],
  };
}

/** Page requests that were sent while a pair was open, for each pair. */
export function perPair({ run }: Cited): number {
  const { pageRequestsInOpenPair, rangeStarts } = run.counts;
  return rangeStarts === 0 ? 0 : pageRequestsInOpenPair / rangeStarts;
}

function outsideShare({ run }: Cited): number {
  const { pageRequestsInOpenPair, pageRequestsOutsideRange } = run.counts;
  return pageRequestsInOpenPair === 0 ? 0 : pageRequestsOutsideRange / pageRequestsInOpenPair;
}

function paragraph(data: StudyData, empty: Cited, flush: Cited): Piece[] {
  const { operations, pageFaults } = empty.run.counts;
  return say`The program changes its memory while the device works on it: its calls unmap and protect, its forks write-protect, and each first write afterwards, by the program or by the device, copies a page. Here ${number(operations, empty)} calls and ${number(pageFaults, empty)} faults of the program, and the copies that the device caused, opened ${number(empty.run.counts.rangeStarts, empty)} range pairs. With empty-table the device has no table at all meanwhile, so whatever it touches and its ATC does not hold faults: ${pairs(empty)}. With secondary-flush only what the table does not grant faults, as at any other time: ${pairs(flush)}. The kernels are not the same; on Linux ${COMMON_ERA} empty-table meets ${pairs(ofCommonKernel(data, "empty-table"))}. One operation alone, on ${OPERATION_PAGES} pages and with empty-table, meets ${alone(data)}.`;
}

function pairs(cited: Cited): Piece[] {
  const { pageRequestsInOpenPair, rangeStarts } = cited.run.counts;
  const share = { text: percent(outsideShare(cited)), evidence: cited.evidence };
  return say`${number(pageRequestsInOpenPair, cited)} page requests in ${number(rangeStarts, cited)} pairs, ${ratio(perPair(cited), cited)} per pair, ${share} of them for pages outside of every open range`;
}

function alone({ operations }: StudyData): Piece[] {
  return operations.flatMap((operation, at) => {
    const cited = ofOperation(operation, "emptyTable");
    const mark = at === 0 ? "" : at === operations.length - 1 ? " and " : ", ";
    return say`${mark}${ratio(perPair(cited), cited)} page requests per pair of ${operationName(operation)}`;
  });
}

const DRIVERS = ["emptyTable", "secondaryFlush"] as const;

function operationName({ kind }: OperationRuns): string {
  return kind === "fork" ? "fork and copies" : kind;
}

function protocolTable(data: StudyData): Exhibit {
  const right = (head: string) => ({ head, align: "right" as const });
  return {
    kind: "table",
    title: "Page requests while a range pair is open, by protocol",
    columns: [
      { head: "protocol" },
      { head: "Linux" },
      right("range pairs"),
      right("page requests"),
      right("in an open pair"),
      right("outside its range"),
      right("per pair"),
    ],
    rows: PROTOCOLS.map(({ id }) => {
      const cited = ofProtocol(data, id);
      const { counts } = cited.run;
      return [
        headOf(id, cited),
        cited.run.era,
        grouped(counts.rangeStarts),
        grouped(counts.pageRequests),
        grouped(counts.pageRequestsInOpenPair),
        grouped(counts.pageRequestsOutsideRange),
        rounded(perPair(cited)),
      ];
    }),
    source: `Exact counts. The numbers of pairs differ because a device that faults on a shared page makes the mm copy it, which opens a pair of its own; compare them per pair. ${kernelsDiffer()}`,
  };
}

function operationChart({ operations }: StudyData): Exhibit {
  const bars = operations.flatMap((operation) =>
    DRIVERS.map((driver) => {
      const cited = ofOperation(operation, driver);
      return {
        label: operationName(operation),
        series: cited.run.protocol,
        value: perPair(cited),
        evidence: cited.evidence,
      };
    }),
  );
  const shown = operations.flatMap((operation) =>
    DRIVERS.map((driver) => {
      const cited = ofOperation(operation, driver);
      return say`${operationName(operation)} with ${onItsKernel(cited)}: ${ratio(perPair(cited), cited)}`;
    }),
  );
  return {
    kind: "chart",
    title: "Page requests per range pair, one kind of operation alone",
    description: [...listOf(shown), "."],
    source: `Exact counts: ${OPERATION_REPEATS} operations on ${OPERATION_PAGES} pages that a device writes to all the time.`,
    chart: {
      form: "bars",
      series: "grouped",
      bars,
      valueLabel: "page requests per pair",
      scale: "log",
    },
  };
}

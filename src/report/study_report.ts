/** The report of a study. */
import { stringify } from "yaml";
import { calibration, calibratedCosts } from "../costs/calibrated.js";
import { CALIBRATED_LATENCIES } from "../costs/latencies.js";
import { formatSetting } from "../scenario/describe.js";
import { GRADES, type Grade, type Setting } from "../scenario/index.js";
import { MEASURED_ON } from "../costs/measured.js";
import type { Cell, TableExhibit } from "../study/answer.js";
import type { StudyData } from "../study/data.js";
import {
  agreement,
  answers,
  digestOf,
  summary,
  type Finding,
  type SummaryRow,
} from "../study/index.js";
import { counted, duration, grouped, listed, percent, rounded } from "../study/numbers.js";
import { kernelsDiffer } from "../study/evidence.js";
import { EXPLORED_LIMIT, PATIENT, PROTOCOLS, STATES } from "../study/plan.js";
import type { Report, ReportDigest, ReportParameter } from "./report.js";

export interface StudyReportOptions {
  readonly version: string;
  /** How tokens are repeated, such as `tlbstorm token`. */
  readonly tokenCommand: string;
}

export function studyReport(data: StudyData, options: StudyReportOptions): Report {
  const parameters = data.base.settings.map(parameterOf);
  return {
    title: "Do the notifier callbacks suit a TLB outside the CPU?",
    introduction: [...introduction(data), ...warning(data)],
    summary: summaryTable(data),
    answers: answers(data),
    scenario: stringify(data.scenario),
    digests: digests(data),
    versions: [
      ["tlbstorm", options.version],
      ["recording", `${data.recording}: ${data.program}`],
      ["seed", data.seed],
      ["digest of all runs", digestOf(data)],
    ],
    exact: EXACT,
    modelled: MODELLED,
    parameters,
    grades: GRADE_NAMES.filter((name) => parameters.some(({ grade }) => grade === name)).map(
      (name) => [name, GRADES[name]],
    ),
    tokenCommand: options.tokenCommand,
  };
}

const GRADE_NAMES = Object.keys(GRADES) as Grade[];

function introduction({ program, facts, speed, base }: StudyData): string[] {
  const { calls, faults, forks, protectionFaults, events } = facts;
  const [device] = base.resolved.devices;
  return [
    `In 2014 the mmu_notifier interface was asked seven questions about devices that walk the page table of a process by themselves. Here they are put to a model of the mm, of an IOMMU and of such a device, and answered with the figures of one set of runs.`,
    `The program was recorded on a real kernel (${program}): ${grouped(events)} events, among them ${counted(calls, "system call")}, ${counted(faults, "page fault")}, ${grouped(protectionFaults)} of these by writes to present pages, and ${counted(forks, "fork")}. Its calls and faults drive the mm, ${speed} times faster than recorded, while a GPU-like device of ${device?.lanes ?? 0} lanes works on the same memory, once for each of ${PROTOCOLS.length} driver protocols. Besides, every interleaving of small worlds is explored.`,
    `Each figure can be repeated: a number in brackets, behind it or behind the name of its row, leads to the token of its run or counterexample, at the end. Counts are exact, times are modelled; the section before the tokens says from what.`,
  ];
}

/** Says so if runs and exploration do not agree. */
function warning(data: StudyData): string[] {
  const { disagreements, notExplored } = agreement(data);
  const warnings: string[] = [];
  if (disagreements.length > 0) {
    warnings.push(
      `Runs show what exploration excludes for the same operation: ${casesOf(disagreements)}. One of the two models is wrong.`,
    );
  }
  if (notExplored.length > 0) {
    warnings.push(
      `Not explored: ${casesOf(notExplored)}. Exploration has no world for these operations; explored ones break the same rules under the same protocols, so no verdict is contradicted.`,
    );
  }
  return warnings;
}

function casesOf(findings: readonly Finding[]): string {
  const cases = findings.map(({ protocol, property, operation }) =>
    [property, ...(operation === null ? [] : [`by ${operation}`]), `under ${protocol}`].join(" "),
  );
  return listed([...new Set(cases)]);
}

function summaryTable(data: StudyData): TableExhibit {
  const right = (head: string) => ({ head, align: "right" as const });
  return {
    kind: "table",
    title: "In short",
    columns: [
      { head: "protocol" },
      { head: "explored" },
      { head: "Linux" },
      right("accesses ruled out"),
      right("page requests"),
      right("per open pair"),
      right("lanes stalled"),
      right("in notifier calls"),
    ],
    rows: summary(data).map(summaryRow),
    source: `One run each, with a device that gives up after ${PATIENT} refusals. Accesses ruled out: through translations that the mm had taken back, beyond the allowed window. Explored: what some interleaving of munmap, MADV_DONTNEED, mprotect or fork and copy breaks, with a device that gives up after ${EXPLORED_LIMIT}; served is judged apart, in question 1. In notifier calls: time of the program, without that of page-request handlers. ${kernelsDiffer()}`,
  };
}

function summaryRow(row: SummaryRow): (Cell | string)[] {
  const explored: Cell =
    row.stalled === null
      ? { text: "" }
      : row.explored.length === 0
        ? { text: "holds", tone: "good" }
        : { text: row.explored.join(", "), tone: "bad" };
  return [
    { text: row.label, evidence: row.evidence },
    explored,
    row.era,
    { text: grouped(row.broken), tone: row.broken === 0 ? "plain" : "bad" },
    grouped(row.pageRequests),
    rounded(row.perPair),
    row.stalled === null ? "" : percent(row.stalled),
    duration(row.callsNs),
  ];
}

function digests({
  states,
  protocols,
  onCommonKernel,
  limits,
  operations,
}: StudyData): ReportDigest[] {
  const lines = [
    ...STATES.map((state) => [`no device, notifier list: ${state}`, states.get(state)] as const),
    ...[...protocols].map(([id, run]) => [id, run] as const),
    ...[...onCommonKernel].map(([id, run]) => [`${id} on Linux ${run.era}`, run] as const),
    ...[...limits].map(([limit, run]) => [`empty-table, retry limit ${limit}`, run] as const),
    ...operations.flatMap(({ kind, emptyTable, secondaryFlush }) => [
      [`${kind} alone, empty-table`, emptyTable] as const,
      [`${kind} alone, secondary-flush`, secondaryFlush] as const,
    ]),
  ];
  return lines.flatMap(([label, run]) =>
    run === undefined ? [] : [{ label, digest: run.digest, token: run.token }],
  );
}

const EXACT = [
  "Counts: notifier calls, ranges, flushes, IPIs, commands, waits, faults, refusals, interrupts. They follow from the steps that the model takes and are the same each time.",
  "Verdicts of exploration: every interleaving of the small world was tried. They hold for that world: one device, one page, one operation.",
  "Counterexamples: each is a shortest one, those of served apart; its token repeats it step by step.",
  "Which accesses were ruled out: an oracle that the model cannot ask judges each access when it reaches memory.",
];

const MODELLED = [
  "Times: counts weighed with the latencies below. Compare protocols with each other rather than with a machine of yours.",
  `CPU latencies: fitted to ${calibration().cells.length} cells measured on ${MEASURED_ON}; relative error ${percent(calibration().residual)} (root mean square). A virtual machine makes IPIs and faults dearer than bare metal does.`,
  "IOMMU, link and device latencies: published or assumed, as their grades say.",
  "What the device touches: a recording shows first touches only, so the device picks among the pages that the program touched last.",
  "The limit at which a real GPU gives up was never published; it is a parameter here.",
];

function parameterOf(setting: Setting): ReportParameter {
  const prices = CALIBRATED_LATENCIES.get(setting.path);
  const { path, source, grade } = setting;
  const value = formatSetting(setting);
  if (prices === undefined || grade === "given") return { path, value, source, grade };
  const residual = Math.max(...prices.map((name) => calibratedCosts()[name].residual));
  return { path, value, source: `${source}; residual ${percent(residual)}`, grade };
}

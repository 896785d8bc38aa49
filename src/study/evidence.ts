/** Labels and tokens of runs, and figures that rest on them. */
import type { PropertyId } from "../explore/index.js";
import type { RunResult } from "../run/result.js";
import type { NotifierMode } from "../scenario/index.js";
import type { Cell, Evidence, Figure } from "./answer.js";
import type { OperationRuns, StudyData } from "./data.js";
import { duration, grouped, rounded } from "./numbers.js";
import { COMMON_ERA, OLDER, OPERATION_PAGES, type StudyProtocol } from "./plan.js";

/** A run that an answer speaks of. */
export interface Cited {
  readonly run: RunResult;
  readonly evidence: Evidence;
}

function cite(run: RunResult | undefined, label: string): Cited {
  if (run === undefined) throw new Error(`the study has no run of ${label}`);
  return { run, evidence: { label, token: run.token } };
}

export function ofProtocol({ protocols }: StudyData, id: StudyProtocol): Cited {
  const run = protocols.get(id);
  return cite(run, `${id} on Linux ${run?.era ?? ""}`);
}

/** On the kernel that every protocol is run on. */
export function ofCommonKernel(data: StudyData, id: StudyProtocol): Cited {
  const run = data.onCommonKernel.get(id);
  return run === undefined ? ofProtocol(data, id) : cite(run, `${id} on Linux ${run.era}`);
}

export function ofState({ states }: StudyData, state: NotifierMode): Cited {
  return cite(states.get(state), `no device, notifier list: ${state}`);
}

export function ofLimit({ limits }: StudyData, limit: number): Cited {
  return cite(limits.get(limit), `empty-table on Linux 3.17, retry limit ${limit}`);
}

export function ofOperation(
  operation: OperationRuns,
  driver: "emptyTable" | "secondaryFlush",
): Cited {
  const run = operation[driver];
  return cite(run, `${operation.kind} of ${OPERATION_PAGES} pages, ${run.protocol}`);
}

/** The cell that names what a row is about, with the token of its run. */
export function headOf(text: string, { evidence }: Cited): Cell {
  return { text, evidence };
}

/** `empty-table on Linux 3.17` */
export function onItsKernel({ run }: Cited): string {
  return `${run.protocol} on Linux ${run.era}`;
}

const OLDER_KERNELS = OLDER.map(({ id, era }) => `${id} runs on Linux ${era}`).join(" and ");

/** What to bear in mind wherever protocols stand side by side, and where they do so fairly. */
export function kernelsDiffer(where = "Question 7"): string {
  return `Not one kernel: ${OLDER_KERNELS}, the others on ${COMMON_ERA}; versions of Linux open and flush different ranges, so these differences are not the driver's alone. ${where} has all drivers on ${COMMON_ERA}.`;
}

export function number(value: number, { evidence }: Cited): Figure {
  return { text: grouped(value), evidence };
}

export function ratio(value: number, { evidence }: Cited): Figure {
  return { text: rounded(value), evidence };
}

export function time(ns: number, { evidence }: Cited): Figure {
  return { text: duration(ns), evidence };
}

/** How often a run broke any of the rules. */
export function brokenIn({ violations }: RunResult, rules: readonly PropertyId[]): number {
  return violations.reduce(
    (sum, { rule, count }) => sum + (rules.some((one) => one === rule) ? count : 0),
    0,
  );
}

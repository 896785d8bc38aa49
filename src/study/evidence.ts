/** Labels and tokens of runs, and figures that rest on them. */
import type { PropertyId } from "../explore/index.js";
import type { RunResult } from "../run/result.js";
import type { NotifierMode } from "../scenario/index.js";
import type { Evidence, Figure } from "./answer.js";
import type { OperationRuns, StudyData } from "./data.js";
import { duration, grouped, rounded } from "./numbers.js";
import { OPERATION_PAGES, type StudyProtocol } from "./plan.js";

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

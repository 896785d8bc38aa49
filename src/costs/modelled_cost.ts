/** What an operation of the mm costs the CPU, for each state of the mm's notifier list. */
import { z } from "zod";
import { argumentsOf } from "../scenario/arguments.js";
import { NOTIFIER_MODES, wordsOf, type NotifierMode } from "../scenario/vocabulary.js";
import { costsArgument, countsArgument } from "./arguments.js";
import { priceOf } from "./calibrate.js";
import type { OperationCounts } from "./operation_counts.js";
import type { CostCounts, Costs } from "./parameters.js";

/** Testing a flag of the mm: about one read that hits the cache. An assumption. */
export const FLAG_TEST_US = 0.001;

export interface ModelledCost {
  /** What the operation costs without notifiers. */
  operationUs: number;
  /** What the state of the notifier list adds. */
  notifierUs: number;
  totalUs: number;
}

const checkArguments = argumentsOf("modelledCost", {
  counts: z.strictObject({
    steps: countsArgument,
    flushes: z.int().min(0),
    pairs: z.int().min(0),
  }),
  costs: costsArgument,
  mode: z.enum(wordsOf(NOTIFIER_MODES)),
  others: z.int().min(0),
});

/**
 * The price of a call to the mm, or of a fault; `others` is the number of other CPUs that run the
 * mm.
 *
 * A list on which nobody implements the callback was never measured. It is charged like a callback
 * that finds nothing to do, which is an upper bound: the call itself is left out in reality.
 */
export function modelledCost(
  counts: OperationCounts,
  costs: Costs,
  mode: NotifierMode,
  others = 0,
): ModelledCost {
  checkArguments({ counts, costs, mode, others });
  const operationUs =
    priceOf(counts.steps, costs) + priceOf({ ipi: others * counts.flushes }, costs);
  const notifierUs = priceOf(notifierCounts(mode, counts.pairs), costs) + flagTests(mode, counts);
  return { operationUs, notifierUs, totalUs: operationUs + notifierUs };
}

/** A pair is two calls; only the first has work to do. */
function notifierCounts(mode: NotifierMode, pairs: number): CostCounts {
  switch (mode) {
    case "none":
    case "short-circuit":
      return {};
    case "not-implementing":
      return { notifierCall: 2 * pairs };
    case "implementing":
      return { notifierCall: 2 * pairs, notifierCallback: pairs };
  }
}

function flagTests(mode: NotifierMode, { pairs }: OperationCounts): number {
  return mode === "short-circuit" ? 2 * pairs * FLAG_TEST_US : 0;
}

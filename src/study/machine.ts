/** The CPU of the study: its latencies follow from the calibration, all else is a default. */
import { CALIBRATION } from "../costs/calibrated.js";
import type { CostParameter } from "../costs/parameters.js";
import type { ScenarioInput } from "../scenario/index.js";

/**
 * Which price each latency takes. Changing an entry is charged as mprotect does it: what zapping
 * costs beyond that is the freeing of pages, which happens after the flush.
 */
const LATENCIES = {
  ipi: ["ipi"],
  flushPage: ["flushPage"],
  flushAll: ["flushAll"],
  clearEntry: ["pageProtected"],
  minorFault: ["fault", "pageZeroed"],
  operation: ["mprotect_ro"],
  notifierCall: ["notifierCall"],
  notifierCallback: ["notifierCallback"],
} as const satisfies Record<string, readonly CostParameter[]>;

export type CalibratedLatency = keyof typeof LATENCIES;

/** The prices that make up a latency, by the path of the latency in a scenario. */
export const CALIBRATED_PATHS: ReadonlyMap<string, readonly CostParameter[]> = new Map(
  Object.entries(LATENCIES).map(([name, prices]) => [`machine.latency.${name}`, prices]),
);

export function calibratedMachine(): NonNullable<ScenarioInput["machine"]> {
  const entries = Object.entries(LATENCIES).map(([name, prices]) => [name, `${nsOf(prices)}ns`]);
  return { latency: Object.fromEntries(entries) as Record<CalibratedLatency, string> };
}

function nsOf(prices: readonly CostParameter[]): number {
  return Math.round(prices.reduce((sum, name) => sum + 1000 * CALIBRATION.costs[name], 0));
}

/**
 * Which fitted prices make up the CPU latencies of a scenario. The defaults of scenarios are these
 * figures, written down there with their source.
 *
 * Simplifies: changing an entry is charged as mprotect does it: what zapping costs beyond that is
 *             the freeing of pages, which happens after the flush.
 */
import { calibration } from "./calibrated.js";
import type { CostParameter } from "./parameters.js";

/** By the path of the latency in a scenario. */
export const CALIBRATED_LATENCIES: ReadonlyMap<string, readonly CostParameter[]> = new Map([
  ["machine.latency.ipi", ["ipi"]],
  ["machine.latency.flushPage", ["flushPage"]],
  ["machine.latency.flushAll", ["flushAll"]],
  ["machine.latency.clearEntry", ["pageProtected"]],
  ["machine.latency.minorFault", ["fault", "pageZeroed"]],
  ["machine.latency.operation", ["mprotect_ro"]],
  ["machine.latency.notifierCall", ["notifierCall"]],
  ["machine.latency.notifierCallback", ["notifierCallback"]],
]);

/** The sum of prices in whole nanoseconds. */
export function latencyNs(prices: readonly CostParameter[]): number {
  return Math.round(prices.reduce((sum, name) => sum + 1000 * calibration().costs[name], 0));
}

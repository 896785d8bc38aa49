/** Distributions of latencies, tabled as quantiles that the core draws from. */
import { probit } from "simple-statistics";
import type { Latency } from "../scenario/schema.js";

/** Values a table has: as many as LATENCY_DRAWS in the core. */
export const LATENCY_DRAWS = 32;

/** The standard normal quantile of 0.99, by the same approximation as every other. */
const Z_99 = probit(0.99);

/** The middle of each of 32 equally likely parts of a distribution, in whole nanoseconds. */
export function tableOf(latency: Latency): number[] {
  return Array.from({ length: LATENCY_DRAWS }, (_, index) =>
    Math.round(quantile(latency, (index + 0.5) / LATENCY_DRAWS)),
  );
}

function quantile(latency: Latency, p: number): number {
  switch (latency.model) {
    case "fixed":
      return latency.ns;
    case "uniform":
      return latency.minNs + p * (latency.maxNs - latency.minNs);
    case "lognormal": {
      const sigma = Math.log(latency.p99Ns / latency.medianNs) / Z_99;
      return latency.medianNs * Math.exp(sigma * probit(p));
    }
  }
}

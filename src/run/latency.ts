/** Distributions of latencies, tabled as quantiles that the core draws from. */
import type { Latency } from "../scenario/schema.js";

/** Values a table has: as many as LATENCY_DRAWS in the core. */
export const LATENCY_DRAWS = 32;

/** The standard normal's 99th percentile. */
const Z_99 = 2.3263478740408408;

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
      return latency.medianNs * Math.exp(sigma * normalQuantile(p));
    }
  }
}

/** Acklam's rational approximation of the normal quantile; relative error below 1.2e-9. */
function normalQuantile(p: number): number {
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return (
      polynomial(q, [
        -7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734,
        4.374664141464968, 2.938163982698783,
      ]) /
      polynomial(q, [
        7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1,
      ])
    );
  }
  const q = p - 0.5;
  const r = q * q;
  return (
    (q *
      polynomial(r, [
        -3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2,
        -3.066479806614716e1, 2.506628277459239,
      ])) /
    polynomial(r, [
      -5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1,
      -1.328068155288572e1, 1,
    ])
  );
}

/** Horner's scheme, highest power first. */
function polynomial(x: number, coefficients: readonly number[]): number {
  return coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
}

/**
 * Fits prices of steps to observations: non-negative least squares of the relative errors.
 *
 * Models:     the time of an operation as the sum of its steps, each at its own price.
 * Simplifies: steps do not overlap, and no step is cheaper for having been done just before.
 */
import { fcnnlsVector } from "ml-fcnnls";
import { z } from "zod";
import { argumentsOf } from "../scenario/arguments.js";
import { costsArgument, countsArgument, measuredArgument } from "./arguments.js";
import {
  COST_PARAMETER_NAMES,
  type CostCounts,
  type CostParameter,
  type Costs,
} from "./parameters.js";

/** How often each step was done, and how long that took. */
export interface Equation {
  readonly counts: CostCounts;
  readonly us: number;
}

/** Finer than the default: the smallest prices are some hundredths of a microsecond. */
const TOLERANCE = 1e-10;

const checkEquations = argumentsOf("fitCosts", {
  equations: z.array(z.strictObject({ counts: countsArgument, us: measuredArgument })).min(1),
});

/** Prices that no equation speaks of are 0. */
export function fitCosts(equations: readonly Equation[]): Costs {
  checkEquations({ equations });
  const known = COST_PARAMETER_NAMES.filter((name) =>
    equations.some(({ counts }) => (counts[name] ?? 0) !== 0),
  );
  // A row divided by what was measured makes every error relative.
  const rows = equations.map(({ counts, us }) => known.map((name) => (counts[name] ?? 0) / us));
  const ones = equations.map(() => 1);
  const options = { gradientTolerance: TOLERANCE, maxIterations: 100 * known.length };
  const { K } = fcnnlsVector(rows, ones, options);
  const prices = new Map<CostParameter, number>(known.map((name, i) => [name, K.get(i, 0)]));
  const entries = COST_PARAMETER_NAMES.map((name) => [name, prices.get(name) ?? 0]);
  return Object.fromEntries(entries) as Costs;
}

const checkPrice = argumentsOf("priceOf", { counts: countsArgument, costs: costsArgument });

/** The sum of the steps, each at its price. */
export function priceOf(counts: CostCounts, costs: Costs): number {
  checkPrice({ counts, costs });
  return COST_PARAMETER_NAMES.reduce((sum, name) => sum + (counts[name] ?? 0) * costs[name], 0);
}

/** The root of the mean of the squares. */
export function rootMeanSquare(errors: readonly number[]): number {
  return Math.sqrt(errors.reduce((sum, error) => sum + error * error, 0) / errors.length);
}

/** The prices that follow from the measured table, and how well they reproduce it. */
import { z } from "zod";
import { once } from "../base/once.js";
import { argumentsOf } from "../scenario/arguments.js";
import { wordsOf } from "../scenario/vocabulary.js";
import { countsArgument, measuredArgument } from "./arguments.js";
import { fitCosts, priceOf, rootMeanSquare } from "./calibrate.js";
import {
  MEASURED_ON,
  MEASURED_OPERATIONS,
  MEASURED_STATES,
  type MeasuredOperation,
} from "./measured.js";
import { measuredObservations, type Observation } from "./observations.js";
import {
  COST_PARAMETER_NAMES,
  COST_PARAMETERS,
  type CostParameter,
  type Costs,
} from "./parameters.js";

/** A measured cell beside what the prices make of it. */
export interface CalibratedCell extends Observation {
  readonly modelledUs: number;
  /** (modelled - measured) / measured. */
  readonly relativeError: number;
  /** Whether the model lies between the quartiles. */
  readonly isWithinQuartiles: boolean;
}

export interface CalibratedCost {
  readonly value: number;
  readonly unit: "us";
  readonly meaning: string;
  readonly source: string;
  /** The root mean square of the relative errors of the cells in which the step occurs. */
  readonly residual: number;
}

export interface Calibration {
  readonly costs: Costs;
  readonly cells: readonly CalibratedCell[];
  /** The root mean square of the relative errors of all cells. */
  readonly residual: number;
  readonly residualByOperation: ReadonlyMap<MeasuredOperation, number>;
  /** The share of cells in which the model lies between the quartiles. */
  readonly withinQuartiles: number;
}

const checkObservations = argumentsOf("calibrate", {
  observations: z
    .array(
      z.strictObject({
        operation: z.enum(MEASURED_OPERATIONS),
        pages: z.int().min(1),
        state: z.enum(wordsOf(MEASURED_STATES)),
        cpus: z.literal([1, 2]),
        counts: countsArgument,
        measuredUs: z.tuple([measuredArgument, measuredArgument, measuredArgument]),
      }),
    )
    .min(1),
});

export function calibrate(observations: readonly Observation[]): Calibration {
  checkObservations({ observations });
  const costs = fitCosts(observations.map(({ counts, measuredUs: [us] }) => ({ counts, us })));
  const cells = observations.map((observation) => cellOf(observation, costs));
  const operations = [...new Set(cells.map(({ operation }) => operation))];
  return {
    costs,
    cells,
    residual: residualOf(cells),
    residualByOperation: new Map(
      operations.map((name) => [name, residualOf(cells.filter((cell) => cell.operation === name))]),
    ),
    withinQuartiles: cells.filter((cell) => cell.isWithinQuartiles).length / cells.length,
  };
}

/** The prices that the measurements of this project give; fitted when they are first asked for. */
export const calibration: () => Calibration = once(() => calibrate(measuredObservations()));

/** Each of these prices, with its source and its residual. */
export const calibratedCosts: () => Readonly<Record<CostParameter, CalibratedCost>> = once(() =>
  describeCosts(calibration()),
);

function cellOf(observation: Observation, costs: Costs): CalibratedCell {
  const [median, lower, upper] = observation.measuredUs;
  const modelledUs = priceOf(observation.counts, costs);
  return {
    ...observation,
    modelledUs,
    relativeError: (modelledUs - median) / median,
    isWithinQuartiles: modelledUs >= lower && modelledUs <= upper,
  };
}

function residualOf(cells: readonly CalibratedCell[]): number {
  return rootMeanSquare(cells.map(({ relativeError }) => relativeError));
}

function describeCosts({ costs, cells }: Calibration): Record<CostParameter, CalibratedCost> {
  const entries = COST_PARAMETER_NAMES.map((name) => {
    const concerned = cells.filter(({ counts }) => (counts[name] ?? 0) !== 0);
    const cost: CalibratedCost = {
      value: costs[name],
      unit: "us",
      meaning: COST_PARAMETERS[name],
      source: `fitted to ${concerned.length} cells measured on ${MEASURED_ON}`,
      residual: residualOf(concerned),
    };
    return [name, cost];
  });
  return Object.fromEntries(entries) as Record<CostParameter, CalibratedCost>;
}

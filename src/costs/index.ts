/** What operations of the mm cost a CPU: exact counts of steps, weighed with fitted prices. */
export { calibrate, calibration, calibratedCosts } from "./calibrated.js";
export type { CalibratedCell, CalibratedCost, Calibration } from "./calibrated.js";
export { fitCosts, priceOf, type Equation } from "./calibrate.js";
export { MEASURED_ON, type MeasuredOperation, type MeasuredState } from "./measured.js";
export { modelledCost, type ModelledCost } from "./modelled_cost.js";
export { measuredObservations, type Observation } from "./observations.js";
export { countsOf, type OperationCounts } from "./operation_counts.js";
export { COST_PARAMETERS, type CostCounts, type CostParameter, type Costs } from "./parameters.js";

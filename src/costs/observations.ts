/** The measured table as equations: for each cell what was done, and how long it took. */
import {
  ONE_CPU,
  TWO_CPUS,
  type MeasuredOperation,
  type MeasuredState,
  type Quartiles,
} from "./measured.js";
import { countsOf, type OperationCounts } from "./operation_counts.js";
import type { CostCounts } from "./parameters.js";

export interface Observation {
  readonly operation: MeasuredOperation;
  readonly pages: number;
  readonly state: MeasuredState;
  /** CPUs that run the mm. */
  readonly cpus: 1 | 2;
  readonly counts: CostCounts;
  readonly measuredUs: Quartiles;
}

export function measuredObservations(): Observation[] {
  const one = ONE_CPU.flatMap((row) =>
    (["none", "bare", "slot"] as const).map((state) =>
      observe(row.operation, row.pages, state, 1, row[state]),
    ),
  );
  const two = TWO_CPUS.flatMap(({ operation, pages, alone, spinning, spinningBare }) => [
    observe(operation, pages, "none", 1, alone),
    observe(operation, pages, "none", 2, spinning),
    observe(operation, pages, "bare", 2, spinningBare),
  ]);
  return [...one, ...two];
}

function observe(
  operation: MeasuredOperation,
  pages: number,
  state: MeasuredState,
  cpus: 1 | 2,
  measuredUs: Quartiles,
): Observation {
  const known = countsOf(operation, pages);
  const ipi = cpus === 1 ? 0 : known.flushes;
  const counts = { ...known.steps, ipi, ...notifierCounts(operation, known, state) };
  return { operation, pages, state, cpus, counts, measuredUs };
}

/** A pair is two calls; only the first has work to do. */
function notifierCounts(
  operation: MeasuredOperation,
  { pairs }: OperationCounts,
  state: MeasuredState,
): CostCounts {
  if (state === "none") return {};
  const isFork = operation === "fork" || operation === "fork_vmas";
  return {
    notifierCall: 2 * pairs,
    notifierCallback: state === "slot" ? pairs : 0,
    forkNotifier: isFork ? 1 : 0,
  };
}

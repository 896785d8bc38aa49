/** The model's prices beside what a real kernel took. */
import { calibration, calibratedCosts } from "../../costs/calibrated.js";
import {
  MEASURED_ON,
  MEASURED_STATES,
  ONE_CPU,
  type MeasuredOperation,
} from "../../costs/measured.js";
import { modelledCost } from "../../costs/modelled_cost.js";
import { countsOf } from "../../costs/operation_counts.js";
import { COST_PARAMETER_NAMES } from "../../costs/parameters.js";
import type { Exhibit, Point } from "../answer.js";
import { percent, rounded } from "../numbers.js";
import { STATES } from "../plan.js";

/** Operations that stand for the others: the hot ones, and both sides of the flush ceiling. */
const SHOWN: readonly (readonly [MeasuredOperation, number])[] = [
  ["munmap", 1],
  ["munmap", 33],
  ["munmap", 34],
  ["munmap", 512],
  ["mprotect_ro", 1],
  ["dontneed", 1],
  ["mremap", 8],
  ["fault_write", 1],
  ["cow_fault", 512],
  ["fork_vmas", 1000],
];

const right = (head: string) => ({ head, align: "right" as const });

export function comparisonTable(): Exhibit {
  return {
    kind: "table",
    title: "Measured on a real kernel, and modelled: microseconds",
    columns: [
      { head: "operation" },
      right("pages"),
      right("measured: no notifier"),
      right("KVM VM"),
      right("KVM VM with slot"),
      right("modelled: no notifier"),
      right("short-circuit"),
      right("not implementing"),
      right("implementing"),
    ],
    rows: SHOWN.map(([operation, pages]) => comparisonRow(operation, pages)),
    source: `Measured: ${MEASURED_ON}, medians; take the ratios, not the microseconds. KVM VM: ${MEASURED_STATES.bare}. With slot: ${MEASURED_STATES.slot}. Modelled: the fitted prices. A list on which nobody implements the callback was not measured and is charged like one that finds nothing to do, an upper bound; a flag is charged 1 ns a call, an assumption.`,
  };
}

function comparisonRow(operation: MeasuredOperation, pages: number): string[] {
  const row = ONE_CPU.find((one) => one.operation === operation && one.pages === pages)!;
  const counts = countsOf(operation, pages);
  const modelled = STATES.map((state) => modelledCost(counts, calibration().costs, state).totalUs);
  const all = [row.none[0], row.bare[0], row.slot[0], ...modelled];
  return [operation, String(pages), ...all.map(rounded)];
}

export function calibrationChart(): Exhibit {
  const points = calibration().cells.map(
    ({ state, cpus, measuredUs: [median], modelledUs }): Point => ({
      x: median,
      y: modelledUs,
      series: cpus === 2 ? "second CPU runs the mm" : STATE_NAMES[state],
      evidence: null,
    }),
  );
  const [worst] = [...calibration().cells].sort(
    (a, b) => Math.abs(b.relativeError) - Math.abs(a.relativeError),
  );
  const { operation, pages, relativeError } = worst!;
  return {
    kind: "chart",
    title: "The calibration: each measured cell against what the fitted prices make of it",
    description: [
      `${calibration().cells.length} cells; relative error ${percent(calibration().residual)} (root mean square). The worst is ${operation} of ${pages} pages with ${percent(relativeError)}.`,
    ],
    source: `Measured on ${MEASURED_ON}. Fitted by non-negative least squares of the relative errors.`,
    chart: {
      form: "comparison",
      points,
      xLabel: "measured, us",
      yLabel: "modelled, us",
    },
  };
}

const STATE_NAMES = { none: "no notifier", bare: "KVM VM", slot: "KVM VM with slot" } as const;

export function priceTable(): Exhibit {
  const rows = COST_PARAMETER_NAMES.map((name) => {
    const { value, meaning, residual } = calibratedCosts()[name];
    return [name, rounded(value), percent(residual), meaning];
  });
  return {
    kind: "table",
    title: "The fitted prices of steps",
    columns: [{ head: "step" }, right("us"), right("residual"), { head: "what it is" }],
    rows,
    source: `Fitted to ${MEASURED_ON}. Residual: root mean square of the relative errors of the cells in which the step occurs.`,
  };
}

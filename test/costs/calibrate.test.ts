import { describe, expect, test } from "vitest";
import { fitCosts, priceOf } from "../../src/costs/calibrate.js";
import { calibrate, calibratedCosts, calibration } from "../../src/costs/calibrated.js";
import { MEASURED_STATES, type Quartiles } from "../../src/costs/measured.js";
import { measuredObservations } from "../../src/costs/observations.js";
import { COST_PARAMETER_NAMES, type Costs } from "../../src/costs/parameters.js";

/** Some price for each step, none like another. */
const INVENTED = Object.fromEntries(
  COST_PARAMETER_NAMES.map((name, index) => [name, 0.05 + 0.37 * index]),
) as Costs;

/** The measured table, as it would be if every step had its invented price. */
function inventedObservations() {
  return measuredObservations().map((observation) => {
    const us = priceOf(observation.counts, INVENTED);
    const measuredUs: Quartiles = [us, us, us];
    return { ...observation, measuredUs };
  });
}

describe("the calibration of CPU costs", () => {
  test("finds the price of every step again when the times are exact sums of steps", () => {
    const { costs, residual } = calibrate(inventedObservations());
    expect(residual).toBeLessThan(1e-9);
    for (const name of COST_PARAMETER_NAMES) expect(costs[name]).toBeCloseTo(INVENTED[name], 6);
  });

  test("never makes a step cheaper than nothing", () => {
    const costs = fitCosts([
      { counts: { munmap: 1 }, us: 3 },
      { counts: { munmap: 1, flushPage: 1 }, us: 2 },
    ]);
    expect(costs.flushPage).toBe(0);
    expect(costs.munmap).toBeGreaterThan(2);
  });

  test("leaves a step that no time speaks of at zero", () => {
    expect(fitCosts([{ counts: { munmap: 1 }, us: 3 }]).ipi).toBe(0);
  });

  test("weighs a short operation as much as a long one", () => {
    const { munmap } = fitCosts([
      { counts: { munmap: 1 }, us: 1 },
      { counts: { munmap: 100 }, us: 300 },
    ]);
    expect(munmap).toBeCloseTo(1.2, 6);
  });
});

describe("the prices fitted to Linux 6.18", () => {
  test("reproduce the measured cells with a relative RMS error below 6.5 percent", () => {
    expect(calibration().residual).toBeLessThan(0.065);
    expect(calibration().cells).toHaveLength(216);
  });

  test.each([
    { operation: "munmap", percent: 5 },
    { operation: "mprotect_ro", percent: 5 },
    { operation: "mprotect_rw", percent: 4 },
    { operation: "dontneed", percent: 5.5 },
    { operation: "fork", percent: 2 },
    { operation: "fork_vmas", percent: 7 },
    { operation: "cow_fault", percent: 7 },
  ] as const)("reproduce $operation within $percent percent", ({ operation, percent }) => {
    expect(calibration().residualByOperation.get(operation)).toBeLessThan(percent / 100);
  });

  test("lie between the quartiles in the share of cells that is reported", () => {
    const inside = calibration().cells.filter(
      ({ modelledUs, measuredUs: [, lower, upper] }) => modelledUs >= lower && modelledUs <= upper,
    );
    expect(calibration().withinQuartiles).toBe(inside.length / calibration().cells.length);
    expect(calibration().withinQuartiles).toBeGreaterThan(0.25);
  });

  test("make a flush of 34 pages cheaper than one of 33, as it was measured", () => {
    const { flushPage, flushAll } = calibration().costs;
    expect(33 * flushPage).toBeGreaterThan(flushAll);
  });

  test("put the bare pair of notifier calls at 0.35 to 0.5 us, as the table does", () => {
    const { notifierCall } = calibration().costs;
    expect(2 * notifierCall).toBeGreaterThan(0.35);
    expect(2 * notifierCall).toBeLessThan(0.5);
  });

  test("put the round trip of an IPI at 12 to 14 us, as the table does", () => {
    expect(calibration().costs.ipi).toBeGreaterThan(12);
    expect(calibration().costs.ipi).toBeLessThan(14);
  });

  test("name a source, a unit and a residual for every step", () => {
    for (const name of COST_PARAMETER_NAMES) {
      const { source, unit, residual, meaning } = calibratedCosts()[name];
      expect(source).toContain("Linux 6.18");
      expect(unit).toBe("us");
      expect(meaning).not.toBe("");
      expect(residual).toBeGreaterThanOrEqual(0);
      expect(residual).toBeLessThan(0.3);
    }
  });

  test("come from all three states of the notifier list", () => {
    const states = new Set(calibration().cells.map(({ state }) => state));
    expect([...states].sort()).toEqual(Object.keys(MEASURED_STATES).sort());
  });
});

/** Faults that a scenario asks for: what they do, and what the mm and its drivers make of them. */
import { describe, expect, test } from "vitest";
import { syntheticProgram } from "../../src/run/program.js";
import { runScenario } from "../../src/run/run.js";
import type { RunResult } from "../../src/run/result.js";
import { readRunToken } from "../../src/run/token.js";
import { loadScenario, type ScenarioInput } from "../../src/scenario/index.js";
import type { ResolvedScenario } from "../../src/scenario/resolved.js";
import { formatRunTimeline, traceViolation } from "../../src/trace/run_timeline.js";

function scenarioOf(faults: ScenarioInput["faults"]): ResolvedScenario {
  return loadScenario({
    name: "faults",
    protocol: "secondary-flush",
    workload: { operations: [{ kind: "munmap", pages: 8, period: "50us", repeat: 40 }] },
    iommu: { waitGiveUp: "20us" },
    devices: [
      { name: "gpu0", kind: "gpu", lanes: 8, retryLimit: "unlimited", pri: { timeout: "200us" } },
    ],
    ...(faults === undefined ? {} : { faults }),
  }).resolved;
}

const programOf = ({ workload }: ResolvedScenario) =>
  syntheticProgram(workload.kind === "synthetic" ? workload.operations : []);

function run(faults: ScenarioInput["faults"]): Promise<RunResult> {
  const scenario = scenarioOf(faults);
  return runScenario(scenario, programOf(scenario));
}

const rules = ({ violations }: RunResult) => violations.map(({ rule }) => rule);

describe("an injected fault", () => {
  test("strikes only where it is asked for", async () => {
    const { counts } = await run(undefined);
    expect(counts).toMatchObject({ faultsInjected: 0, completionWaitsGivenUp: 0 });
    expect(counts.pageRequestsDropped).toBe(0);
  });

  test("that keeps an invalidation from its ATC leaves stale translations behind", async () => {
    const lost = await run({ lostInvalidations: 0.2 });
    expect(lost.counts.faultsInjected).toBeGreaterThan(0);
    expect(lost.counts.completionWaitsGivenUp).toBe(lost.counts.faultsInjected);
    expect(rules(lost)).toEqual(["stale-read", "stale-write"]);
    expect(lost.violations[0]!.operation).toBe("munmap");
  });

  test("that loses a completion costs time, and is safe: all was invalidated", async () => {
    const lost = await run({ lostCompletions: 0.2 });
    expect(lost.counts.completionWaitsGivenUp).toBe(lost.counts.faultsInjected);
    expect(lost.counts.completionWaitsGivenUp).toBeGreaterThan(0);
    expect(rules(lost)).toEqual([]);
  });

  test("that makes a completion late makes the wait longer, and is safe", async () => {
    const [plain, late] = [await run({}), await run({ lateCompletions: 0.2, lateBy: "10us" })];
    expect(late.times.invalidationWait.maxNs).toBeGreaterThan(plain.times.invalidationWait.maxNs);
    expect(late.counts.faultsInjected).toBeGreaterThan(0);
    expect(rules(late)).toEqual([]);
  });

  test("that fills the log makes devices ask again after their time", async () => {
    const full = await run({ overflows: 0.3 });
    expect(full.counts.pageRequestsDropped).toBe(full.counts.faultsInjected);
    expect(full.counts.requestTimeouts).toBeGreaterThan(0);
    expect(rules(full)).toEqual([]);
  });

  test("that loses a response makes devices ask again after their time", async () => {
    const lost = await run({ lostResponses: 0.3 });
    expect(lost.counts.faultsInjected).toBeGreaterThan(0);
    expect(lost.counts.requestTimeouts).toBeGreaterThan(0);
    expect(rules(lost)).toEqual([]);
  });

  test("is part of the token, and stands in the timeline", async () => {
    const { violations } = await run({ lostInvalidations: 0.2 });
    const { scenario } = readRunToken(violations[0]!.token);
    expect(scenario.faults.lostInvalidations).toBe(0.2);
    const timeline = await traceViolation(scenario, programOf(scenario), violations[0]!);
    expect(formatRunTimeline(timeline)).toContain("FAULT: request to ATC lost");
  });
});

/** Random walks through the whole machine, and what is left of a run that breaks a rule. */
import { describe, expect, test } from "vitest";
import { minimiseRun } from "../../src/run/minimise.js";
import { syntheticProgram } from "../../src/run/program.js";
import { runScenario } from "../../src/run/run.js";
import { exploreSchedules, scheduled } from "../../src/run/schedules.js";
import { readRunToken } from "../../src/run/token.js";
import { loadScenario } from "../../src/scenario/index.js";
import type { ResolvedScenario } from "../../src/scenario/resolved.js";

function scenarioOf(protocol: string): ResolvedScenario {
  return loadScenario({
    name: "minimise",
    protocol,
    workload: {
      operations: [
        { kind: "mprotect", pages: 8, period: "50us", repeat: 3 },
        { kind: "munmap", pages: 16, period: "50us", repeat: 6 },
        { kind: "dontneed", pages: 8, period: "50us", repeat: 3 },
      ],
    },
    devices: [
      { name: "gpu0", kind: "gpu", lanes: 8 },
      { name: "nic0", kind: "nic", lanes: 2 },
    ],
  }).resolved;
}

const programOf = ({ workload }: ResolvedScenario) =>
  syntheticProgram(workload.kind === "synthetic" ? workload.operations : []);

describe("a run that breaks a rule", () => {
  const scenario = scenarioOf("flush-at-end");

  test("is made smaller until nothing more can be left out, and breaks it still", async () => {
    const minimum = await minimiseRun(scenario, programOf(scenario), "stale-walk");
    const { size, isMinimal, violation } = minimum!;
    expect(isMinimal).toBe(true);
    expect(violation).toMatchObject({ rule: "stale-walk", operation: "munmap" });
    expect(size.operations).toBeLessThanOrEqual(3);
    expect(size).toMatchObject({ devices: 1, lanes: 1 });
    const whole = await runScenario(scenario, programOf(scenario));
    expect(size.steps).toBeLessThan(whole.steps / 100);
  }, 60_000);

  test("has a token, when it is smaller, that repeats it exactly", async () => {
    const minimum = await minimiseRun(scenario, programOf(scenario), "stale-walk");
    const { scenario: small, digest } = readRunToken(minimum!.violation.token);
    const again = await runScenario(small, programOf(small));
    expect(again.digest).toBe(digest);
    expect(again.violations).toContainEqual(minimum!.violation);
  }, 60_000);

  test("says that it is not minimal when it may not be run often enough", async () => {
    const few = await minimiseRun(scenario, programOf(scenario), "stale-walk", { runsMax: 4 });
    expect(few).toMatchObject({ isMinimal: false });
    expect(few!.runs).toBeLessThanOrEqual(4 + 3);
  });

  test("is none if the rule holds in it", async () => {
    const safe = scenarioOf("secondary-flush");
    expect(await minimiseRun(safe, programOf(safe), "stale-read")).toBeNull();
  });
});

describe("schedules", () => {
  test("begin with the scenario as it stands; the same number is the same schedule", () => {
    const scenario = scenarioOf("none");
    expect(scheduled(scenario, 0)).toBe(scenario);
    expect(scheduled(scenario, 3)).toEqual(scheduled(scenario, 3));
    expect(scheduled(scenario, 3)).not.toEqual(scheduled(scenario, 4));
  });

  test("find the first violation of each property, with a token that repeats it", async () => {
    const scenario = scenarioOf("none");
    const { findings } = await exploreSchedules(scenario, programOf(scenario), { schedules: 2 });
    expect(findings.map(({ rule }) => rule).sort()).toEqual(["stale-read", "stale-write"]);
    for (const { rule, violation } of findings) {
      const { scenario: again } = readRunToken(violation.token);
      const { violations } = await runScenario(again, programOf(again));
      expect(violations.find((one) => one.rule === rule)).toEqual(violation);
    }
  });

  test("break no rule under a protocol that no interleaving breaks", async () => {
    const scenario = scenarioOf("secondary-flush");
    const { findings } = await exploreSchedules(scenario, programOf(scenario), { schedules: 8 });
    expect(findings).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { tlbstorm } from "./run_cli.js";

const scenario = "examples/gpu_munmap.yaml";

describe("tlbstorm explore --schedules", () => {
  test("shows the least that breaks a rule, with a token that repeats it", () => {
    const few = ["--schedules", "2", "--quiet", "--json"];
    const { exitCode, stdout } = tlbstorm([
      ...["explore", scenario, "--protocol", "flush-at-end"],
      ...few,
    ]);
    const { findings, complete } = JSON.parse(stdout) as {
      complete: boolean;
      findings: { rule: string; minimised: { token: string; size: { lanes: number } } }[];
    };
    expect({ exitCode, complete }).toEqual({ exitCode: 1, complete: false });
    expect(findings.map(({ rule }) => rule)).toEqual(["stale-walk"]);
    const { token, size } = findings[0]!.minimised;
    expect(size).toMatchObject({ operations: 1, devices: 1, lanes: 1 });
    const again = tlbstorm(["token", token, "--quiet"]);
    expect(again.exitCode).toBe(1);
    expect(again.stdout).toContain("stale-walk, violated at");
  }, 60_000);

  test("ends with 0 if no schedule breaks a rule, and says that this is no proof", () => {
    const { exitCode, stdout } = tlbstorm(["explore", scenario, "--schedules", "2", "--quiet"]);
    expect(exitCode).toBe(0);
    expect(stdout).toContain("INCOMPLETE: only random walks were taken");
  });

  test("needs a scenario", () => {
    const { exitCode, stderr } = tlbstorm(["explore", "--schedules", "2"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("name a scenario file");
  });
});

describe("tlbstorm token --minimise", () => {
  test("leaves steps of a counterexample out that it does not need", () => {
    const cell = ["--protocol", "none", "--operation", "munmap"];
    const found = tlbstorm(["explore", ...cell, "--json", "--quiet"]);
    const { properties } = JSON.parse(found.stdout) as {
      properties: Record<string, { token: string; steps: number }>;
    };
    const { token, steps } = properties["stale-read"]!;
    const { exitCode, stdout } = tlbstorm(["token", token, "--minimise", "--json"]);
    const smaller = JSON.parse(stdout) as { steps: unknown[]; reproduced: boolean };
    expect({ exitCode, reproduced: smaller.reproduced }).toEqual({ exitCode: 1, reproduced: true });
    // The shortest counterexample has nothing to leave out.
    expect(smaller.steps).toHaveLength(steps);
  });

  test("refuses a run that never ends", () => {
    const cell = ["--protocol", "none", "--operation", "collapse", "--property", "served"];
    const { stdout } = tlbstorm(["explore", ...cell, "--json", "--quiet"]);
    const { properties } = JSON.parse(stdout) as { properties: { served: { token: string } } };
    const { exitCode, stderr } = tlbstorm(["token", properties.served.token, "--minimise"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("never ends");
  });
});

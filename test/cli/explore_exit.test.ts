/** What an exploration tells a script: that nothing was found, that something was, or neither. */
import { describe, expect, test } from "vitest";
import { tlbstorm } from "./run_cli.js";

function explored(...args: string[]) {
  return tlbstorm(["explore", ...args]);
}

describe("tlbstorm explore", () => {
  test("ends with 0 only where every property that was asked for is known to hold", () => {
    const world = ["--protocol", "secondary-flush", "--operation", "munmap"];
    expect(explored(...world)).toMatchObject({ exitCode: 0, stderr: "" });
    const cut = explored(...world, "--max-states", "10");
    expect(cut.exitCode).toBe(2);
    expect(cut.stderr).toContain("warning: no verdict on stale-read");
    expect(cut.stderr).toContain("as many states as allowed are known");
  });

  test("ends with 2 where the method cannot tell that something holds", () => {
    const world = ["--protocol", "secondary-flush", "--operation", "munmap"];
    expect(explored(...world, "--method", "random-walk", "--walks", "10").exitCode).toBe(2);
  });

  test("ends with 1 where something is violated, whatever is unknown beside it", () => {
    const world = ["--protocol", "none", "--operation", "munmap", "--max-depth", "9"];
    const { exitCode, stdout, stderr } = explored(...world);
    expect(stdout).toMatch(/stale-read +violated/);
    expect(exitCode).toBe(1);
    expect(stderr).toContain("no verdict on");
  });

  test("ends with 2 for a matrix that nobody knows anything about", () => {
    const { exitCode, stderr } = explored("--all", "--protocol", "none", "--max-states", "5");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("8 of 8 worlds: no verdict on");
  });

  const starving = ["--protocol", "secondary-flush", "--operation", "mprotect"];

  test("says in plain words that a request waits under weak fairness only", () => {
    const { exitCode, stdout } = explored(...starving);
    expect(exitCode).toBe(1);
    expect(stdout).toMatch(
      /\napart, of devices that never give up:\n.*\nserved +violated.*\n {2}only where mm is starved/,
    );
    const { properties } = JSON.parse(explored(...starving, "--json").stdout) as {
      properties: Record<string, unknown>;
    };
    expect(properties["served"]).toMatchObject({ verdict: "violated", fairness: "weak" });
  });

  test("leaves served out of --property safety", () => {
    const { exitCode, stdout } = explored(...starving, "--property", "safety");
    expect(exitCode).toBe(0);
    expect(stdout).not.toContain("served");
  });
});

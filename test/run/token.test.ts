import { describe, expect, test } from "vitest";
import { InvalidRunToken, readRunToken, runToken } from "../../src/run/token.js";
import { loadScenario, type ScenarioInput } from "../../src/scenario/index.js";

const gpu = { name: "gpu0", kind: "gpu" } as const;

function resolve(rest: Partial<ScenarioInput>) {
  return loadScenario({
    name: "a run",
    protocol: "none",
    devices: [gpu],
    workload: { recording: "python_fork" },
    ...rest,
  }).resolved;
}

describe("the token of a run", () => {
  test.each([
    { because: "nothing differs", rest: {} },
    { because: "one field of a device differs", rest: { devices: [{ ...gpu, retryLimit: 3 }] } },
    { because: "there is a second device", rest: { devices: [gpu, { ...gpu, name: "gpu1" }] } },
    { because: "there is no device", rest: { devices: [] } },
    { because: "the seed is large", rest: { seed: "18446744073709551615" } },
    {
      because: "a latency is drawn from another distribution",
      rest: { machine: { latency: { minorFault: "1350ns" } } },
    },
    {
      because: "the pattern of accesses is another",
      rest: { devices: [{ ...gpu, access: { kind: "window", pages: 7 } }] },
    },
  ] satisfies { because: string; rest: Partial<ScenarioInput> }[])(
    "gives the scenario back when $because",
    ({ rest }) => {
      const scenario = resolve(rest);
      const content = readRunToken(runToken(scenario, "python_fork", "stale-read"));
      expect(content).toEqual({ scenario, program: "python_fork", property: "stale-read" });
    },
  );

  test("grows by what differs only, also within a list", () => {
    const plain = runToken(resolve({}), "python_fork", null);
    const limited = runToken(
      resolve({ devices: [{ ...gpu, retryLimit: 3 }] }),
      "python_fork",
      null,
    );
    expect(limited.length - plain.length).toBeLessThan(60);
  });

  test("is refused when a letter is changed", () => {
    const token = runToken(resolve({}), "python_fork", null);
    const changed = token.replace(/^(r1\.....)./, (_, start: string) => `${start}-`);
    expect(() => readRunToken(changed)).toThrow(InvalidRunToken);
  });
});

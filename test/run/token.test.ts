import { describe, expect, test } from "vitest";
import { InvalidToken } from "../../src/explore/token.js";
import { readRunToken, writeRunToken, type RunTokenContent } from "../../src/run/token.js";
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

const claim = {
  program: "python_fork",
  records: "01234567",
  digest: "0123456789abcdef",
  violation: { rule: "stale-read", atNs: 12_345 },
} as const satisfies Partial<RunTokenContent>;

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
      const content = { ...claim, scenario };
      expect(readRunToken(writeRunToken(content))).toEqual(content);
    },
  );

  test("grows by what differs only, also within a list", () => {
    const plain = writeRunToken({ ...claim, scenario: resolve({}) });
    const limited = writeRunToken({
      ...claim,
      scenario: resolve({ devices: [{ ...gpu, retryLimit: 3 }] }),
    });
    expect(limited.length - plain.length).toBeLessThan(60);
  });

  test("is refused when its scenario has fields or values that none has here", () => {
    const scenario = resolve({});
    for (const changed of [
      { ...scenario, mode: "turbo" },
      { ...scenario, machine: { ...scenario.machine, cores: 1000 } },
    ]) {
      const token = writeRunToken({ ...claim, scenario: changed });
      expect(() => readRunToken(token)).toThrow(/made by another version/);
    }
  });

  test("is refused when a letter is changed", () => {
    const token = writeRunToken({ ...claim, scenario: resolve({}) });
    const changed = token.replace(/^(r1\.....)./, (_, start: string) => `${start}-`);
    expect(() => readRunToken(changed)).toThrow(InvalidToken);
  });
});

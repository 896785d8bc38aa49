import { describe, expect, test } from "vitest";
import type { ScenarioError } from "../../src/scenario/errors.js";
import { checkScenario, parseScenario } from "../../src/scenario/parse.js";

function errorsOf(text: string): ScenarioError[] {
  const result = parseScenario(text, "s.yaml");
  return result.ok ? [] : result.errors;
}

const HEAD = "name: n\nprotocol: none\n";

describe("a scenario file", () => {
  test("needs no more than a name and a protocol", () => {
    expect(errorsOf(HEAD)).toEqual([]);
  });

  test("may be JSON", () => {
    expect(errorsOf('{"name": "n", "protocol": "none", "era": "6.4"}')).toEqual([]);
  });

  test("reports everything that is wrong at once, in the order of the file", () => {
    const errors = errorsOf("name: n\nera: 3.18\nprotocol: none\nmachine:\n  cores: 0\n");
    expect(errors.map(({ line, column, path }) => [line, column, path])).toEqual([
      [2, 6, "era"],
      [5, 10, "machine.cores"],
    ]);
  });

  test("shows a missing field where its block begins", () => {
    const [error] = errorsOf(`${HEAD}devices:\n  - kind: gpu\n`);
    expect(error).toMatchObject({
      line: 4,
      column: 5,
      path: "devices[0].name",
      problem: "missing",
    });
  });

  test.each([
    { text: "name: n\nprotocl: none", path: "protocl", line: 2, hint: "did you mean protocol?" },
    {
      text: `${HEAD}iommu:\n  iotlb: { entires: 4 }`,
      path: "iommu.iotlb.entires",
      line: 4,
      hint: "did you mean entries?",
    },
    {
      text: `${HEAD}devices: [{ name: g, kind: gpu, access: { kind: sequential, pages: 3 } }]`,
      path: "devices[0].access.pages",
      line: 3,
      hint: "known here: kind, stride, writeShare, think",
    },
  ])("points at the unknown key $path itself", ({ text, path, line, hint }) => {
    const error = errorsOf(text).find(({ problem }) => problem === "unknown key");
    expect(error).toMatchObject({ path, line, hint });
  });

  test.each([
    { text: "protocol: mirror-kmv", problem: '"mirror-kmv" is not known', hint: "mirror-kvm" },
    { text: "protocol: { id: Mine }", problem: "lower-case letters", hint: null },
    {
      text: "protocol: { id: mine, rangeEnd: [invalidat] }",
      problem: '"invalidat" is not known',
      hint: "mean invalidate?",
    },
    {
      text: "protocol: { id: mine, rangEnd: [] }",
      problem: "unknown key",
      hint: "mean rangeEnd?",
    },
    { text: "until: 5", problem: "expected a time with its unit, found 5", hint: "5ns" },
    { text: "until: 10 parsecs", problem: "not a time", hint: "ns, us, ms" },
    { text: "until: 0ms", problem: "nothing happens in no time", hint: "such as 10ms" },
    { text: "iommu: { waitPoll: 5s }", problem: "5s is out of range: at most", hint: null },
    { text: "until: 0.5ns", problem: "not a time in whole nanoseconds", hint: "ns, us, ms" },
    { text: "machine: { frames: 5KiB }", problem: "whole 4 KiB pages", hint: "64MiB" },
    { text: "machine: { frames: 4KiB }", problem: "outside 64 to", hint: "64MiB" },
    { text: "seed: 12345678901234567890", problem: "loses digits", hint: "in quotes" },
    { text: "seed: -1", problem: "not an unsigned 64-bit number", hint: "2^64" },
    { text: 'seed: "18446744073709551616"', problem: "64-bit", hint: "18446744073709551615" },
    { text: "devices: [{ name: a, kind: gpuu }]", problem: '"gpuu"', hint: "mean gpu?" },
    { text: "explore: [1]", problem: "expected a block of keys, found a list", hint: null },
    { text: "explore: { retryLimit: 9 }", problem: "at most 6", hint: null },
    { text: "explore: { retryLimit: unlimted }", problem: "unlimted", hint: "mean unlimited?" },
    { text: "workload: { operations: [] }", problem: "at least 1 entry", hint: null },
    {
      text: "machine: { latency: { ipi: { median: 3us } } }",
      problem: "missing",
      hint: "expected a time with its unit: 10us",
    },
    {
      text: "machine: { latency: { ipi: 999999h } }",
      problem: "999999h is out of range: at most 4294967.295us",
      hint: "write 4294967.295us or less",
    },
    {
      text: "workload: { recording: git_gc, operations: [{ kind: munmap }] }",
      problem: "does not fit here",
      hint: "it excludes another key beside it: leave one of the two out",
    },
  ])("explains what is wrong with `$text`", ({ text, problem, hint }) => {
    const lines = text.startsWith("protocol") ? `name: n\n${text}` : HEAD + text;
    const [error, ...others] = errorsOf(lines);
    expect(others).toEqual([]);
    expect(error?.problem).toContain(problem);
    expect(error?.hint ?? "").toContain(hint ?? "");
  });

  test.each([
    { because: "a key stands twice", text: `${HEAD}name: m\n`, line: 3 },
    { because: "a tab indents", text: `${HEAD}machine:\n\tcores: 4\n`, line: 4 },
    { because: "a tag is unknown", text: `${HEAD}seed: !secret 4\n`, line: 3 },
    { because: "a bracket stays open", text: `${HEAD}devices: [`, line: 3 },
    { because: "it holds two documents", text: `${HEAD}---\nname: m\n`, line: 3 },
    { because: "it is empty", text: "", line: 1 },
    { because: "it is a list", text: "- 1\n", line: 1 },
  ])("is refused with a line when $because", ({ text, line }) => {
    expect(errorsOf(text)[0]).toMatchObject({ file: "s.yaml", line });
  });

  test("never expands aliases without end", () => {
    const tenTimes = (name: string) => `[${Array(10).fill(`*${name}`).join(", ")}]`;
    const bomb = `a: &a [x, x]\nb: &b ${tenTimes("a")}\nc: &c ${tenTimes("b")}\nd: ${tenTimes("c")}`;
    expect(errorsOf(bomb)[0]?.problem).toContain("aliases");
  });
});

describe("a scenario that a program builds", () => {
  test("is checked by the same rules, without positions", () => {
    const result = checkScenario({ name: "n", protocol: "none", machine: { cores: 0 } });
    expect(result).toMatchObject({
      ok: false,
      errors: [{ file: null, line: null, path: "machine.cores" }],
    });
  });

  test("keeps a 64-bit seed exact when it is given as digits", () => {
    const result = checkScenario({ name: "n", protocol: "none", seed: "18446744073709551615" });
    expect(result).toMatchObject({ ok: true, scenario: { seed: 18446744073709551615n } });
  });
});

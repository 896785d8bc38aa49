/** Wrong values, and contradictions between the right ones, are told together, each once. */
import { describe, expect, test } from "vitest";
import type { ScenarioError } from "../../src/scenario/errors.js";
import { parseScenario } from "../../src/scenario/parse.js";

function errorsOf(...lines: string[]): ScenarioError[] {
  const result = parseScenario(["name: n", ...lines].join("\n"), "s.yaml");
  return result.ok ? [] : result.errors;
}

function pathsOf(...lines: string[]): string[] {
  return errorsOf(...lines).map(({ path }) => path);
}

describe("a contradiction", () => {
  test("is told beside a wrong value elsewhere, in the order of the file", () => {
    expect(
      pathsOf(
        "protocol: nono",
        "machine: { cores: 2, frames: 64 }",
        "threads: { count: 5 }",
        "devices:",
        "  - { name: g, kind: gpu, atc: { entries: 30, ways: 8 } }",
        "  - { name: g, kind: gpu, pri: { allocation: 8, capacity: 4 }, pasid: 99999999 }",
        "workload: { operations: [{ kind: touch, pages: 4096 }] }",
      ),
    ).toEqual([
      "protocol",
      "machine.frames",
      "threads.count",
      "devices[0].atc.entries",
      "devices[1].name",
      "devices[1].pri.allocation",
      "devices[1].pasid",
    ]);
  });

  test("is not told of a value that is wrong itself", () => {
    const device = "devices: [{ name: g, kind: gpu, pri: { allocation: 8, capacity: 1.5 } }]";
    expect(pathsOf("protocol: none", device)).toEqual(["devices[0].pri.capacity"]);
  });

  test("is not told of a default that stands in for a misspelt key", () => {
    const tlb = "machine: { tlb: { l2: { entires: 7, ways: 7 } } }";
    expect(pathsOf("protocol: none", tlb)).toEqual(["machine.tlb.l2.entires"]);
  });

  test("is not told of the defaults of a device whose kind is unknown", () => {
    const device = (more: string) => `devices: [{ name: g, kind: gpuu, atc: { ${more} } }]`;
    expect(pathsOf("protocol: none", device("ways: 7"))).toEqual(["devices[0].kind"]);
    expect(pathsOf("protocol: none", device("ways: 7, entries: 8"))).toEqual([
      "devices[0].kind",
      "devices[0].atc.entries",
    ]);
  });

  test("is told although a block is no block, or misses what it needs", () => {
    const devices = "devices: [gpu, { kind: gpu }, { name: a, kind: nic }, { name: a, kind: nic }]";
    expect(pathsOf("protocol: none", devices)).toEqual([
      "devices[0]",
      "devices[1].name",
      "devices[3].name",
    ]);
  });

  test("is told although a protocol that is written out is wrong", () => {
    const protocol = "protocol: { id: mine, rangeStart: [invalidat], fault: [5] }";
    const lines = [protocol, "machine: { cores: 2 }", "threads: { count: 9 }"];
    expect(pathsOf(...lines)).toContain("threads.count");
  });
});

describe("steps of a protocol that cannot be meant together", () => {
  const steps = "rangeStart: [hang], fault: [fault, install]";

  test("are told although its id is none", () => {
    const alone = pathsOf(`protocol: { id: own, ${steps} }`);
    expect(alone.length).toBeGreaterThan(0);
    expect(pathsOf(`protocol: { id: Own, title: 5, ${steps} }`)).toEqual([
      "protocol.id",
      "protocol.title",
      ...alone,
    ]);
  });

  test("are not told where a step is unknown", () => {
    expect(pathsOf(`protocol: { id: own, rangeEnd: [nothing], ${steps} }`)).toEqual([
      "protocol.rangeEnd[0]",
    ]);
  });
});

describe("a number beyond all bounds", () => {
  test.each([
    ["machine: { cores: 1152921504606846976 }", "at most 64", "write 64 or less"],
    ["machine: { cores: -1152921504606846976 }", "at least 1", "write 1 or more"],
    ["machine: { frames: 1152921504606846976 }", "at most 16777216", "write 16777216 or less"],
    ["until: { events: 1e300 }", "at most 9007199254740991", "write 9007199254740991 or less"],
  ])("is told once: %s", (line, problem, hint) => {
    expect(errorsOf("protocol: none", line)).toMatchObject([
      { problem: expect.stringContaining(problem) as string, hint },
    ]);
  });
});

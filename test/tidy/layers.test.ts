import { describe, expect, test } from "vitest";
import { CORE, cycles, HOST, namingCycles, wrongDirections } from "./rules/layers.js";
import { readSources, report, sample } from "./sources.js";

const core = readSources(["assembly"], [".ts"]);
const host = readSources(["src"], [".ts"]);

describe("the layers of the core", () => {
  test("are imported from below only", () => {
    expect(report(wrongDirections(CORE, core))).toEqual([]);
  });

  test("have no circle of imports", () => {
    expect(report(cycles(core))).toEqual([]);
  });

  test("have none of types either, but through the kernel that is handed around", () => {
    expect(report(namingCycles(core))).toEqual([]);
  });

  test("forbid hardware to import the kernel", () => {
    const source = sample("assembly/hardware/a.ts", 'import { Mm } from "../kernel/mm/mm";');
    expect(report(wrongDirections(CORE, [source]))).toEqual([
      "assembly/hardware/a.ts:1: hardware does not import kernel: kernel comes after it",
    ]);
  });

  test("forbid the explorer and the timed machine to import each other", () => {
    const source = sample("assembly/explore/a.ts", '\nimport { M } from "../timed/machine";');
    expect(report(wrongDirections(CORE, [source]))).toEqual([
      "assembly/explore/a.ts:2: explore does not import timed: timed comes after it",
    ]);
  });

  test("let the kernel import hardware and its own files", () => {
    const text = 'import { a } from "../hardware/a";\nimport { b } from "./b";';
    expect(wrongDirections(CORE, [sample("assembly/kernel/a.ts", text)])).toEqual([]);
  });

  test("have no room that is not in the list", () => {
    const source = sample("assembly/attic/a.ts", 'import { a } from "../base/a";');
    expect(report(wrongDirections(CORE, [source]))[0]).toContain("no layer is named attic");
  });
});

describe("the layers of the host", () => {
  test("are imported from below only", () => {
    expect(report(wrongDirections(HOST, host))).toEqual([]);
  });

  test("have no circle of imports", () => {
    expect(report(cycles(host))).toEqual([]);
  });

  test("forbid everybody to import the command line", () => {
    const source = sample("src/run/a.ts", 'import type { X } from "../cli/x.js";');
    expect(report(wrongDirections(HOST, [source]))).toEqual([
      "src/run/a.ts:1: run does not import cli: cli comes after it",
    ]);
  });

  test("name a circle by its files", () => {
    const a = sample("src/base/a.ts", 'import { b } from "./b.js";\nb();');
    const b = sample("src/base/b.ts", 'export { a } from "./a.js";');
    expect(report(cycles([a, b]))).toEqual([
      "src/base/a.ts: imports itself: src/base/a.ts -> src/base/b.ts -> src/base/a.ts",
    ]);
  });

  test("name a circle of types by its files too", () => {
    const a = sample("assembly/timed/a.ts", 'import { B } from "./b";\nexport class A { b: B; }');
    const b = sample("assembly/timed/b.ts", 'import { A } from "./a";\nexport class B { a: A; }');
    expect(cycles([a, b])).toEqual([]);
    expect(report(namingCycles([a, b]))).toEqual([
      "assembly/timed/a.ts: imports itself: assembly/timed/a.ts -> assembly/timed/b.ts -> assembly/timed/a.ts",
    ]);
  });

  test("see no circle where a file is handed what it imports the type of", () => {
    const a = sample(
      "src/base/a.ts",
      'import { b } from "./b.js";\nexport class A {}\nb(new A());',
    );
    const b = sample("src/base/b.ts", 'import { A } from "./a.js";\nexport function b(a: A) {}');
    expect(cycles([a, b])).toEqual([]);
  });
});

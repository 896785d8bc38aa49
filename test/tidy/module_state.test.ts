import { readFileSync } from "node:fs";
import { join } from "node:path";
import binaryen from "binaryen";
import { describe, expect, test } from "vitest";
import { moduleVariables } from "./rules/module_state.js";
import { readSources, report, ROOT, sample } from "./sources.js";

/**
 * What of the core can be assigned outside of linear memory, the world and the allocator's ends.
 */
const GLOBALS = [
  "assembly/world/world",
  "~argumentsLength",
  "~lib/rt/stub/offset",
  "~lib/rt/stub/startOffset",
];

describe("the state of the core", () => {
  test("is reached through the world only", () => {
    expect(report(moduleVariables(readSources(["assembly"], [".ts"])))).toEqual([]);
  });

  test("needs no other mutable global in the release module", () => {
    expect(mutableGlobals("build/release.wasm")).toEqual(GLOBALS);
  });

  test("includes variables of a module and static fields", () => {
    const text =
      "let count: u32 = 0;\nexport class A {\n  static last: u32 = 0;\n}\nconst MAX = 1;";
    expect(report(moduleVariables([sample("assembly/sim/a.ts", text)]))).toEqual([
      "assembly/sim/a.ts:1: count is module-level state: make it a field of a class that the world owns",
      "assembly/sim/a.ts:3: last is module-level state: make it a field of a class that the world owns",
    ]);
  });

  test("does not include constants, methods and the world itself", () => {
    const text = "export class A {\n  static readonly MAX: u32 = 1;\n  static of(): A {}\n}";
    const world = sample("assembly/world.ts", "let world: World | null = null;");
    expect(moduleVariables([sample("assembly/sim/a.ts", text), world])).toEqual([]);
  });
});

function mutableGlobals(path: string): string[] {
  const module = binaryen.readBinary(readFileSync(join(ROOT, path)));
  const globals = Array.from({ length: module.getNumGlobals() }, (_, index) =>
    binaryen.getGlobalInfo(module.getGlobalByIndex(index)),
  );
  module.dispose();
  return globals
    .filter(({ mutable }) => mutable)
    .map(({ name }) => name)
    .sort();
}

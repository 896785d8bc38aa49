import { describe, expect, test } from "vitest";
import { headersWithoutLabels, withoutHeader } from "./rules/headers.js";
import { readSources, report, sample } from "./sources.js";

describe("the header of a file", () => {
  test("says of everything in the hardware and the kernel what it models, from which source", () => {
    const files = readSources(["assembly/hardware", "assembly/kernel"], [".ts"]);
    expect(report(headersWithoutLabels(files))).toEqual([]);
  });

  test("says of every other file what it is", () => {
    expect(
      report(withoutHeader(readSources(["assembly", "src", "scripts"], [".ts", ".mjs"]))),
    ).toEqual([]);
  });

  test("is missed", () => {
    const bare = sample("assembly/kernel/a.ts", "export class A {}");
    expect(report(headersWithoutLabels([bare]))).toEqual([
      "assembly/kernel/a.ts:1: begins without a header comment",
    ]);
    expect(report(withoutHeader([bare]))).toEqual([
      "assembly/kernel/a.ts:1: begins without a comment that says what it is",
    ]);
  });

  test("is incomplete without a source", () => {
    const text = "/**\n * A lock.\n *\n * Models:     one owner.\n */\nexport class Lock {}";
    expect(report(headersWithoutLabels([sample("assembly/kernel/lock.ts", text)]))).toEqual([
      'assembly/kernel/lock.ts:1: its header has no "Source:"',
    ]);
  });
});

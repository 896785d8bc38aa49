import { describe, expect, test } from "vitest";
import { longLines } from "./rules/line_length.js";
import { methodsOfRecords } from "./rules/records.js";
import { unusedImports } from "./rules/unused_imports.js";
import { readSources, report, sample } from "./sources.js";

const sources = readSources(["assembly", "src", "test", "scripts", ".ci"], [".ts", ".mjs"]);

describe("lines", () => {
  test("have at most 100 columns", () => {
    expect(report(longLines(sources))).toEqual([]);
  });

  test("are too long from column 101 on, unless a string or an address makes them so", () => {
    const text = [
      `// ${"a ".repeat(48)}b`,
      `// ${"a ".repeat(49)}b`,
      `  "${"a ".repeat(60)}",`,
      `  // see https://kernel.org/${"a".repeat(90)}`,
    ].join("\n");
    expect(report(longLines([sample("src/a.ts", text)]))).toEqual(["src/a.ts:2: 102 columns"]);
  });
});

describe("records", () => {
  test("have fields and no methods", () => {
    const core = sources.filter(({ path }) => path.startsWith("assembly/"));
    expect(report(methodsOfRecords(core))).toEqual([]);
  });

  test("are found when one has a method", () => {
    const text = "@unmanaged\nexport class A {\n  x: u32;\n  sum(): u32 {\n    return 1;\n  }\n}";
    expect(report(methodsOfRecords([sample("assembly/a.ts", text)]))).toEqual([
      "assembly/a.ts: A is a record: it has fields and no methods",
    ]);
  });
});

describe("imports", () => {
  test("are used", () => {
    expect(report(unusedImports(sources))).toEqual([]);
  });

  test("are found when a name of one is not", () => {
    const text = 'import { A, B as C } from "./a";\nexport const a: A = 1;';
    expect(report(unusedImports([sample("assembly/b.ts", text)]))).toEqual([
      "assembly/b.ts:1: C is imported and not used",
    ]);
  });
});

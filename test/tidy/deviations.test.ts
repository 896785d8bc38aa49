import { describe, expect, test } from "vitest";
import { repeatedDeviations, unmatchedDeviations } from "./rules/deviations.js";
import { readSources, readText, report, sample } from "./sources.js";

const LIST = "## D1\n\none\n\n## R2\n\ntwo\n";

describe("the list of deviations", () => {
  test("has an entry for each that is cited, and no other", () => {
    const sources = readSources(["assembly", "src", "docs", "test"], [".ts", ".md"]).filter(
      ({ path }) => !path.startsWith("test/tidy/"),
    );
    expect(report(unmatchedDeviations(readText("DEVIATIONS.md"), sources))).toEqual([]);
  });

  test("gives each number once", () => {
    expect(report(repeatedDeviations(readText("DEVIATIONS.md")))).toEqual([]);
  });

  test("lacks what is cited without an entry", () => {
    const source = sample("assembly/a.ts", "// (DEVIATIONS D1, D3)\n// (DEVIATIONS R2)");
    expect(report(unmatchedDeviations(LIST, [source]))).toEqual([
      "assembly/a.ts:1: DEVIATIONS.md has no entry D3",
    ]);
  });

  test("holds too much when nothing cites an entry", () => {
    const source = sample("assembly/a.ts", "// (DEVIATIONS D1)");
    expect(report(unmatchedDeviations(LIST, [source]))).toEqual([
      "DEVIATIONS.md:5: no file cites R2",
    ]);
  });

  test("is refused when two entries have one number", () => {
    expect(report(repeatedDeviations(`${LIST}\n## D1\n`))).toEqual([
      "DEVIATIONS.md:9: D1 is the number of another entry too",
    ]);
  });
});

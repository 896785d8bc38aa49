import { describe, expect, test } from "vitest";
import { weakTitles } from "./rules/test_titles.js";
import { readSources, report, sample } from "./sources.js";

describe("the titles of tests", () => {
  test("are statements, of tests that run", () => {
    const tests = readSources(["test"], [".test.ts"]).filter(
      ({ path }) => path !== "test/tidy/test_titles.test.ts",
    );
    expect(tests.length).toBeGreaterThan(10);
    expect(report(weakTitles(tests))).toEqual([]);
  });

  test.each([
    ['  test("should free the frame", () => {', "what should be"],
    ['  ])("%s should match", (a) => {', "what should be"],
    ['  test.only("frees the frame", () => {', "the other tests do not run"],
    ['  describe.skip("an mm", () => {', "never runs"],
  ])("are refused when written %s", (line, problem) => {
    expect(report(weakTitles([sample("test/a.test.ts", line)]))[0]).toContain(problem);
  });

  test("may hold any other word", () => {
    const line = '  test("frees the frame that shoulders the load", () => {';
    expect(weakTitles([sample("test/a.test.ts", line)])).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { chances } from "./rules/determinism.js";
import { readSources, report, sample } from "./sources.js";

/** Where results are made. Those that measure or show them may look at a clock. */
const FOLDERS = [
  "assembly",
  "src/abi",
  "src/base",
  "src/devices",
  "src/explore",
  "src/notifier",
  "src/protocols",
  "src/replay",
  "src/run",
  "src/scenario",
  "src/study",
  "src/sweep",
  "src/workload",
];

describe("what makes results", () => {
  test("knows no clock, date or unseeded chance", () => {
    expect(report(chances(readSources(FOLDERS, [".ts"])))).toEqual([]);
  });

  test.each(["Math.random()", "Date.now()", "new Date()", "performance.now()", "process.hrtime()"])(
    "does not say %s",
    (call) => {
      expect(chances([sample("src/run/a.ts", `const x = ${call};`)])).toHaveLength(1);
    },
  );
});

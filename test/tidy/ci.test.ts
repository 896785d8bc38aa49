import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readText, ROOT } from "./sources.js";

const PASSED = { status: "passed" };
const FAILED = { status: "failed" };
const SKIPPED = { status: "pending" };

function reportOf(success: boolean, ...suites: { status: string; assertionResults: object[] }[]) {
  return JSON.stringify({ success, testResults: suites });
}

describe("the last line of .ci/run", () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "tlbstorm-"));
  });

  afterAll(() => {
    rmSync(directory, { recursive: true });
  });

  const lastLine = (report: string | null, status: number) => {
    const file = join(directory, "report.json");
    if (report === null) rmSync(file, { force: true });
    else writeFileSync(file, report);
    const args = [join(ROOT, ".ci/count_tests.mjs"), file, String(status)];
    const run = spawnSync(process.execPath, args, { encoding: "utf8" });
    return `${run.stdout.trimEnd()} (${run.status})`;
  };

  test.each([
    [
      "3 passed, 0 failed (0)",
      reportOf(true, suite([PASSED, PASSED]), suite([PASSED, SKIPPED])),
      0,
    ],
    ["1 passed, 2 failed (1)", reportOf(false, suite([PASSED, FAILED, FAILED])), 1],
    [
      "1 passed, 1 failed (1)",
      reportOf(false, suite([PASSED]), { status: "failed", assertionResults: [] }),
      1,
    ],
    ["2 passed, 1 failed (1)", reportOf(true, suite([PASSED, PASSED])), 1],
    ["0 passed, 1 failed (1)", reportOf(true), 0],
    ["0 passed, 1 failed (1)", "", 1],
    ["0 passed, 1 failed (1)", '{"testResults": [', 1],
    ["0 passed, 1 failed (1)", null, 1],
  ])("is %s", (line, report, status) => {
    expect(lastLine(report, status)).toBe(line);
  });

  test("comes after the commands that README.md gives for the tests", () => {
    expect(readText(".ci/run")).toContain("\nnpm ci && npm test\n");
    expect(readText("README.md")).toContain("\nnpm ci && npm test\n");
  });

  test("is printed by a script that can be executed", () => {
    expect(statSync(join(ROOT, ".ci/run")).mode & 0o111).toBe(0o111);
  });
});

function suite(assertionResults: object[]) {
  const hasFailed = assertionResults.includes(FAILED);
  return { status: hasFailed ? "failed" : "passed", assertionResults };
}

import { existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { tlbstorm } from "./run_cli.js";

const directory = mkdtempSync(join(tmpdir(), "tlbstorm-study-"));
afterAll(() => {
  rmSync(directory, { recursive: true });
});

describe("tlbstorm study", () => {
  test.each([
    { args: ["--recording", "redis_safe"], says: "redis_save", because: "there is no such name" },
    { args: ["--report", join(directory, "no", "x.html")], says: "no such", because: "no place" },
    { args: ["--report", directory], says: "it is a directory", because: "no file" },
    { args: ["--seed", "-1"], says: "unsigned", because: "a seed is not negative" },
  ])("refuses $args with one message and leaves nothing behind: $because", ({ args, says }) => {
    const { exitCode, stdout, stderr } = tlbstorm(["study", ...args]);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(stderr).toContain(says);
    expect(readdirSync(directory)).toEqual([]);
  });

  test("prints its answers, writes its report whole and ends with 0", () => {
    const report = join(directory, "report.html");
    const args = ["study", "--recording", "fork_parent_writes_1", "--report", report, "--quiet"];
    const { exitCode, stdout, stderr } = tlbstorm(args);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toContain("7. How do the alternatives compare");
    expect(stdout).toContain(`report: ${report}`);
    expect(existsSync(report)).toBe(true);
    expect(readdirSync(directory)).toEqual(["report.html"]);
  }, 120_000);
});

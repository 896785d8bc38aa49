import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { missingRights } from "../../src/workload/perf_tool.js";
import { mainPath, startTlbstorm, tlbstorm } from "./run_cli.js";

const isRecordingPossible = (await missingRights({ perf: "perf", root: "/" })).length === 0;

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tlbstorm-record-test-"));
});

describe("tlbstorm record", () => {
  test("says what is missing where perf is not installed", () => {
    const out = join(directory, "true.jsonl.gz");
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [mainPath, "record", "--out", out, "--", process.execPath],
      { env: { PATH: directory }, encoding: "utf8" },
    );
    expect(stderr).toMatch(/recording is not possible here: .+\n {2}\S/);
    expect({ status, stdout, files: readdirSync(directory) }).toEqual({
      status: 2,
      stdout: "",
      files: [],
    });
  });

  test("refuses a program that there is not, before anything is written", () => {
    const out = join(directory, "x.jsonl.gz");
    const { exitCode, stderr } = tlbstorm(["record", "--out", out, "--", "no-such-program"]);
    expect(stderr).toBe(
      "error: no-such-program: there is no such program\n  give its path, or extend PATH\n",
    );
    expect({ exitCode, files: readdirSync(directory) }).toEqual({ exitCode: 2, files: [] });
  });

  test("refuses a place where nothing can be written, before the program runs", () => {
    const { exitCode, stderr } = tlbstorm(["record", "--out", directory, "--", "sleep", "60"]);
    expect(stderr).toBe(
      `error: ${directory}: cannot be written: it is a directory\n  name a file\n`,
    );
    expect(exitCode).toBe(2);
  });
});

describe.runIf(isRecordingPossible)("tlbstorm record, where perf may record", () => {
  test("writes a recording, and prints JSON alone on standard output", () => {
    const out = join(directory, "echo.jsonl.gz");
    const { exitCode, stdout } = tlbstorm(["record", "--json", "--out", out, "--", "echo", "hi"]);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: "tlbstorm.record/1",
      recording: out,
      exitStatus: 0,
      lost: 0,
    });
    expect({ exitCode, files: readdirSync(directory) }).toEqual({
      exitCode: 0,
      files: ["echo.jsonl.gz"],
    });
  });

  test("leaves nothing behind when it is interrupted, and ends with 130", async () => {
    const out = join(directory, "sh.jsonl.gz");
    const child = startTlbstorm(["record", "--out", out, "--", "sh", "-c", "echo on; sleep 60"]);
    const exit = once(child, "exit");
    await once(child.stdout, "data");
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
    expect(readdirSync(directory)).toEqual([]);
  });
});

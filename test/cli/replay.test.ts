import { copyFileSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { RunResult } from "../../src/run/result.js";
import { projectRoot, tlbstorm } from "./run_cli.js";

const SCENARIO = `
name: a small GPU
protocol: secondary-flush
devices: [{ name: gpu0, kind: gpu, lanes: 4 }]
`;

describe("tlbstorm replay with a scenario", () => {
  test("runs the recording beside the scenario's devices, as its workload would be run", () => {
    const replayed = tlbstorm(
      ["replay", "munmap_edge_1", "--scenario", "-", "--json", "--quiet"],
      SCENARIO,
    );
    const run = tlbstorm(
      ["run", "-", "--json", "--quiet"],
      `${SCENARIO}workload: { recording: munmap_edge_1 }`,
    );
    const [first, second] = [replayed, run].map(({ stdout }) => JSON.parse(stdout) as RunResult);
    expect(first).toMatchObject({ schema: "tlbstorm.run/1", digest: second!.digest });
    expect(first!.token).toBe(second!.token);
    expect(replayed.exitCode).toBe(run.exitCode);
  });

  test("refuses more than one recording, and says where many are run", () => {
    expect(tlbstorm(["replay", "git_gc", "brk_1", "--scenario", "-"], SCENARIO)).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringMatching(/one recording, not to 2\n {2}.*sweep/) as string,
    });
  });
});

describe("tlbstorm replay --check", () => {
  test("refuses a recording whose manifest is damaged, and names the line", () => {
    const directory = mkdtempSync(join(tmpdir(), "replay-"));
    copyFileSync(
      join(projectRoot, "recordings/micro/brk_1.jsonl.gz"),
      join(directory, "brk_1.jsonl.gz"),
    );
    writeFileSync(join(directory, "manifest.jsonl"), '{"file":"brk_1.jsonl.gz"}\n{"fi');
    expect(tlbstorm(["replay", "--check", join(directory, "brk_1.jsonl.gz")])).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringMatching(/manifest\.jsonl:2: the line is no JSON\n {2}/) as string,
    });
  });
});

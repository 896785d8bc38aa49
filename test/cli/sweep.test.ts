import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { describe, expect, test } from "vitest";
import { startTlbstorm, tlbstorm, type Outcome } from "./run_cli.js";

const scratch = mkdtempSync(join(tmpdir(), "tlbstorm-sweep-"));

function sweepFile(name: string, more = ""): string {
  const path = join(scratch, name);
  writeFileSync(
    path,
    `
name: protocols beside munmap
replicates: 2
scenario:
  name: one device
  protocol: none
  devices: [{ name: gpu0, kind: gpu, lanes: 4, access: { kind: live, pages: 64 } }]
  workload: { operations: [{ kind: munmap, pages: 16, period: 50us, repeat: 10 }] }
grid:
  protocol: [none, flush-at-end, secondary-flush]
${more}`,
  );
  return path;
}

const SWEEP = sweepFile("sweep.yaml");
/** Long enough to be interrupted. */
const LONG = sweepFile("long.yaml", "  workload.operations[0].repeat: [1000, 1001, 1002, 1003]\n");

function sweep(out: string, ...args: string[]): Outcome {
  return tlbstorm(["sweep", SWEEP, "--out", join(scratch, out), "--quiet", ...args]);
}

/** Runs that an interrupted sweep has finished. */
function finishedRuns(out: string): number {
  const directory = join(out, "runs");
  if (!existsSync(directory)) return 0;
  return readdirSync(directory).filter((name) => name.endsWith(".json")).length;
}

const bytesOf = (...path: string[]) => readFileSync(join(scratch, ...path)).toString("hex");

describe("tlbstorm sweep", () => {
  test("runs every point, and ends with 1 since some of them violate rules", () => {
    const { exitCode, stdout } = sweep("whole", "--format", "jsonl");
    expect(exitCode).toBe(1);
    const rows = readFileSync(join(scratch, "whole/results.jsonl"), "utf8").trimEnd().split("\n");
    const read = rows.map((row) => JSON.parse(row) as Record<string, unknown>);
    expect(read.map(({ protocol, replicate }) => [protocol, replicate])).toEqual([
      ["none", 0],
      ["none", 1],
      ["flush-at-end", 0],
      ["flush-at-end", 1],
      ["secondary-flush", 0],
      ["secondary-flush", 1],
    ]);
    expect(read[0]?.["violations.stale-read"]).toBeGreaterThan(0);
    expect(read[5]?.["violations.stale-read"]).toBe(0);
    expect(stdout).toMatch(/secondary-flush +2 +0 +0/);
  });

  test("gives rows whose tokens repeat their runs", () => {
    sweep("whole", "--format", "jsonl");
    const [row] = readFileSync(join(scratch, "whole/results.jsonl"), "utf8").split("\n");
    const { token, digest } = JSON.parse(row!) as { token: string; digest: string };
    expect(JSON.parse(tlbstorm(["token", token, "--json"]).stdout)).toMatchObject({ digest });
  });

  test("gives the same bytes on one thread, on two, and in shards joined by merge", () => {
    sweep("one", "--jobs", "1");
    sweep("two", "--jobs", "2");
    sweep("shards", "--shard", "1/2");
    sweep("shards", "--shard", "0/2");
    expect(tlbstorm(["merge", join(scratch, "shards")]).exitCode).toBe(0);
    expect(bytesOf("two", "results.parquet")).toBe(bytesOf("one", "results.parquet"));
    expect(bytesOf("shards", "results.parquet")).toBe(bytesOf("one", "results.parquet"));
  });

  test("does not run again what is finished", () => {
    sweep("twice");
    const { stdout } = sweep("twice", "--json");
    expect(JSON.parse(stdout)).toMatchObject({ schema: "tlbstorm.sweep/1", runs: 6, resumed: 6 });
  });

  test("goes on where it was interrupted, and comes to the same bytes", async () => {
    const out = join(scratch, "long");
    const args = ["sweep", LONG, "--out", out, "--quiet", "--jobs", "2", "--json"];
    const child = startTlbstorm(args);
    const exit = once(child, "exit");
    while (finishedRuns(out) < 3) await setTimeout(20);
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
    expect(readdirSync(out)).toEqual(["runs"]);
    const { resumed } = JSON.parse(tlbstorm(args).stdout) as { resumed: number };
    expect(resumed).toBeGreaterThanOrEqual(3);
    expect(readdirSync(out).sort()).toEqual(["results.parquet", "shard-00000-of-00001.jsonl"]);
    const interrupted = bytesOf("long", "results.parquet");
    rmSync(out, { recursive: true });
    tlbstorm(args);
    expect(bytesOf("long", "results.parquet")).toBe(interrupted);
  }, 120_000);

  test("makes a run again whose kept result is damaged", async () => {
    const out = join(scratch, "damaged");
    const args = ["sweep", LONG, "--out", out, "--quiet", "--jobs", "1", "--json"];
    const child = startTlbstorm(args);
    const exit = once(child, "exit");
    while (finishedRuns(out) < 2) await setTimeout(20);
    child.kill("SIGINT");
    await exit;
    const kept = readdirSync(join(out, "runs")).filter((name) => name.endsWith(".json"));
    writeFileSync(join(out, "runs", kept[0]!), '{"plan": "cut o');
    const { exitCode, stdout } = tlbstorm(args);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({ resumed: kept.length - 1 });
  }, 120_000);

  test("refuses a directory with results of another sweep", () => {
    sweep("taken");
    const other = sweepFile("other.yaml", "  era: [3.19]\n");
    expect(tlbstorm(["sweep", other, "--out", join(scratch, "taken")])).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: expect.stringMatching(/holds shard-00000-of-00001\.jsonl of another sweep/) as string,
    });
  });

  test("says where the sweep is wrong, and makes no directory", () => {
    const wrong = sweepFile("wrong.yaml", "  devices[].lanes: [4, many]\n");
    const out = join(scratch, "nothing");
    expect(tlbstorm(["sweep", wrong, "--out", out])).toEqual({
      exitCode: 2,
      stdout: "",
      stderr: `${wrong}:11:24: devices[0].lanes: expected a number, found "many"\n  write digits, without quotes or unit\n`,
    });
    expect(existsSync(out)).toBe(false);
  });
});

describe("a sweep file with several mistakes", () => {
  function mistakes(...lines: string[]): string[] {
    const path = join(scratch, "mistakes.yaml");
    writeFileSync(path, `${lines.join("\n")}\n`);
    const { exitCode, stderr } = tlbstorm(["sweep", path, "--out", join(scratch, "nothing")]);
    expect(exitCode).toBe(2);
    return stderr.split("\n").filter((line) => !line.startsWith("  ") && line !== "");
  }

  test("is told all of them, its own before those of the scenario that it names", () => {
    const base = join(scratch, "base.yaml");
    writeFileSync(base, "name: n\nprotocol: none\nmachine: { cores: 0 }\n");
    const grid = ["grid:", "  machin.frames: [64]", "  era: [3.18]"];
    expect(mistakes("nam: s", "scenario: base.yaml", "replicates: 0", ...grid)).toEqual([
      expect.stringMatching(/mistakes\.yaml:1:1: nam: unknown key$/),
      expect.stringMatching(/mistakes\.yaml:3:13: replicates: 0 is out of range: at least 1$/),
      expect.stringMatching(/mistakes\.yaml:5:3: machin\.frames: unknown key$/),
      expect.stringMatching(/mistakes\.yaml:6:9: era: 3\.18 is not known here$/),
      expect.stringMatching(/base\.yaml:3:19: machine\.cores: 0 is out of range: at least 1$/),
    ]);
  });

  test("is told of its paths although the scenario that it names is not there", () => {
    expect(mistakes("name: s", "scenario: nowhere.yaml", "grid: { machin.cores: [2] }")).toEqual([
      expect.stringMatching(/mistakes\.yaml:2:11: scenario: .*nowhere\.yaml: cannot be read/),
      expect.stringMatching(/mistakes\.yaml:3:9: machin\.cores: unknown key$/),
    ]);
  });
});

describe("tlbstorm merge", () => {
  test("names the shards that are missing, and what brings them", () => {
    sweep("parts", "--shard", "1/4");
    const directory = join(scratch, "parts");
    expect(tlbstorm(["merge", directory])).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        `error: ${directory}: shards 0, 2, 3 of 4 missing, counted from 0\n` +
        "  run tlbstorm sweep SWEEP --shard 0/4, or with Slurm sbatch --array=0,2,3\n",
    });
    expect(readdirSync(directory)).toEqual(["shard-00001-of-00004.jsonl"]);
  });

  test("refuses shards of two cuttings", () => {
    sweep("mixed", "--shard", "0/2");
    sweep("mixed", "--shard", "1/3");
    expect(tlbstorm(["merge", join(scratch, "mixed")])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("shard-00000-of-00002.jsonl beside shard-00001") as string,
    });
  });

  test("refuses a shard that was cut short", () => {
    sweep("broken");
    const shard = join(scratch, "broken", "shard-00000-of-00001.jsonl");
    writeFileSync(shard, readFileSync(shard, "utf8").slice(0, -100));
    expect(tlbstorm(["merge", join(scratch, "broken")])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringMatching(/not a whole shard.*\n {2}remove it and run/) as string,
    });
  });
});

import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { beforeAll, describe, expect, test } from "vitest";
import type { RunResult } from "../../src/run/result.js";
import { findRecording } from "../../src/cli/recordings.js";
import { readRunToken } from "../../src/run/token.js";
import { tlbstorm, type Outcome } from "./run_cli.js";

const scratch = mkdtempSync(join(tmpdir(), "tlbstorm-run-"));
/** A short program with munmap, MADV_DONTNEED, mprotect and copies after fork. */
const RECORDING = "random_anon_1";

function scenario(protocol: string, more = ""): string {
  return [
    `name: ${protocol} beside a short program`,
    `protocol: ${protocol}`,
    `workload: { recording: ${RECORDING} }`,
    "devices:",
    "  - { name: gpu0, kind: gpu, access: { kind: live, think: 50ns } }",
    more,
  ].join("\n");
}

const parsed = ({ stdout }: Outcome) => JSON.parse(stdout) as RunResult;

describe("tlbstorm run", () => {
  test("ends with 0 and prints the same digest twice where nothing was violated", () => {
    const runs = [1, 2].map(() => tlbstorm(["run", "-", "--json"], scenario("secondary-flush")));
    const [first, second] = runs.map(parsed);
    expect(first).toMatchObject({ schema: "tlbstorm.run/1", violations: [] });
    expect(first!.steps).toBeGreaterThan(10_000);
    expect(second!.digest).toBe(first!.digest);
    expect(runs.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
  });

  test("goes another way with another seed", () => {
    const [first, second] = ["1", "2"].map((seed) =>
      parsed(tlbstorm(["run", "-", "--json", "--seed", seed], scenario("secondary-flush"))),
    );
    expect(first!.digest).not.toBe(second!.digest);
  });

  test("ends with 1 when a device without callbacks reads what was freed", () => {
    const run = tlbstorm(["run", "-", "--json"], scenario("none"));
    expect(parsed(run).violations.map(({ rule }) => rule)).toContain("stale-read");
    expect(run.exitCode).toBe(1);
  });

  test("prints exact counts and modelled times apart, within 80 columns", () => {
    const { stdout } = tlbstorm(["run", "-"], scenario("secondary-flush"));
    const [head, counts, times] = stdout.split(/^(?=Exact counts|Modelled times)/m);
    expect(head).toContain("protocol secondary-flush, seed 1");
    expect(counts).toMatch(/calls of invalidate_range_start +[\d,]+\n/);
    expect(times).toMatch(/invalidation to completion +[\d,]+ +[\d.]+ us/);
    const wide = stdout.split("\n").filter((line) => line.length > 80 && !/r1\./.test(line));
    expect(wide).toEqual([]);
  });

  test("writes the result, the scenario with its sources and the statistics of gem5's shape", () => {
    const out = join(scratch, "out");
    const run = tlbstorm(["run", "-", "--json", "--out", out], scenario("secondary-flush"));
    const read = (name: string) => readFileSync(join(out, name), "utf8");
    expect(readdirSync(out).sort()).toEqual(["config.json", "result.json", "stats.txt"]);
    expect(JSON.parse(read("result.json"))).toEqual(parsed(run));
    expect(JSON.parse(read("config.json"))).toMatchObject({
      scenario: { protocol: { id: "secondary-flush" } },
      settings: expect.arrayContaining([
        expect.objectContaining({ path: "devices[0].access.think", from: "scenario" }),
      ]) as unknown,
    });
    expect(read("stats.txt")).toMatch(/^mm\.rangeStarts +\d+ +# .* \(Count\)$/m);
  });

  const header = readFileSync(findRecording(RECORDING));
  const broken = join(scratch, "broken.jsonl.gz");
  const short = join(scratch, "short.jsonl");

  beforeAll(() => {
    writeFileSync(broken, header.subarray(0, 500));
    const lines = gunzipSync(header).toString("utf8").split("\n");
    writeFileSync(short, lines.slice(0, -3).join("\n"));
  });

  test.each([
    {
      because: "the recording does not exist",
      text: scenario("none").replace(RECORDING, "nobody_recorded_this"),
      says: "there is no such recording",
    },
    {
      because: "the recording is damaged",
      text: scenario("none").replace(RECORDING, broken),
      says: broken,
    },
    {
      because: "the recording is cut short",
      text: scenario("none").replace(RECORDING, short),
      says: "The file was cut short",
    },
    {
      because: "a device has no PASID",
      text: scenario("none").replace("kind: gpu,", "kind: gpu, pasid: 0,"),
      says: "a device without PASID cannot share an address space",
    },
    {
      because: "the protocol is unknown",
      text: scenario("nono"),
      says: "nono",
    },
  ])("ends with 2 and leaves nothing behind when $because", ({ text, says }) => {
    const out = join(scratch, "never");
    const { exitCode, stdout, stderr } = tlbstorm(["run", "-", "--out", out], text);
    expect(stderr).toContain(says);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
    expect(readdirSync(scratch)).not.toContain("never");
  });
});

describe("the token of a run", () => {
  let run: RunResult;

  beforeAll(() => {
    run = parsed(tlbstorm(["run", "-", "--json"], scenario("none")));
  });

  test("repeats the run, and its violation at the same time", () => {
    const { rule, atNs, token } = run.violations[0]!;
    const repeated = tlbstorm(["token", token, "--json"]);
    expect(JSON.parse(repeated.stdout)).toMatchObject({
      digest: run.digest,
      property: rule,
      reproduced: true,
      violations: expect.arrayContaining([expect.objectContaining({ rule, atNs })]) as unknown,
    });
    expect(repeated.exitCode).toBe(1);
  });

  test("names the violated rule behind everything else", () => {
    const { rule, atNs, token } = run.violations[0]!;
    const { stdout } = tlbstorm(["token", token]);
    expect(stdout.trimEnd().split("\n").at(-1)).toMatch(`${rule}, violated at ${atNs} ns`);
  });

  test("holds what differs from the defaults, and no more", () => {
    const { scenario, program, violation } = readRunToken(run.violations[0]!.token);
    expect(scenario.devices[0]).toMatchObject({ access: { think: { model: "fixed", ns: 50 } } });
    expect({ program, rule: violation?.rule }).toEqual({
      program: RECORDING,
      rule: run.violations[0]!.rule,
    });
  });

  test.each([
    { because: "a letter is changed", of: (token: string) => token.replace("r1.ey", "r1.eZ") },
    { because: "it is cut short", of: (token: string) => token.slice(0, -3) },
    { because: "its kind is unknown", of: (token: string) => `q${token.slice(1)}` },
  ])("is refused with 2 when $because", ({ of }) => {
    const { exitCode, stdout, stderr } = tlbstorm(["token", of(run.token)]);
    expect(stderr).toMatch(/^error: token: /);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });
});

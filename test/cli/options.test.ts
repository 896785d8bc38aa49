import { CommanderError } from "commander";
import { describe, expect, test } from "vitest";
import { exploreCommand } from "../../src/cli/commands/explore.js";
import { replayCommand } from "../../src/cli/commands/replay.js";
import { runCommand } from "../../src/cli/commands/run.js";
import { studyCommand } from "../../src/cli/commands/study.js";
import { mergeCommand, parseShard, sweepCommand } from "../../src/cli/commands/sweep.js";
import { UserError } from "../../src/cli/errors.js";
import type { CommandResult } from "../../src/cli/result.js";
import { OPERATION_IDS } from "../../src/explore/operations.js";
import { builtinProtocol } from "../../src/protocols/catalogue.js";
import { OPERATIONS, wordsOf } from "../../src/scenario/vocabulary.js";
import { projectRoot } from "./run_cli.js";

const EXAMPLE = `${projectRoot}examples/gpu_munmap.yaml`;

interface Parsable {
  exitOverride(): this;
  configureOutput(output: { writeErr: (text: string) => void }): this;
  parseAsync(args: string[], options: { from: "user" }): Promise<unknown>;
}

/** Runs a command whose work only notes what it was asked for. */
async function asked<Args extends unknown[]>(
  build: (work: (...args: Args) => Promise<CommandResult>) => Parsable,
  args: string[],
): Promise<Args> {
  const calls: Args[] = [];
  const command = build((...received) => {
    calls.push(received);
    return Promise.resolve({ json: {}, text: "", found: false });
  });
  command.exitOverride().configureOutput({ writeErr: () => undefined });
  await command.parseAsync([...args, "--quiet"], { from: "user" });
  return calls[0]!;
}

describe("tlbstorm run", () => {
  test("lets the command line win over the scenario", async () => {
    const args = "--seed 18446744073709551615 --era 3.17 --protocol empty-table --until 9events";
    const [loaded] = await asked(runCommand, [EXAMPLE, ...args.split(" ")]);
    expect(loaded.resolved).toMatchObject({
      seed: 18446744073709551615n,
      era: "3.17",
      protocol: { id: "empty-table" },
      until: { kind: "events", events: 9 },
    });
  });

  test.each([
    ["--seed", "-1"],
    ["--era", "6.20"],
    ["--protocol", "empty-tabel"],
    ["--until", "soon"],
  ])("refuses %s %s", async (option, value) => {
    await expect(asked(runCommand, [EXAMPLE, option, value])).rejects.toThrow(CommanderError);
  });
});

describe("tlbstorm explore", () => {
  test("takes the smallest world for what is not said", async () => {
    const [requests] = await asked(exploreCommand, ["--protocol", "none", "--operation", "cow"]);
    expect(requests).toEqual([
      { protocol: builtinProtocol("none"), operation: "cow", devices: 1, pages: 1, retryLimit: 3 },
    ]);
  });

  test("takes a scenario, and lets the command line win", async () => {
    const [requests] = await asked(exploreCommand, [EXAMPLE, "--retry-limit", "unlimited"]);
    expect(requests).toMatchObject([
      { protocol: { id: "secondary-flush" }, operation: "munmap", retryLimit: "unlimited" },
    ]);
  });

  test("makes a matrix of one protocol with every operation", async () => {
    const [requests, { all }] = await asked(exploreCommand, ["--all", "--protocol", "pinned"]);
    expect(new Set(requests.map(({ protocol }) => protocol.id))).toEqual(new Set(["pinned"]));
    expect(requests.map(({ operation }) => operation)).toContain("collapse");
    expect({ cells: requests.length, all }).toEqual({ cells: 8, all: true });
  });

  test("leaves operations out of a matrix that cannot cover so many pages", async () => {
    const args = ["--all", "--protocol", "none", "--pages", "2"];
    const [requests] = await asked(exploreCommand, args);
    expect(requests.map(({ operation }) => operation)).toEqual([
      "munmap",
      "munmap_late",
      "dontneed",
      "mprotect",
      "cow",
      "migrate",
      "ksm",
    ]);
  });

  test("refuses a single operation that cannot cover so many pages", async () => {
    const args = ["--protocol", "none", "--operation", "collapse", "--pages", "2"];
    await expect(asked(exploreCommand, args)).rejects.toThrow(UserError);
  });

  test("refuses to guess the operation", async () => {
    await expect(asked(exploreCommand, ["--protocol", "none"])).rejects.toThrow(UserError);
  });
});

describe("the operations a scenario may name", () => {
  test("are those that can be explored", () => {
    expect(wordsOf(OPERATIONS)).toEqual(OPERATION_IDS);
  });
});

describe("tlbstorm replay", () => {
  test("finds recordings by name, and the devices of a scenario", async () => {
    const args = ["git_gc", "--check", "--scenario", EXAMPLE];
    const [paths, { check, scenario }] = await asked(replayCommand, args);
    expect(paths).toEqual([expect.stringMatching(/git_gc\.jsonl\.gz$/)]);
    expect({ check, gpu: scenario?.resolved.devices[0]?.name }).toEqual({
      check: true,
      gpu: "gpu0",
    });
  });

  test("refuses a recording that is not there", async () => {
    await expect(asked(replayCommand, ["git_gcc"])).rejects.toThrow(UserError);
  });
});

describe("tlbstorm study", () => {
  test("writes a report unless it is asked not to", async () => {
    const [first] = await asked(studyCommand, []);
    const [second] = await asked(studyCommand, ["--no-report"]);
    expect([first.report, second.report]).toEqual(["tlbstorm-study.html", null]);
  });
});

describe("a shard", () => {
  test("is counted from 0, and is the whole sweep unless it is named", async () => {
    const [, whole] = await asked(sweepCommand, ["s.yaml"]);
    expect([whole.shard, parseShard("49/50")]).toEqual([
      { index: 0, count: 1 },
      { index: 49, count: 50 },
    ]);
  });

  test.each(["50/50", "1", "-1/2", "a/b"])("is never %s", (text) => {
    expect(() => parseShard(text)).toThrow();
  });

  test("is joined with the others of its directory", async () => {
    expect(await asked(mergeCommand, ["out/sweep"])).toEqual(["out/sweep", { format: "parquet" }]);
  });
});

/**
 * `tlbstorm sweep SWEEP` and `tlbstorm merge DIRECTORY`: many runs, and the joining of their
 * shards.
 */
import { join, parse } from "node:path";
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import type { Shard } from "../../sweep/shard.js";
import { TABLE_FORMATS, type TableFormat } from "../../sweep/table.js";
import { examples, jsonOption, newCommand, quietOption, wholeNumber } from "../options.js";
import { deliver, type CommandResult } from "../result.js";

export interface SweepOptions {
  /** Runs at the same time; null for as many as there are cores. */
  jobs: number | null;
  shard: Shard;
  out: string;
  format: TableFormat;
  quiet?: true | undefined;
}

export interface MergeOptions {
  format: TableFormat;
}

const JOBS_MAX = 1024;

const SHARD_FORM = "Write I/N with N from 1 to 999999 and I from 0 to N - 1, for example 0/8.";

/** Reads I/N with 0 <= I < N, as the array index of a cluster scheduler comes. */
export function parseShard(text: string): Shard {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  if (match === null) throw new InvalidArgumentError(SHARD_FORM);
  const [index, count] = [Number(match[1]), Number(match[2])];
  if (index < count) return { index, count };
  if (count === 0) throw new InvalidArgumentError(SHARD_FORM);
  throw new InvalidArgumentError(
    `Shards are counted from 0: ${index} is not in 0 to ${count - 1}.`,
  );
}

const SWEEP_FILE = `

A sweep file:
  name: how often a device asks before it gives up
  scenario: gpu_munmap.yaml            # a path from here, or the scenario itself
  replicates: 3                        # runs of each point, with seeds of their own
  grid:                                # paths as in \`tlbstorm describe\`; [] is every device
    protocol: [empty-table, secondary-flush]
    devices[].retryLimit: [1, 2, 4, unlimited]`;

export function sweepCommand(
  sweep: (path: string, options: SweepOptions) => Promise<CommandResult>,
) {
  return newCommand("sweep")
    .summary("many runs over a grid of values")
    .description(
      "Runs a scenario with every combination of the values of a grid. What is finished is not run " +
        "again, so an interrupted sweep goes on where it was. A shard is every N-th run, for the " +
        "array jobs of a cluster. It ends with 1 when a run broke a rule or a device failed, else with 0; " +
        "both mean that all runs are done.",
    )
    .argument("<sweep>", "sweep file in YAML or JSON; - reads standard input")
    .addOption(
      new Option(
        "--jobs <number>",
        "runs at the same time; as many as there are cores if left out",
      ).argParser(wholeNumber(1, JOBS_MAX)),
    )
    .addOption(
      new Option("--shard <i/n>", "only shard i of n, counted from 0")
        .argParser(parseShard)
        .default({ index: 0, count: 1 }, "0/1"),
    )
    .option("--out <directory>", "where the results are collected; out/SWEEP if left out")
    .addOption(formatOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm sweep examples/sweeps/retry_limits.yaml", "every run, on every core"],
        ["tlbstorm sweep sweep.yaml --shard $SLURM_ARRAY_TASK_ID/50", "one array job of 50"],
      ) + SWEEP_FILE,
    )
    .action(async (path, { jobs, shard, out, format, quiet, json }) => {
      const result = await sweep(path, {
        jobs: jobs ?? null,
        shard,
        out: out ?? join("out", path === "-" ? "sweep" : parse(path).name),
        format,
        quiet,
      });
      deliver(result, { json });
    });
}

export function mergeCommand(
  merge: (directory: string, options: MergeOptions) => Promise<CommandResult>,
) {
  return newCommand("merge")
    .summary("joins the shards of a sweep")
    .description(
      "Joins the results of all shards of a sweep. It refuses shards of different sweeps, and says " +
        "which shards are missing.",
    )
    .argument("<directory>", "where the shards lie")
    .addOption(formatOption())
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText("after", examples(["tlbstorm merge out/sweep", "one file of all results"]))
    .action(async (directory, { format, json }) => {
      deliver(await merge(directory, { format }), { json });
    });
}

const formatOption = () =>
  new Option("--format <format>", "format of the results")
    .choices(TABLE_FORMATS)
    .default("parquet" as const);

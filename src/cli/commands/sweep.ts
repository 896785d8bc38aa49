/**
 * `tlbstorm sweep SWEEP` and `tlbstorm merge DIRECTORY`: many runs, and the joining of their
 * shards.
 */
import { InvalidArgumentError, Option } from "@commander-js/extra-typings";
import { examples, jsonOption, newCommand, quietOption, wholeNumber } from "../options.js";
import { deliver, type CommandResult } from "../result.js";

/** Shard `index` of `count`, counted from 0. */
export interface Shard {
  index: number;
  count: number;
}

export interface SweepOptions {
  jobs: number | null;
  shard: Shard;
  out: string;
  quiet?: true | undefined;
}

const JOBS_MAX = 1024;

/** Reads I/N with 0 <= I < N, as the array index of a cluster scheduler comes. */
export function parseShard(text: string): Shard {
  const match = /^(\d{1,6})\/(\d{1,6})$/.exec(text);
  if (match === null) throw new InvalidArgumentError("Write I/N, for example 0/8.");
  const [index, count] = [Number(match[1]), Number(match[2])];
  if (index < count) return { index, count };
  throw new InvalidArgumentError(
    `Shards are counted from 0: ${index} is not in 0 to ${count - 1}.`,
  );
}

export function sweepCommand(
  sweep: (path: string, options: SweepOptions) => Promise<CommandResult>,
) {
  return newCommand("sweep")
    .summary("many runs over a grid of values")
    .description(
      "Runs every point of a sweep. What is finished is not run again, so an interrupted sweep goes " +
        "on where it was. A shard is every N-th point, for the array jobs of a cluster.",
    )
    .argument("<sweep>", "sweep file in YAML or JSON")
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
    .option("--out <directory>", "where the results are collected", "out/sweep")
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText(
      "after",
      examples(
        ["tlbstorm sweep sweep.yaml", "every point, on every core"],
        ["tlbstorm sweep sweep.yaml --shard $SLURM_ARRAY_TASK_ID/50", "one array job of 50"],
      ),
    )
    .action(async (path, { jobs, shard, out, quiet, json }) => {
      deliver(await sweep(path, { jobs: jobs ?? null, shard, out, quiet }), { json });
    });
}

export function mergeCommand(merge: (directory: string) => Promise<CommandResult>) {
  return newCommand("merge")
    .summary("joins the shards of a sweep")
    .description(
      "Joins the results of all shards of a sweep. It refuses shards of different sweeps, and says " +
        "which shards are missing.",
    )
    .argument("<directory>", "where the shards lie")
    .addOption(jsonOption())
    .addOption(quietOption())
    .addHelpText("after", examples(["tlbstorm merge out/sweep", "one file of all results"]))
    .action(async (directory, options) => {
      deliver(await merge(directory), options);
    });
}

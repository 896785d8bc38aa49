/** What `tlbstorm merge` does: joins the shards of a sweep to one table. */
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { joinShards, UnfitShards, type NamedShard } from "../sweep/join.js";
import { BrokenShard, readShard, shardOfName } from "../sweep/shard.js";
import { tableOf } from "../sweep/table.js";
import type { MergeOptions } from "./commands/sweep.js";
import { UserError } from "./errors.js";
import { fileError, writeOutputs } from "./files.js";
import type { CommandResult } from "./result.js";

export async function merge(directory: string, { format }: MergeOptions): Promise<CommandResult> {
  const { name, plan, shards, rows } = await joined(directory);
  const file = `results.${format}`;
  await writeOutputs(directory, [[file, tableOf(rows, format, { name, plan })]]);
  const results = join(directory, file);
  return {
    json: { schema: "tlbstorm.merge/1", sweep: name, plan, shards, runs: rows.length, results },
    text: `${name}: ${rows.length} runs of ${shards} ${shards === 1 ? "shard" : "shards"}\nresults: ${results}`,
    found: false,
  };
}

async function joined(directory: string): Promise<ReturnType<typeof joinShards>> {
  try {
    return joinShards(await shardsIn(directory));
  } catch (error) {
    if (error instanceof UnfitShards) throw new UserError(directory, error.problem, error.hint);
    throw error;
  }
}

async function shardsIn(directory: string): Promise<NamedShard[]> {
  const names = await readdir(directory).catch((error: unknown) => {
    const isFile = error instanceof Error && "code" in error && error.code === "ENOTDIR";
    if (isFile) throw new UserError(directory, "is not a directory", "name the --out of the sweep");
    throw fileError(directory, "cannot be read", error);
  });
  const files = names.filter((name) => shardOfName(name) !== null).sort();
  return Promise.all(files.map(async (file) => ({ file, ...(await readWhole(directory, file)) })));
}

async function readWhole(directory: string, file: string): Promise<ReturnType<typeof readShard>> {
  try {
    return readShard(await readFile(join(directory, file), "utf8"));
  } catch (error) {
    if (!(error instanceof BrokenShard)) throw fileError(file, "cannot be read", error);
    throw new UserError(
      join(directory, file),
      `this is not a whole shard: ${error.message}`,
      "remove it and run that shard again",
    );
  }
}

/**
 * The directory of a sweep: finished runs until their shard is complete, finished shards, results.
 *
 *   runs/PLAN-RUN.json            a finished run; a later start of the sweep takes it up
 *   shard-00000-of-00001.jsonl    a finished shard
 *   results.parquet               all shards, joined
 */
import { readdir, readFile, rm, rmdir } from "node:fs/promises";
import { join } from "node:path";
import { z } from "zod";
import type { Plan, PlannedRun } from "../sweep/plan.js";
import type { Row } from "../sweep/row.js";
import {
  BrokenShard,
  readShard,
  runsOfShard,
  shardName,
  shardOfName,
  shardText,
  type Shard,
  type ShardFile,
} from "../sweep/shard.js";
import { UserError } from "./errors.js";
import { fileError, writeOutputs } from "./files.js";

const HASH_DIGITS = 12;

const keptShape = z.strictObject({
  plan: z.string(),
  row: z.record(z.string(), z.union([z.number(), z.string(), z.boolean(), z.null()])),
});

export class SweepStore {
  constructor(
    private readonly directory: string,
    private readonly plan: Plan,
  ) {}

  /** Refuses a directory that holds results of another sweep. */
  async check(): Promise<void> {
    for (const name of await namesIn(this.directory)) {
      const shard = await shardIn(this.directory, name);
      if (shard === null || shard.header.plan === this.plan.hash) continue;
      throw new UserError(
        this.directory,
        `holds ${name} of another sweep, or of this one before it was changed`,
        "choose another --out, or remove the directory",
      );
    }
  }

  /** The rows of a finished shard, or null. */
  async finished(shard: Shard): Promise<readonly Row[] | null> {
    const file = await shardIn(this.directory, shardName(shard));
    const isOurs = file?.header.plan === this.plan.hash;
    return isOurs ? file.rows : null;
  }

  /** The row of a finished run, or null. */
  async row(run: PlannedRun): Promise<Row | null> {
    const text = await readFile(join(this.directory, this.runName(run)), "utf8").catch(() => null);
    if (text === null) return null;
    const kept = keptRun(text);
    return kept?.plan === this.plan.hash ? kept.row : null;
  }

  async keep(run: PlannedRun, row: Row): Promise<void> {
    const text = JSON.stringify({ plan: this.plan.hash, row });
    await writeOutputs(this.directory, [[this.runName(run), `${text}\n`]]);
  }

  /** Writes the shard and removes what it was made from. */
  async finish(shard: Shard, rows: readonly Row[]): Promise<void> {
    await writeOutputs(this.directory, [[shardName(shard), shardText(this.plan, shard, rows)]]);
    for (const run of runsOfShard(this.plan, shard)) {
      await rm(join(this.directory, this.runName(run)), { force: true });
    }
    // Other shards may still have runs there.
    await rmdir(join(this.directory, "runs")).catch(() => undefined);
  }

  private runName({ run }: PlannedRun): string {
    return join("runs", `${this.plan.hash.slice(0, HASH_DIGITS)}-${run}.json`);
  }
}

/** The shard in a file of that name; null for other files and for what is no whole shard. */
export async function shardIn(directory: string, name: string): Promise<ShardFile | null> {
  const place = shardOfName(name);
  if (place === null) return null;
  const text = await readFile(join(directory, name), "utf8").catch(() => null);
  if (text === null) return null;
  try {
    return readShard(text);
  } catch (error) {
    if (error instanceof BrokenShard) return null;
    throw error;
  }
}

/** What lies in a directory; nothing when it is not there yet. */
async function namesIn(directory: string): Promise<string[]> {
  try {
    return (await readdir(directory)).sort();
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw fileError(directory, "cannot be read", error);
  }
}

/** What a finished run left; null when the file is damaged, so that the run is made again. */
function keptRun(text: string): { plan: string; row: Row } | null {
  try {
    const kept = JSON.parse(text) as unknown;
    return keptShape.safeParse(kept).data ?? null;
  } catch {
    return null;
  }
}

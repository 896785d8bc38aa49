/** Joins shards to the table of the whole sweep, or says why they are not one. */
import type { Row } from "./row.js";
import type { ShardFile } from "./shard.js";

export interface NamedShard extends ShardFile {
  readonly file: string;
}

/** The shards are not those of one sweep, or not all of them. */
export class UnfitShards extends Error {
  override readonly name = "UnfitShards";

  constructor(
    readonly problem: string,
    readonly hint: string,
  ) {
    super(problem);
  }
}

export interface Joined {
  readonly name: string;
  readonly plan: string;
  readonly shards: number;
  /** By rising number of the run: the same rows in the same order for any number of shards. */
  readonly rows: readonly Row[];
}

/** Throws UnfitShards. */
export function joinShards(shards: readonly NamedShard[]): Joined {
  const [first] = shards;
  if (first === undefined) throw new UnfitShards("holds no shards", "run tlbstorm sweep first");
  refuseMixed(shards, "results of different sweeps", ({ header }) => header.plan);
  refuseMixed(shards, "cuttings into different numbers of shards", ({ header }) => header.of);
  const { name, plan, of, runs } = first.header;
  refuseMissing(shards, of);
  const rows = shards.flatMap((shard) => shard.rows).sort((a, b) => runOf(a) - runOf(b));
  if (rows.length !== runs) {
    throw new UnfitShards(
      `${rows.length} rows of ${runs} runs`,
      "a shard was changed; run it again",
    );
  }
  return { name, plan, shards: of, rows };
}

function runOf(row: Row): number {
  return Number(row["run"]);
}

function refuseMixed(
  shards: readonly NamedShard[],
  what: string,
  key: (shard: NamedShard) => string | number,
): void {
  const groups = new Map<string | number, string[]>();
  for (const shard of shards) {
    const of = key(shard);
    groups.set(of, [...(groups.get(of) ?? []), shard.file]);
  }
  if (groups.size <= 1) return;
  const files = [...groups.values()].map((group) => group.join(", "));
  throw new UnfitShards(
    `${what} lie here: ${files.join(" beside ")}`,
    "give each sweep a directory of its own, or remove the files that do not belong",
  );
}

function refuseMissing(shards: readonly NamedShard[], count: number): void {
  const present = new Set(shards.map(({ header }) => header.shard));
  const missing = Array.from({ length: count }, (_, index) => index).filter(
    (index) => !present.has(index),
  );
  if (missing.length === 0) return;
  const list = missing.join(",");
  const [one] = missing;
  const are = missing.length === 1 ? "shard" : "shards";
  throw new UnfitShards(
    `${are} ${missing.join(", ")} of ${count} missing, counted from 0`,
    `run tlbstorm sweep SWEEP --shard ${one}/${count}, or with Slurm sbatch --array=${list}`,
  );
}

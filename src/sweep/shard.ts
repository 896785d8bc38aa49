/**
 * A shard: every n-th run of a plan, with its results in one file of JSON lines.
 *
 *   {"schema":"tlbstorm.shard/1", plan, shard, of, rows}
 *   one row a line, by rising number of the run
 */
import type { Plan, PlannedRun } from "./plan.js";
import type { Row } from "./row.js";

/** Shard `index` of `count`, counted from 0. */
export interface Shard {
  readonly index: number;
  readonly count: number;
}

export interface ShardHeader {
  readonly schema: "tlbstorm.shard/1";
  readonly name: string;
  /** The hash of the plan that the rows belong to. */
  readonly plan: string;
  readonly shard: number;
  readonly of: number;
  readonly rows: number;
  /** Runs of the whole sweep. */
  readonly runs: number;
}

export interface ShardFile {
  readonly header: ShardHeader;
  readonly rows: readonly Row[];
}

/** A file that is not a whole shard. */
export class BrokenShard extends Error {
  override readonly name = "BrokenShard";
}

/** Every n-th run, so that costly points are dealt out evenly. */
export function runsOfShard({ runs }: Plan, { index, count }: Shard): PlannedRun[] {
  return runs.filter(({ run }) => run % count === index);
}

const DIGITS = 5;

export function shardName({ index, count }: Shard): string {
  const padded = (value: number) => String(value).padStart(DIGITS, "0");
  return `shard-${padded(index)}-of-${padded(count)}.jsonl`;
}

/** Which shard a file of that name holds; null: it is none. */
export function shardOfName(name: string): Shard | null {
  const match = /^shard-(\d+)-of-(\d+)\.jsonl$/.exec(name);
  return match === null ? null : { index: Number(match[1]), count: Number(match[2]) };
}

export function shardText(plan: Plan, { index, count }: Shard, rows: readonly Row[]): string {
  const header: ShardHeader = {
    schema: "tlbstorm.shard/1",
    name: plan.name,
    plan: plan.hash,
    shard: index,
    of: count,
    rows: rows.length,
    runs: plan.runs.length,
  };
  return [header, ...rows].map((line) => `${JSON.stringify(line)}\n`).join("");
}

/** Throws BrokenShard. */
export function readShard(text: string): ShardFile {
  const [first, ...lines] = text.split("\n");
  const header = parseLine(first ?? "") as Partial<ShardHeader> | null;
  if (header?.schema !== "tlbstorm.shard/1") throw new BrokenShard("its first line is no header");
  const whole = header as ShardHeader;
  const rows = lines.slice(0, -1).map((line) => parseLine(line) as Row | null);
  if (lines.at(-1) !== "" || rows.length !== whole.rows || rows.includes(null)) {
    throw new BrokenShard(`it does not hold its ${whole.rows} rows`);
  }
  const found = rows as Row[];
  const isInOrder = found.every((row, place) => row["run"] === place * whole.of + whole.shard);
  if (!isInOrder) throw new BrokenShard("its rows are not those of the shard");
  return { header: whole, rows: found };
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

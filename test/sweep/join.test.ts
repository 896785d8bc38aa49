import { parquetReadObjects } from "hyparquet";
import { describe, expect, test } from "vitest";
import fc from "fast-check";
import { joinShards, UnfitShards, type NamedShard } from "../../src/sweep/join.js";
import type { Plan } from "../../src/sweep/plan.js";
import type { Row } from "../../src/sweep/row.js";
import { BrokenShard, readShard, shardName, shardText } from "../../src/sweep/shard.js";
import { tableOf } from "../../src/sweep/table.js";

const RUNS = 11;

function planOf(hash = "a"): Plan {
  const runs = Array.from({ length: RUNS }, (_, run) => ({ run })) as unknown as Plan["runs"];
  return { name: "sweep", hash, paths: ["x"], runs, warnings: [] };
}

function rowOf(run: number): Row {
  return { run, x: run % 2 === 0 ? "even" : 3, share: run / 4, failed: run === 5 ? null : run };
}

function shardsOf(count: number, hash?: string): NamedShard[] {
  return Array.from({ length: count }, (_, index) => {
    const rows = Array.from({ length: RUNS }, (__, run) => run)
      .filter((run) => run % count === index)
      .map(rowOf);
    const shard = { index, count };
    return { file: shardName(shard), ...readShard(shardText(planOf(hash), shard, rows)) };
  });
}

const table = (shards: readonly NamedShard[]) =>
  Buffer.from(tableOf(joinShards(shards).rows, "parquet", { plan: "a" })).toString("hex");

describe("the joined shards of a sweep", () => {
  test("are the same bytes for any number of shards in any order", () => {
    const whole = table(shardsOf(1));
    fc.assert(
      fc.property(
        fc
          .integer({ min: 1, max: RUNS + 3 })
          .chain((count) => fc.shuffledSubarray(shardsOf(count), { minLength: count })),
        (shards) => table(shards) === whole,
      ),
      { numRuns: 40 },
    );
  });

  test("are refused by the names of those that are missing", () => {
    const [first, , third] = shardsOf(4);
    expect(() => joinShards([first!, third!])).toThrow("shards 1, 3 of 4 missing");
    expect(() => joinShards([])).toThrow(UnfitShards);
  });

  test("are refused when two sweeps are mixed, by the names of the files", () => {
    const mixed = [shardsOf(2, "a")[0]!, shardsOf(2, "b")[1]!];
    expect(() => joinShards(mixed)).toThrow(
      "results of different sweeps lie here: shard-00000-of-00002.jsonl beside shard-00001-of-00002.jsonl",
    );
  });

  test("are refused when two cuttings are mixed", () => {
    expect(() => joinShards([...shardsOf(2), ...shardsOf(3)])).toThrow(
      /different numbers of shards/,
    );
  });
});

describe("the file of a shard", () => {
  const text = shardText(planOf(), { index: 1, count: 2 }, [1, 3, 5].map(rowOf));

  test("gives back what was written", () => {
    expect(readShard(text).rows).toEqual([1, 3, 5].map(rowOf));
  });

  test.each([
    { because: "it is cut short", broken: text.slice(0, -10) },
    { because: "a line is lost", broken: text.split("\n").toSpliced(2, 1).join("\n") },
    { because: "a row is of another shard", broken: text.replace('{"run":3', '{"run":2') },
    { because: "it has no header", broken: text.split("\n").slice(1).join("\n") },
    { because: "it is empty", broken: "" },
  ])("is refused when $because", ({ broken }) => {
    expect(() => readShard(broken)).toThrow(BrokenShard);
  });
});

describe("the table of a sweep", () => {
  const rows = [0, 5, 7].map(rowOf);

  test("holds numbers as numbers, mixed values as texts, and nothing as null in Parquet", async () => {
    const bytes = tableOf(rows, "parquet", { plan: "a" });
    const { buffer, byteOffset, byteLength } = bytes;
    const file = buffer.slice(byteOffset, byteOffset + byteLength) as ArrayBuffer;
    expect(await parquetReadObjects({ file })).toEqual([
      { run: 0n, x: "even", share: 0, failed: 0n },
      { run: 5n, x: "3", share: 1.25, failed: null },
      { run: 7n, x: "3", share: 1.75, failed: 7n },
    ]);
  });

  test("is one JSON object a line in JSON lines", () => {
    const lines = new TextDecoder()
      .decode(tableOf(rows, "jsonl", {}))
      .trimEnd()
      .split("\n");
    expect(lines.map((line) => JSON.parse(line) as Row)).toEqual(rows);
  });
});

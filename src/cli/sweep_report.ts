/** A sweep as text: what was run, and in short what came of each point. */
import type { Plan } from "../sweep/plan.js";
import { cellOf, type Cell, type Row } from "../sweep/row.js";
import type { Shard } from "../sweep/shard.js";
import { formatTable } from "./output.js";

export interface SweepReport {
  plan: Plan;
  shard: Shard;
  rows: readonly Row[];
  resumed: number;
  /** The joined results; null where other shards are needed for them. */
  results: string | null;
  out: string;
}

/** More points than this are looked at with other tools. */
const POINTS_SHOWN = 40;

export function formatSweep({ plan, shard, rows, resumed, results, out }: SweepReport): string {
  const before = resumed === 0 ? "" : `, ${resumed} of them before`;
  const part = shard.count === 1 ? "" : ` of shard ${shard.index} of ${shard.count}`;
  const parts = [`${plan.name}: ${counted(rows.length, "run")}${part}${before}`];
  const table = formatPoints(plan, rows);
  if (table !== null) parts.push("", table);
  parts.push(
    "",
    results === null
      ? `When all ${shard.count} shards are there: tlbstorm merge ${out}`
      : `results: ${results}`,
  );
  return parts.join("\n");
}

function formatPoints(plan: Plan, rows: readonly Row[]): string | null {
  const points = new Map(plan.runs.map(({ point }) => [point.index, point]));
  if (points.size > POINTS_SHOWN || plan.paths.length === 0) return null;
  const lines = [...points.values()].flatMap((point) => {
    const own = rows.filter((row) => row["point"] === point.index);
    if (own.length === 0) return [];
    return [
      [
        ...Object.values(point.values).map((value) => String(cellOf(value))),
        own.length,
        sum(own, (name) => name.startsWith("violations.")),
        sum(own, (name) => name === "devicesFailed"),
        sum(own, (name) => name === "counts.pageRequests"),
      ],
    ];
  });
  const numbers = ["runs", "violations", "failed", "page requests"];
  return formatTable(
    [
      ...plan.paths.map((head) => ({ head })),
      ...numbers.map((head) => ({ head, align: "right" as const })),
    ],
    lines,
  );
}

function sum(rows: readonly Row[], counts: (name: string) => boolean): string {
  const total = rows
    .flatMap((row) => Object.entries(row))
    .filter(([name]) => counts(name))
    .reduce((all, [, cell]: [string, Cell]) => all + Number(cell ?? 0), 0);
  return total.toLocaleString("en");
}

function counted(count: number, what: string): string {
  return `${count.toLocaleString("en")} ${what}${count === 1 ? "" : "s"}`;
}

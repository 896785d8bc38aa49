/** One run as a row of a table: what it was and what came of it, alike on all machines. */
import canonicalize from "canonicalize";
import { PROPERTY_IDS } from "../explore/properties.js";
import type { RunResult } from "../run/result.js";
import type { PlannedRun } from "./plan.js";
import type { Json } from "./schema.js";

export type Cell = number | string | boolean | null;
/** Columns by name, in the order of the table. */
export type Row = Readonly<Record<string, Cell>>;

export function rowOf({ run, point, replicate }: PlannedRun, result: RunResult): Row {
  const failures = result.devices.filter(({ failedAtNs }) => failedAtNs !== null);
  const failedAt = failures.map(({ failedAtNs }) => failedAtNs ?? 0);
  return {
    run,
    point: point.index,
    replicate,
    seed: result.seed,
    scenario: result.scenario,
    era: result.era,
    arch: result.arch,
    notifier: result.notifier,
    ...valuesOf(point.values),
    protocol: result.protocol,
    simulatedNs: result.simulatedNs,
    steps: result.steps,
    ...violationsOf(result),
    devices: result.devices.length,
    devicesFailed: failures.length,
    firstFailureNs: failedAt.length === 0 ? null : Math.min(...failedAt),
    ...prefixed("counts", result.counts),
    ...timesOf(result),
    digest: result.digest,
    token: result.token,
  };
}

/** A value of the grid; a block or a list as canonical JSON. */
export function cellOf(value: Json): Cell {
  return typeof value === "object" && value !== null ? (canonicalize(value) ?? "") : value;
}

function valuesOf(values: PlannedRun["point"]["values"]): Record<string, Cell> {
  return Object.fromEntries(Object.entries(values).map(([path, value]) => [path, cellOf(value)]));
}

/** How often each rule was broken; 0 where it never was. */
function violationsOf({ violations }: RunResult): Record<string, number> {
  return Object.fromEntries(
    PROPERTY_IDS.filter((id) => id !== "served").map((id) => [
      `violations.${id}`,
      violations.find(({ rule }) => rule === id)?.count ?? 0,
    ]),
  );
}

/** Whether the run broke a rule, or a device failed. */
export function isBroken(row: Row): boolean {
  if (Number(row["devicesFailed"]) > 0) return true;
  return PROPERTY_IDS.some((id) => Number(row[`violations.${id}`] ?? 0) > 0);
}

function timesOf({ times }: RunResult): Record<string, number> {
  return Object.assign(
    {},
    ...Object.entries(times).map(([name, summary]) => prefixed(`times.${name}`, summary)),
  ) as Record<string, number>;
}

function prefixed(prefix: string, values: object): Record<string, number> {
  return Object.fromEntries(
    Object.entries(values as Record<string, number>).map(([key, value]) => [
      `${prefix}.${key}`,
      value,
    ]),
  );
}

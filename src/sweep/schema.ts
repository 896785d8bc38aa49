/**
 * What a person writes to run one scenario with many values: a grid of overrides.
 *
 *   name: how often a device asks before it gives up
 *   scenario: gpu_munmap.yaml
 *   replicates: 3
 *   grid:
 *     protocol: [empty-table, secondary-flush]
 *     devices[].retryLimit: [1, 2, 4, unlimited]
 */
import { z } from "zod";
import { count, record, unsigned64 } from "../scenario/fields.js";
import { knownKeysAt } from "../scenario/known_keys.js";

/** A value of a scenario as YAML and JSON write it. */
export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };

const VALUES_MAX = 10_000;

export const SweepSchema = record({
  $schema: z.string().optional(),
  name: z.string().min(1).max(200).describe("one line that says what is asked"),
  description: z.string().optional(),
  scenario: z
    .union([z.string().min(1), z.record(z.string(), z.unknown())])
    .describe("the scenario that is varied: a file, by its path from here, or the scenario itself"),
  seed: unsigned64("what the seeds of all runs are made from").optional(),
  replicates: count("runs of each point, each with a seed of its own", 1, 1_000_000).optional(),
  grid: z
    .record(z.string(), z.array(z.unknown()).min(1).max(VALUES_MAX))
    .describe("for each path of the scenario the values it takes; every combination is a point")
    .optional(),
}).describe("a tlbstorm sweep");

export type SweepFile = z.output<typeof SweepSchema>;

const KEYS = Object.keys(SweepSchema.shape);

/** Which keys a sweep may have at a path; an inline scenario has those of a scenario. */
export function knownSweepKeys(path: readonly PropertyKey[], root: unknown): string[] {
  if (path.length === 0) return KEYS;
  if (path[0] !== "scenario" || typeof root !== "object" || root === null) return [];
  return knownKeysAt(path.slice(1), "scenario" in root ? root.scenario : undefined);
}

/** The JSON Schema (draft 2020-12) of scenario files, for editors and other tools. */
import { z } from "zod";
import { DEFAULTS, type Default, type DefaultPath } from "./defaults.js";
import { ScenarioSchema } from "./schema.js";
import { formatDuration } from "./units.js";

export const JSON_SCHEMA_ID = "https://json-schema.org/draft/2020-12/schema";

export type JsonSchema = z.core.JSONSchema.JSONSchema;

/** The schema with every default filled in, as a plain object that can be written as JSON. */
export function scenarioJsonSchema(): JsonSchema {
  const schema = bareJsonSchema();
  for (const { path, node } of leavesOf(schema)) {
    if (path in DEFAULTS) {
      const value = writtenForm(DEFAULTS[path as DefaultPath]);
      if (value !== "") node.default = value;
    }
  }
  return { title: "tlbstorm scenario", ...schema };
}

/** Of scenarios, or of what else a schema describes. */
export function bareJsonSchema(schema: z.ZodType = ScenarioSchema): JsonSchema {
  return z.toJSONSchema(schema, {
    io: "input",
    target: "draft-2020-12",
    unrepresentable: "any",
  });
}

export interface SchemaLeaf {
  /** As in defaults.ts: `devices[].atc.entries`. */
  path: string;
  node: JsonSchema;
}

/** Every field that holds a value rather than further fields, in the order of the schema. */
export function leavesOf(schema: JsonSchema): SchemaLeaf[] {
  const leaves = new Map<string, SchemaLeaf>();
  collect(schema, "", leaves);
  return [...leaves.values()];
}

function collect(node: JsonSchema, path: string, leaves: Map<string, SchemaLeaf>): void {
  const branches = branchesOf(node).filter((branch) => branch.properties ?? branch.items);
  // A block that is one way among others to write a single value, such as a latency, is a leaf.
  if (branches.length === 0 || branches.length < branchesOf(node).length) {
    if (path !== "") leaves.set(path, { path, node: merged(leaves.get(path)?.node, node) });
    return;
  }
  for (const branch of branches) {
    if (typeof branch.items === "object" && !Array.isArray(branch.items)) {
      collect(branch.items, `${path}[]`, leaves);
    }
    for (const [key, child] of Object.entries(branch.properties ?? {})) {
      collect(child as JsonSchema, path === "" ? key : `${path}.${key}`, leaves);
    }
  }
}

/** A field that several alternatives have: the words that tell them apart come together. */
function merged(known: JsonSchema | undefined, node: JsonSchema): JsonSchema {
  if (known === undefined) return node;
  if (node.const === undefined) return known;
  const { const: first, enum: words = [first!], ...rest } = known;
  return { ...rest, enum: [...words, node.const] };
}

/** The alternatives of a node, or the node alone. */
export function branchesOf(node: JsonSchema): JsonSchema[] {
  return node.anyOf ?? node.oneOf ?? [node];
}

/** A default as a person would write it in a scenario. */
export function writtenForm({ value, unit }: Default): string | number | object {
  if (typeof value === "bigint") return Number(value);
  if (typeof value === "string") return value;
  if (typeof value === "number") return unit === "ns" ? formatDuration(value) : value;
  switch (value.model) {
    case "fixed":
      return formatDuration(value.ns);
    case "uniform":
      return { min: formatDuration(value.minNs), max: formatDuration(value.maxNs) };
    case "lognormal":
      return { median: formatDuration(value.medianNs), p99: formatDuration(value.p99Ns) };
  }
}

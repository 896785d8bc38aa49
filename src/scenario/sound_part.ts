/**
 * What of a scenario is right where parts of it are wrong, so that contradictions between the right
 * parts are told together with what is wrong.
 *
 * What is wrong is left out, or replaced if it must be there, until the schema accepts the rest. A
 * contradiction counts only if every value that it is about is as its author wants it.
 */
import type { z } from "zod";
import { ProtocolSchema } from "../protocols/schema.js";
import { explainIssue, valueAt, type Problem } from "./explain.js";
import { contradictionsOf } from "./resolve.js";
import { ScenarioSchema } from "./schema.js";

/** Contradictions between the parts of `written` that none of the problems is about. */
export function contradictionsBeside(written: unknown, problems: readonly Problem[]): Problem[] {
  const scenario = acceptedPart(ScenarioSchema, written, problems, STAND_INS);
  if (scenario === null) return [];
  const contradictions = contradictionsOf(scenario).filter(({ reads }) =>
    reads.every((path) => isSound(path, written, problems)),
  );
  return [...contradictions, ...stepsBeside(written, problems)];
}

/** What names a protocol, and says nothing of its steps. */
const NAMES: StandIns = { id: "own", title: "", source: "" };

/** What the steps of a protocol cannot mean together, where only its name is wrong. */
function stepsBeside(written: unknown, problems: readonly Problem[]): Problem[] {
  const ofProtocol = problems.filter(({ path }) => path[0] === "protocol");
  const isNamed = ({ path, isKey }: Problem) => !isKey && String(path[1]) in NAMES;
  if (ofProtocol.length === 0 || !ofProtocol.every(isNamed)) return [];
  const protocol = { ...(valueAt(written, ["protocol"]) as object), ...NAMES };
  const result = ProtocolSchema.safeParse(protocol);
  const issues = result.success ? [] : result.error.issues;
  return issues
    .flatMap((issue) => explainIssue(issue, protocol, () => []))
    .map((problem) => ({ ...problem, path: ["protocol", ...problem.path] }));
}

/** What stands in for values that must be there, by their paths. */
export type StandIns = Readonly<Record<string, unknown>>;

const STAND_INS: StandIns = {
  name: "?",
  protocol: "none",
  "devices[]": { name: "?", kind: "gpu" },
  "devices[].name": "?",
  "devices[].kind": "gpu",
  "workload.operations[]": { kind: "touch" },
  "workload.operations[].kind": "touch",
};

/** A wrong value may lie deep in blocks that are wrong without it: each round leaves out one. */
const ROUNDS_MAX = 10;

/** What a schema accepts of a value, without what is wrong with it; null: nothing. */
export function acceptedPart<Schema extends z.ZodType>(
  schema: Schema,
  written: unknown,
  problems: readonly Problem[],
  standIns: StandIns,
): z.output<Schema> | null {
  let part = written;
  let wrong = problems;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const { path } of wrong) part = withoutWrong(part, path, standIns);
    const result = schema.safeParse(part);
    if (result.success) return result.data;
    wrong = result.error.issues.flatMap((issue) => explainIssue(issue, part, () => []));
  }
  return null;
}

function withoutWrong(part: unknown, path: readonly PropertyKey[], standIns: StandIns): unknown {
  const key = path.at(-1);
  if (key === undefined) return undefined;
  const standIn = standIns[patternOf(path)];
  if (standIn !== undefined) return withValue(part, path, standIn);
  const isThere = typeof key === "string" && valueAt(part, path) !== undefined;
  if (isThere) return withValue(part, path, undefined);
  return withoutWrong(part, path.slice(0, -1), standIns);
}

/** The path with `[]` for every index. */
function patternOf(path: readonly PropertyKey[]): string {
  const segments = path.map((key) => (typeof key === "number" ? "[]" : `.${String(key)}`));
  return segments.join("").slice(1);
}

/** A copy with another value at the path; what is not on the way there is shared. */
function withValue(node: unknown, path: readonly PropertyKey[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  if (Array.isArray(node)) {
    return node.map((one: unknown, at) => (at === key ? withValue(one, rest, value) : one));
  }
  const block = typeof node === "object" ? (node as Record<PropertyKey, unknown> | null) : null;
  const child = withValue(block?.[key], rest, value);
  if (child !== undefined) return { ...block, [key]: child };
  return Object.fromEntries(Object.entries(block ?? {}).filter(([other]) => other !== key));
}

/** The value is as it was meant: no problem is about it, nor about what it is taken from. */
function isSound(
  path: readonly PropertyKey[],
  written: unknown,
  problems: readonly Problem[],
): boolean {
  const isWrong = problems.some((one) => !one.isKey && meets(one.path, path));
  if (isWrong) return false;
  const depth = depthOf(path, written);
  if (depth === path.length) return true;
  // An unknown key beside it may be what was meant to be this value.
  const isMisspelt = problems.some(
    (one) => one.isKey && one.path.length === depth + 1 && meets(one.path.slice(0, -1), path),
  );
  if (isMisspelt) return false;
  // What a device leaves out, the preset of its kind supplies.
  const isOfDevice = path[0] === "devices" && path.length > 2 && path[2] !== "kind";
  return !isOfDevice || isSound([...path.slice(0, 2), "kind"], written, problems);
}

/** One of the two paths begins with the other. */
function meets(a: readonly PropertyKey[], b: readonly PropertyKey[]): boolean {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a];
  return shorter.every((key, at) => longer[at] === key);
}

/** How many segments of the path are written. */
function depthOf(path: readonly PropertyKey[], written: unknown): number {
  let depth = path.length;
  while (depth > 0 && valueAt(written, path.slice(0, depth)) === undefined) depth--;
  return depth;
}

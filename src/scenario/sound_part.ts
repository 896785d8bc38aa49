/**
 * What of a scenario is right where parts of it are wrong, so that contradictions between the right
 * parts are told together with what is wrong.
 *
 * What is wrong is left out, or replaced if it must be there, until the schema accepts the rest. A
 * contradiction counts only if every value that it is about is as its author wants it.
 */
import { explainIssue, valueAt, type Problem } from "./explain.js";
import { knownKeysAt } from "./known_keys.js";
import { contradictionsOf } from "./resolve.js";
import { ScenarioSchema, type Scenario } from "./schema.js";

/** Contradictions between the parts of `written` that none of the problems is about. */
export function contradictionsBeside(written: unknown, problems: readonly Problem[]): Problem[] {
  const scenario = acceptedPart(written, problems);
  if (scenario === null) return [];
  return contradictionsOf(scenario).filter(({ reads }) =>
    reads.every((path) => isSound(path, written, problems)),
  );
}

/** Stands in for a value that must be there. */
const STAND_INS: Readonly<Record<string, unknown>> = {
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

function acceptedPart(written: unknown, problems: readonly Problem[]): Scenario | null {
  let part = written;
  let wrong = problems;
  for (let round = 0; round < ROUNDS_MAX; round++) {
    for (const { path } of wrong) part = withoutWrong(part, path);
    const result = ScenarioSchema.safeParse(part);
    if (result.success) return result.data;
    wrong = result.error.issues.flatMap((issue) => explainIssue(issue, part, knownKeysAt));
  }
  return null;
}

function withoutWrong(part: unknown, path: readonly PropertyKey[]): unknown {
  const key = path.at(-1);
  if (key === undefined) return undefined;
  const standIn = STAND_INS[patternOf(path)];
  if (standIn !== undefined) return withValue(part, path, standIn);
  const isThere = typeof key === "string" && valueAt(part, path) !== undefined;
  return isThere ? withValue(part, path, undefined) : withoutWrong(part, path.slice(0, -1));
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

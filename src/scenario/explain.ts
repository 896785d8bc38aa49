/** Turns the issues that zod finds into problems and hints in the words of a scenario. */
import type { z } from "zod";
import { mostSimilar } from "../base/similar.js";
import { formatPath } from "./errors.js";

export interface Problem {
  path: PropertyKey[];
  /** Set when the problem is a key, which then is the last segment of the path. */
  isKey: boolean;
  problem: string;
  hint: string | null;
}

type Issue = z.core.$ZodIssue;

/** The problem of a value that must be there. */
export const MISSING = "missing";

/** The hint of what is misspelt. */
export function didYouMean(word: PropertyKey | undefined): string {
  return `did you mean ${String(word)}?`;
}

/** Of several bounds that one value is beyond, the strictest alone. */
export function strictest(issues: readonly Issue[]): Issue[] {
  return issues.filter((issue, at) =>
    issues.every((other, place) => place === at || !isImplied(issue, other, at > place)),
  );
}

/** Whether the other bound says all that this one does; of equal ones the later is implied. */
function isImplied(issue: Issue, by: Issue, isLater: boolean): boolean {
  if (formatPath(issue.path) !== formatPath(by.path)) return false;
  if (issue.code === "too_big" && by.code === "too_big") {
    return by.maximum < issue.maximum || (isLater && by.maximum === issue.maximum);
  }
  if (issue.code === "too_small" && by.code === "too_small") {
    return by.minimum > issue.minimum || (isLater && by.minimum === issue.minimum);
  }
  return false;
}

/** Who can repair a value: a person who wrote a file, or a program that made it. */
export type Author = "person" | "program";

/** Every problem behind an issue; `root` is the value that was checked. */
export function explainIssue(
  issue: Issue,
  root: unknown,
  knownKeys: (path: PropertyKey[], root: unknown) => string[],
  author: Author = "person",
): Problem[] {
  switch (issue.code) {
    case "unrecognized_keys":
      return issue.keys.map((key) => unknownKey(issue.path, key, knownKeys(issue.path, root)));
    case "invalid_value":
      return [wrongWord(issue.path, issue.values.map(String), valueAt(root, issue.path))];
    case "invalid_union":
      if (issue.errors.length === 0) return [wrongDiscriminator(issue, root)];
      return nearestBranch(issue.errors, issue.path, valueAt(root, issue.path)).flatMap((inner) =>
        explainIssue(inner, root, knownKeys, author),
      );
    default:
      return [plainProblem(issue, root, author)];
  }
}

function unknownKey(path: PropertyKey[], key: string, known: string[]): Problem {
  const meant = mostSimilar(key, known);
  if (known.includes(key)) {
    const hint = "it excludes another key beside it: leave one of the two out";
    return { path: [...path, key], isKey: true, problem: "does not fit here", hint };
  }
  const list = known.length === 0 ? "no key is known here" : `known here: ${known.join(", ")}`;
  return {
    path: [...path, key],
    isKey: true,
    problem: "unknown key",
    hint: meant === null ? list : didYouMean(meant),
  };
}

function wrongWord(path: PropertyKey[], words: string[], value: unknown): Problem {
  const distinct = [...new Set(words)];
  const meant = typeof value === "string" ? mostSimilar(value, distinct) : null;
  return {
    path,
    isKey: false,
    problem: value === undefined ? MISSING : `${show(value)} is not known here`,
    hint: meant === null ? `one of ${distinct.join(", ")}` : didYouMean(meant),
  };
}

function wrongDiscriminator(issue: Issue, root: unknown): Problem {
  const options = "options" in issue && Array.isArray(issue.options) ? issue.options : [];
  return wrongWord(issue.path, options.map(String), valueAt(root, issue.path));
}

/**
 * The branch of a union that the author most likely meant: one that complains about something
 * inside the value rather than about what kind of value it is, with the fewest complaints.
 */
function nearestBranch(
  branches: readonly Issue[][],
  prefix: PropertyKey[],
  value: unknown,
): Issue[] {
  const ofRightKind = branches
    .map(strictest)
    .filter(
      (issues) => !issues.some((issue) => issue.path.length === 0 && isAnotherKind(issue, value)),
    );
  const best = ofRightKind.sort((a, b) => complaints(a) - complaints(b))[0];
  if (best !== undefined)
    return best.map((issue) => ({ ...issue, path: [...prefix, ...issue.path] }));
  const firsts = branches.map((issues) => issues[0]!);
  const withHint = firsts.find((issue) => issue.message.includes("\n"));
  if (withHint !== undefined) return [{ ...withHint, path: prefix }];
  const expected = [...new Set(firsts.map(kindOf))].join(" or ");
  return [{ ...firsts[0]!, path: prefix, message: `expected ${expected}` }];
}

/** Whether the value is not even of the kind that a branch takes. */
function isAnotherKind(issue: Issue, value: unknown): boolean {
  if (issue.code === "invalid_type") return true;
  return issue.code === "invalid_value" && !issue.values.some((one) => typeof one === typeof value);
}

function complaints(issues: readonly Issue[]): number {
  return issues.reduce(
    (n, issue) => n + (issue.code === "unrecognized_keys" ? issue.keys.length : 1),
    0,
  );
}

function plainProblem(issue: Issue, root: unknown, author: Author): Problem {
  const value = valueAt(root, issue.path);
  const [problem, hint] = issue.message.split("\n");
  const missing = issue.code === "invalid_type" && value === undefined;
  const found = issue.code === "invalid_type" || isBareExpectation(problem!);
  const text = missing ? MISSING : found ? `${problem!}, found ${show(value)}` : problem!;
  const expectation = missing ? `expected ${kindOf(issue)}` : remedy(issue, author);
  return { path: issue.path, isKey: false, problem: text, hint: hint ?? expectation };
}

/** What to try where the complaint has no hint of its own. */
function remedy(issue: Issue, author: Author): string | null {
  switch (issue.code) {
    case "invalid_type":
      return REMEDIES[author][issue.expected] ?? null;
    case "too_small":
      return isNumeric(issue.origin) ? `write ${issue.minimum} or more` : "write more of them";
    case "too_big":
      return isNumeric(issue.origin) ? `write ${issue.maximum} or less` : "write fewer of them";
    default:
      return null;
  }
}

function isNumeric(origin: string): boolean {
  return origin === "number" || origin === "int";
}

const REMEDIES: Record<Author, Record<string, string>> = {
  person: {
    string: "write a text; put it in quotes if it looks like something else",
    number: "write digits, without quotes or unit",
    int: "write digits, without quotes, fraction or unit",
    object: "write its keys below it, indented, or in braces",
    array: "write its entries below it, each behind a dash, or in brackets",
    boolean: "write true or false",
  },
  program: {
    string: "give a string",
    number: "give a finite number",
    int: "give a whole number",
    object: "give an object",
    array: "give an array",
    boolean: "give true or false",
  },
};

function isBareExpectation(problem: string): boolean {
  return problem.startsWith("expected ") && !problem.includes(" found ");
}

const KINDS: Record<string, string> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  object: "a block of keys",
  array: "a list",
  boolean: "true or false",
};

function kindOf(issue: Issue): string {
  if (issue.code !== "invalid_type") return "something else";
  return KINDS[issue.expected] ?? issue.expected;
}

/** The wording of the kinds of issues that carry no sentence of their own. */
export function wording(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return `expected ${KINDS[issue.expected] ?? issue.expected}`;
    case "too_small":
      return bound("at least", issue.origin, issue.minimum, issue.input);
    case "too_big":
      return bound("at most", issue.origin, issue.maximum, issue.input);
    default:
      return undefined;
  }
}

function bound(word: string, origin: string, limit: number | bigint, input: unknown): string {
  if (origin === "array") return `needs ${word} ${limit} ${limit === 1 ? "entry" : "entries"}`;
  if (origin === "string")
    return `needs ${word} ${limit} ${limit === 1 ? "character" : "characters"}`;
  return `${show(input)} is out of range: ${word} ${limit}`;
}

/** A value as it may stand in a message. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return `"${value.length > 60 ? `${value.slice(0, 57)}...` : value}"`;
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    case "object":
      return value === null ? "nothing" : Array.isArray(value) ? "a list" : "a block of keys";
    case "undefined":
      return "nothing";
    default:
      return `a ${typeof value}`;
  }
}

export function valueAt(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const segment of path) {
    if (typeof value !== "object" || value === null) return undefined;
    if (!Object.hasOwn(value, segment)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[segment];
  }
  return value;
}

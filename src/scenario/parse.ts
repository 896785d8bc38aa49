/**
 * Text or a value -> a scenario, or everything that is wrong with it.
 *
 * YAML 1.2 contains JSON, so one path serves both. Duplicate keys, unknown tags, several documents
 * in one file and aliases that expand without end are errors.
 */
import { LineCounter, parseDocument, type YAMLError } from "yaml";
import type { z } from "zod";
import type { ScenarioError } from "./errors.js";
import {
  didYouMean,
  explainIssue,
  MISSING,
  strictest,
  wording,
  type Author,
  type Problem,
} from "./explain.js";
import { knownKeysAt } from "./known_keys.js";
import { byPosition, locateIn, placed, type Locate } from "./locate.js";
import { ScenarioSchema, type Scenario, type ScenarioInput } from "./schema.js";
import { contradictionsBeside } from "./sound_part.js";

export type ParseResult =
  { ok: true; scenario: Scenario; locate: Locate } | { ok: false; errors: ScenarioError[] };

/** The value of a file before anybody has looked at what it says. */
export type DocumentResult =
  { ok: true; value: unknown; locate: Locate } | { ok: false; errors: ScenarioError[] };

/** As many aliases as a person would write, and far fewer than an attack needs. */
const ALIAS_COUNT_MAX = 100;

/** What stands for bytes that are no UTF-8, and a character that no text has. */
const NOT_TEXT = ["\uFFFD", "\u0000"];

const nowhere: Locate = () => null;

/** Reads YAML or JSON. `file` is what messages call it. */
export function parseScenario(text: string, file: string): ParseResult {
  const read = readDocument(text, file, "a scenario needs at least a name and a protocol");
  return read.ok ? checkScenarioValue(read.value, { file, locate: read.locate }) : read;
}

/** Checks a scenario that is no text; `author` is who can repair it. */
export function checkScenario(scenario: ScenarioInput, author: Author = "program"): ParseResult {
  return checkScenarioValue(scenario, { file: null, locate: nowhere, author });
}

/** Reads YAML or JSON as far as its syntax; `needs` says what an empty file lacks. */
export function readDocument(text: string, file: string, needs: string): DocumentResult {
  const whole = (problem: string, hint: string): DocumentResult => ({
    ok: false,
    errors: [{ file, line: 1, column: 1, path: "", problem, hint }],
  });
  if (NOT_TEXT.some((character) => text.includes(character))) {
    return whole(
      "this is not a text",
      "give a file in YAML or JSON; a recording is named in a scenario, as workload.recording",
    );
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const faults = [...document.errors, ...document.warnings];
  if (faults.length > 0) {
    return { ok: false, errors: faults.map((fault) => syntaxError(fault, file, lines)) };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: ALIAS_COUNT_MAX });
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error;
    return whole("the aliases of this file expand too far", "write the repeated parts out");
  }
  if (value === null || value === undefined) return whole("the file is empty", needs);
  return { ok: true, value, locate: locateIn(document, lines) };
}

/** Holds a value to a schema; everything that is wrong with it, in the order of the file. */
export function checkValue<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  place: Place,
  knownKeys: KnownKeys,
): { ok: true; data: z.output<Schema> } | { ok: false; errors: ScenarioError[] } {
  const found = problemsOf(schema, value, place, knownKeys);
  return found.ok ? found : { ok: false, errors: inOrder(found.problems, place) };
}

export interface Place {
  file: string | null;
  locate: Locate;
  /** Left out: a person wrote a file, and a program what is in none. */
  author?: Author;
}

export type KnownKeys = (path: readonly PropertyKey[], root: unknown) => string[];

/** The same without places. */
export function problemsOf<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  { file, author = file === null ? "program" : "person" }: Place,
  knownKeys: KnownKeys,
): { ok: true; data: z.output<Schema> } | { ok: false; problems: Problem[] } {
  const result = schema.safeParse(value, { error: wording });
  if (result.success) return { ok: true, data: result.data };
  const issues = strictest(result.error.issues);
  const explained = issues.flatMap((issue) => explainIssue(issue, value, knownKeys, author));
  return { ok: false, problems: withoutConsequences(explained) };
}

function checkScenarioValue(value: unknown, place: Place): ParseResult {
  const found = problemsOf(ScenarioSchema, value, place, knownKeysAt);
  if (found.ok) return { ok: true, scenario: found.data, locate: place.locate };
  const problems = [...found.problems, ...contradictionsBeside(value, found.problems)];
  return { ok: false, errors: inOrder(problems, place) };
}

/** What is missing only because its key is misspelt is not told beside the misspelt key. */
function withoutConsequences(problems: readonly Problem[]): Problem[] {
  const meant = new Set(
    problems
      .filter(({ isKey }) => isKey)
      .map(({ path, hint }) => meantKey(path.slice(0, -1), hint)),
  );
  return problems.filter(
    ({ path, problem }) =>
      problem !== MISSING || !meant.has(meantKey(path.slice(0, -1), didYouMean(path.at(-1)))),
  );
}

function meantKey(block: readonly PropertyKey[], hint: string | null): string {
  return JSON.stringify([block, hint]);
}

/** In the order of the file. */
export function inOrder(problems: readonly Problem[], { file, locate }: Place): ScenarioError[] {
  return problems.map((problem) => placed(problem, file, locate)).sort(byPosition);
}

const SYNTAX_HINTS: Partial<Record<YAMLError["code"], string>> = {
  DUPLICATE_KEY: "a key may stand only once in a block; remove one of the two",
  TAB_AS_INDENT: "indent with spaces",
  BAD_INDENT: "the lines of one block begin in the same column",
  MULTIPLE_DOCS: "one file holds one scenario; remove the ---",
  TAG_RESOLVE_FAILED: "scenarios use no tags; put text that begins with ! in quotes",
};

function syntaxError(fault: YAMLError, file: string, lines: LineCounter): ScenarioError {
  const { line, col } = lines.linePos(fault.pos[0]);
  return {
    file,
    line,
    column: col,
    path: "",
    problem: fault.message,
    hint: SYNTAX_HINTS[fault.code] ?? null,
  };
}

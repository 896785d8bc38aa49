/** What can be wrong with a scenario, said so that its author can repair it. */
export interface ScenarioError {
  /** The file, or null for a scenario that a program passed. */
  file: string | null;
  line: number | null;
  column: number | null;
  /** Such as `devices[0].atc.entries`; empty for the scenario as a whole. */
  path: string;
  problem: string;
  hint: string | null;
}

/**
 * A scenario cannot be used. Carries everything that is wrong with it, not only the first thing.
 */
export class InvalidScenario extends Error {
  override readonly name: string = "InvalidScenario";

  constructor(readonly errors: readonly ScenarioError[]) {
    super(errors.map(formatScenarioError).join("\n"));
  }
}

/** `file:line:column: path: problem`, with the hint on a line of its own. */
export function formatScenarioError(error: ScenarioError): string {
  if (!isScenarioError(error)) {
    const path = "formatScenarioError";
    const problem = "expected what is wrong with a scenario";
    const hint = "give one of the errors of an InvalidScenario";
    throw new InvalidScenario([{ file: null, line: null, column: null, path, problem, hint }]);
  }
  const position = [error.file, error.line, error.column].filter((part) => part !== null).join(":");
  const head = [position, error.path, error.problem].filter((part) => part !== "").join(": ");
  return error.hint === null ? head : `${head}\n  ${error.hint}`;
}

/** A program without types may give anything. */
function isScenarioError(error: unknown): boolean {
  return typeof error === "object" && error !== null && "problem" in error && "path" in error;
}

export type PathSegment = string | number;

/** Writes a path as a person would: `devices[0].atc.entries`. */
export function formatPath(segments: readonly PropertyKey[]): string {
  let text = "";
  for (const segment of segments) {
    if (typeof segment === "number") text += `[${segment}]`;
    else text += text === "" ? String(segment) : `.${String(segment)}`;
  }
  return text;
}

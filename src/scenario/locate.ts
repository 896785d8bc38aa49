/** Finds the line and column of a field in the text it was written in. */
import {
  isMap,
  isNode,
  isScalar,
  type Document,
  type LineCounter,
  type Node,
  type Pair,
} from "yaml";
import { formatPath, type ScenarioError } from "./errors.js";
import type { Problem } from "./explain.js";

export interface Position {
  line: number;
  column: number;
}

/** Answers where a path is; the key itself if `isKey`, else its value. */
export type Locate = (path: readonly PropertyKey[], isKey: boolean) => Position | null;

/** Gives a problem its place in the file. */
export function placed(problem: Problem, file: string | null, locate: Locate): ScenarioError {
  const position = locate(problem.path, problem.isKey);
  return {
    file,
    line: position?.line ?? null,
    column: position?.column ?? null,
    path: formatPath(problem.path),
    problem: problem.problem,
    hint: problem.hint,
  };
}

/** Sorts by line and column. */
export function byPosition(a: ScenarioError, b: ScenarioError): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
}

export function locateIn(document: Document, lines: LineCounter): Locate {
  const positionOf = (node: Node | null): Position | null => {
    const offset = node?.range?.[0];
    if (offset === undefined) return null;
    const { line, col } = lines.linePos(offset);
    return { line, column: col };
  };
  return (path, isKey) => {
    if (isKey) {
      const key = keyNode(document, path);
      if (key !== null) return positionOf(key);
    }
    // A field that is missing is shown where the block begins that should have it.
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? document.contents : document.getIn(path.slice(0, length), true);
      if (isNode(node)) return positionOf(node);
    }
    return null;
  };
}

function keyNode(document: Document, path: readonly PropertyKey[]): Node | null {
  const parent = path.length === 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  if (!isMap(parent)) return null;
  const key = path.at(-1);
  const pair = parent.items.find(
    (item: Pair) => isScalar(item.key) && String(item.key.value) === key,
  );
  return isNode(pair?.key) ? pair.key : null;
}

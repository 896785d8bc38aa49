/** Lines that people can read beside another file. */
import { checkLines, type Finding, type Source } from "../sources.js";
import { templateLinesOf } from "../syntax.js";

export const COLUMNS = 100;

export function longLines(sources: readonly Source[]): Finding[] {
  const findings = checkLines(sources, (line) =>
    line.length <= COLUMNS || isUnbreakable(line) ? null : `${line.length} columns`,
  );
  if (findings.length === 0) return [];
  const templates = new Map(sources.map((source) => [source.path, source]));
  return findings.filter(({ path, line }) => !templateLinesOf(templates.get(path)!).has(line));
}

/** A string, template or pattern too long to share its line: the formatter leaves it as it is. */
function isUnbreakable(line: string): boolean {
  const isComment = /^\s*(?:\*|\/\*|\/\/)/.test(line);
  return isComment ? /https?:\/\/\S{40,}/.test(line) : /(["'`/]).{40,}\1/.test(line);
}

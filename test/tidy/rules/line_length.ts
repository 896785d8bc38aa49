/** Lines that people can read beside another file. */
import { checkLines, type Finding, type Source } from "../sources.js";

export const COLUMNS = 100;

export function longLines(sources: readonly Source[]): Finding[] {
  return checkLines(sources, (line) => {
    return line.length <= COLUMNS || isUnbreakable(line) ? null : `${line.length} columns`;
  });
}

/** A string that fills its line alone, or an address: the formatter leaves them as they are. */
function isUnbreakable(line: string): boolean {
  return /^\s*(?:\w+: )?(["'`]).*\1[,;]?$/.test(line) || /https?:\/\/\S{40,}/.test(line);
}

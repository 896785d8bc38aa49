/** A test's title is a statement about the system, and every test runs. */
import { checkLines, type Finding, type Source } from "../sources.js";

const TITLE = /\b(?:test|it|describe)\b[\w.]*(?:\(|\([^"'`]*\)\()\s*(["'`])(.*?)\1/;

export function weakTitles(sources: readonly Source[]): Finding[] {
  return checkLines(sources, (line) => {
    if (/\b(?:test|it|describe)(?:\.\w+)*\.only\b/.test(line)) return "the other tests do not run";
    if (/\b(?:test|it|describe)(?:\.\w+)*\.(?:skip|todo)\b\(\s*["'`]/.test(line)) {
      return "a test that never runs says nothing";
    }
    const title = TITLE.exec(line)?.[2] ?? tableTitle(line);
    if (title === undefined || !/\bshould\b/i.test(title)) return null;
    return `say what is, not what should be: "${title}"`;
  });
}

/** The title below the table of test.each. */
function tableTitle(line: string): string | undefined {
  return /^\s*\]\)\((["'`])(.*?)\1/.exec(line)?.[2];
}

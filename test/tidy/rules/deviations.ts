/** Differences from Linux and the specifications are numbered, and each number is used. */
import { checkLines, type Finding, type Source } from "../sources.js";

const LIST = "DEVIATIONS.md";

/** Numbers that are cited and not in the list, and entries that no file cites. */
export function unmatchedDeviations(list: string, sources: readonly Source[]): Finding[] {
  const entries = entriesOf(list);
  const cited = new Set<string>();
  const unknown = checkLines(sources, (line) => {
    const numbers = citedIn(line);
    for (const number of numbers) cited.add(number);
    const missing = numbers.filter((number) => !entries.has(number));
    return missing.length === 0 ? null : `${LIST} has no entry ${missing.join(", ")}`;
  });
  const unused = [...entries].flatMap(([number, line]) =>
    cited.has(number) ? [] : [{ path: LIST, line, problem: `no file cites ${number}` }],
  );
  return [...unknown, ...unused];
}

/** Numbers that two entries have. */
export function repeatedDeviations(list: string): Finding[] {
  const seen = new Set<string>();
  return checkLines([{ path: LIST, text: list }], (line) => {
    const number = numberOf(line);
    if (number === null) return null;
    if (seen.has(number)) return `${number} is the number of another entry too`;
    seen.add(number);
    return null;
  });
}

function entriesOf(list: string): Map<string, number> {
  const entries = new Map<string, number>();
  list.split("\n").forEach((line, index) => {
    const number = numberOf(line);
    if (number !== null) entries.set(number, index + 1);
  });
  return entries;
}

/** An entry begins with a heading that is its number. */
function numberOf(line: string): string | null {
  return /^## ([DR]\d+)$/.exec(line)?.[1] ?? null;
}

function citedIn(line: string): string[] {
  const citation = /DEVIATIONS ((?:[DR]\d+(?:, | and )?)+)/.exec(line)?.[1];
  return citation === undefined ? [] : [...citation.matchAll(/[DR]\d+/g)].map(([number]) => number);
}

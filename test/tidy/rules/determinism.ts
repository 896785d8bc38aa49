/** A result depends on scenario, seed and build alone: no clock and no chance of the host in it. */
import { checkLines, type Finding, type Source } from "../sources.js";

const SOURCES_OF_CHANCE: readonly (readonly [RegExp, string])[] = [
  [/\bMath\.random\b/, "Math.random differs from run to run: ask choose() or a seeded generator"],
  [/\bcrypto\.|\brandomUUID\b/, "random bytes differ from run to run"],
  [/\bDate\.now\b|\bnew Date\b/, "the date differs from run to run"],
  [
    /\bperformance\.now\b|\bhrtime\b/,
    "the clock differs from run to run: the command line measures",
  ],
];

export function chances(sources: readonly Source[]): Finding[] {
  return checkLines(sources, (line) => {
    const found = SOURCES_OF_CHANCE.find(([what]) => what.test(line));
    return found === undefined ? null : found[1];
  });
}

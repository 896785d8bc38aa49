import { describe, expect, test } from "vitest";
import { synonyms } from "./rules/banned_words.js";
import { readSources, report, sample } from "./sources.js";
import { wordsOf } from "./syntax.js";

describe("identifiers and comments", () => {
  test("use the words of the glossary", () => {
    expect(report(synonyms(readSources(["assembly", "src"], [".ts"])))).toEqual([]);
  });

  test.each([
    ["const deviceTlb = 1;", '"device Tlb": say ATC'],
    ["/** Each external MMU. */", '"external MMU": say secondary MMU'],
    ["// flushes the IOTLB", '"flushes the IOTLB": say invalidate'],
    ["class RangeFinish {}", '"Range Finish": say range_start, range_end'],
    ["class Mm { #pml4: u64; }", '"pml4": say pgd, p4d, pud, pmd, pte'],
    ["let physicalPage: u32;", '"physical Page": say frame'],
  ])("are refused when they say %s", (text, problem) => {
    expect(report(synonyms([sample("assembly/a.ts", text)]))).toContain(
      `assembly/a.ts:1: ${problem}`,
    );
  });

  test("are told the line of a comment of several lines", () => {
    const text = "/**\n * The IOTLB.\n *\n * A dangling entry.\n */\nconst a = 1;";
    expect(report(synonyms([sample("src/base/a.ts", text)]))).toEqual([
      'src/base/a.ts:4: "dangling": say stale',
    ]);
  });

  test("may contain such words in strings, in parts of words, and in the words of other tools", () => {
    const text = 'const message = "a device TLB";\nconst listening = process.exitCode;';
    const importer = sample("src/workload/a.ts", "// the listener of perf");
    expect(synonyms([sample("assembly/a.ts", text), importer])).toEqual([]);
  });
});

describe("identifiers", () => {
  test.each([
    ["pageRequestLog", "page Request Log"],
    ["PAGE_REQUEST_LOG", "PAGE REQUEST LOG"],
    ["IOTLBEntry", "IOTLB Entry"],
    ["level4Table", "level4 Table"],
  ])("such as %s are read as %s", (identifier, words) => {
    expect(wordsOf(identifier)).toBe(words);
  });
});

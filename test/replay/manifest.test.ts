import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { isReproducible } from "../../src/replay/manifest.js";
import { RecordingError } from "../../src/workload/recording.js";

const directories: string[] = [];

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true });
});

/** A recording's place in a directory whose manifest has these lines. */
function beside(...lines: readonly string[]): string {
  const directory = mkdtempSync(join(tmpdir(), "tlbstorm-manifest-"));
  directories.push(directory);
  writeFileSync(join(directory, "manifest.jsonl"), lines.map((line) => `${line}\n`).join(""));
  return join(directory, "a.jsonl.gz");
}

function refusal(path: string): RecordingError | null {
  try {
    isReproducible(path);
    return null;
  } catch (error) {
    if (error instanceof RecordingError) return error;
    throw error;
  }
}

const ONCE = '{"file":"a.jsonl.gz","distinct":1}';
const OTHER = '{"file":"b.jsonl.gz","distinct":4}';

describe("a manifest", () => {
  test("tells which recordings are reproducible", () => {
    const path = beside(ONCE, "", OTHER, '{"file":"c.jsonl.gz"}');
    expect(isReproducible(path)).toBe(true);
    expect(isReproducible(path.replace("a.jsonl", "b.jsonl"))).toBe(false);
    expect(isReproducible(path.replace("a.jsonl", "c.jsonl"))).toBe(false);
  });

  test.each([
    ["a second line for a.jsonl.gz", [ONCE, OTHER, ONCE], 3],
    ["the line is no JSON", [ONCE, OTHER.slice(0, 9)], 2],
    ["the line is no JSON", [ONCE + OTHER], 1],
    ["the line is no JSON object", [ONCE, "[1]"], 2],
    ["the line is no JSON object", ["null"], 1],
    ['the line lacks the text "file"', ['{"distinct":1}'], 1],
    ['"distinct" is 0, not a number from 1', [OTHER, ONCE.replace("1}", "0}")], 2],
    ['"distinct" is "1", not a number from 1', [ONCE.replace("1}", '"1"}')], 1],
  ])("is refused with its line when %s", (problem, lines, line) => {
    const error = refusal(beside(...lines));
    expect(error).toMatchObject({ problem, line });
    expect(error?.hint).not.toBe("");
  });
});

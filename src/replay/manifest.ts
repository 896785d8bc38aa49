/** What the manifest beside a recording says about it. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { isJsonObject } from "../workload/fields.js";
import { RecordingError } from "../workload/recording.js";

interface ManifestLine {
  file: string;
  /** Left out for a program that was run once. */
  distinct?: number;
}

const manifests = new Map<string, Map<string, ManifestLine>>();

/**
 * Whether every run of the recorded program gave the same events, so that their order can be
 * compared.
 */
export function isReproducible(path: string): boolean {
  return linesOf(dirname(path)).get(basename(path))?.distinct === 1;
}

function linesOf(directory: string): Map<string, ManifestLine> {
  const known = manifests.get(directory);
  if (known !== undefined) return known;
  const lines = new Map<string, ManifestLine>();
  const path = join(directory, "manifest.jsonl");
  if (existsSync(path)) {
    readFileSync(path, "utf8")
      .split("\n")
      .forEach((text, index) => {
        if (text.trim() === "") return;
        const line = parseLine(text, path, index + 1);
        if (lines.has(line.file)) refuse(path, index + 1, `a second line for ${line.file}`);
        lines.set(line.file, line);
      });
  }
  manifests.set(directory, lines);
  return lines;
}

function parseLine(text: string, path: string, line: number): ManifestLine {
  const { file, distinct } = parseObject(text, path, line);
  if (typeof file !== "string") refuse(path, line, 'the line lacks the text "file"');
  if (distinct === undefined) return { file };
  if (typeof distinct !== "number" || !Number.isSafeInteger(distinct) || distinct < 1) {
    refuse(path, line, `"distinct" is ${JSON.stringify(distinct)}, not a number from 1`);
  }
  return { file, distinct };
}

function parseObject(text: string, path: string, line: number): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    refuse(path, line, "the line is no JSON");
  }
  if (isJsonObject(value)) return value;
  return refuse(path, line, "the line is no JSON object");
}

function refuse(path: string, line: number, problem: string): never {
  const hint = "Repair the manifest, or put the recording into a directory without one";
  throw new RecordingError(path, line, problem, hint);
}

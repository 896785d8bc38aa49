/** What the manifest beside a recording says about it. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { RecordingError } from "../workload/recording.js";

interface ManifestLine {
  file?: string;
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
        const line = text.trim() === "" ? {} : parseLine(text, path, index + 1);
        if (line.file !== undefined) lines.set(line.file, line);
      });
  }
  manifests.set(directory, lines);
  return lines;
}

function parseLine(text: string, path: string, line: number): ManifestLine {
  try {
    return (JSON.parse(text) ?? {}) as ManifestLine;
  } catch {
    const hint = "Repair the manifest, or put the recording into a directory without one";
    throw new RecordingError(path, line, "the line is no JSON", hint);
  }
}

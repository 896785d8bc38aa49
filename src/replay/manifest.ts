/** What the manifest beside a recording says about it. */
import { existsSync, readFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";

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
    for (const text of readFileSync(path, "utf8").split("\n")) {
      if (text.trim() === "") continue;
      const line = JSON.parse(text) as ManifestLine;
      if (line.file !== undefined) lines.set(line.file, line);
    }
  }
  manifests.set(directory, lines);
  return lines;
}

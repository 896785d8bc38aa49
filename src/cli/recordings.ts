/** The kernel recordings that come with the package, found by name. */
import { createReadStream, existsSync, readdirSync } from "node:fs";
import { basename, join } from "node:path";
import { createInterface } from "node:readline";
import { createGunzip } from "node:zlib";
import { mostSimilar } from "../base/similar.js";
import { UserError } from "./errors.js";
import { packageRoot } from "./package_info.js";

const SUFFIX = ".jsonl.gz";

export interface PackagedRecording {
  name: string;
  path: string;
}

/** Every recording below the package's `recordings` directory, by name. */
export function packagedRecordings(
  directory = join(packageRoot, "recordings"),
): PackagedRecording[] {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { recursive: true, encoding: "utf8" })
    .filter((path) => path.endsWith(SUFFIX))
    .map((path) => ({ name: basename(path, SUFFIX), path: join(directory, path) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** The path of a recording that was named, or given by its path. */
export function findRecording(nameOrPath: string, recordings = packagedRecordings()): string {
  if (existsSync(nameOrPath)) return nameOrPath;
  const found = recordings.find(({ name }) => name === nameOrPath);
  if (found !== undefined) return found.path;
  const meant = mostSimilar(
    nameOrPath,
    recordings.map(({ name }) => name),
  );
  const hint = meant === null ? "see: tlbstorm list recordings" : `did you mean ${meant}?`;
  throw new UserError(nameOrPath, "there is no such recording, and no such file", hint);
}

/** The first line of a recording, which says what was recorded, without reading the rest. */
export async function readHeader(path: string): Promise<Record<string, unknown>> {
  const file = createReadStream(path);
  const lines = createInterface({ input: file.pipe(createGunzip()) });
  try {
    for await (const line of lines) return JSON.parse(line) as Record<string, unknown>;
    throw new UserError(path, "the recording is empty");
  } finally {
    lines.close();
    file.destroy();
  }
}

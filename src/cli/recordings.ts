/** The kernel recordings that come with the package, found by name. */
import { createReadStream, existsSync, readdirSync, statSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { mostSimilar } from "../base/similar.js";
import { readRecording, type RecordingReader } from "../workload/recording.js";
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

/**
 * The path of a recording that was named, or given by its path; a path is taken from `base`, the
 * directory of the file that names it.
 */
export function findRecording(
  nameOrPath: string,
  { recordings = packagedRecordings(), base = "." } = {},
): string {
  const path = resolve(base, nameOrPath);
  const isThere = existsSync(path);
  if (isThere && !statSync(path).isDirectory()) return path;
  const found = recordings.find(({ name }) => name === nameOrPath);
  if (found !== undefined) return found.path;
  if (isThere) {
    throw new UserError(nameOrPath, "this is a directory", "name one of the recordings in it");
  }
  const meant = mostSimilar(
    nameOrPath,
    recordings.map(({ name }) => name),
  );
  const hint = meant === null ? "see: tlbstorm list recordings" : `did you mean ${meant}?`;
  throw new UserError(nameOrPath, "there is no such recording, and no such file", hint);
}

/** What a recording is called: its name if it comes with the package, else its path. */
export function recordingName(path: string): string {
  return packagedRecordings().find((recording) => recording.path === path)?.name ?? path;
}

/** Opens a recording and reads as far as its header. */
export async function openRecording(nameOrPath: string): Promise<RecordingReader> {
  const path = findRecording(nameOrPath);
  return readRecording(createReadStream(path), { file: path });
}

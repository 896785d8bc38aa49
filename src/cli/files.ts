/**
 * Reading inputs and writing outputs. An output appears under its name only when it is complete:
 * it is written beside its place and renamed, and what an interruption leaves behind is removed.
 */
import { createWriteStream, rmSync } from "node:fs";
import { access, constants, mkdir, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { UserError } from "./errors.js";

const unfinished = new Set<string>();

/** The text of a file; `-` is standard input. */
export async function readInput(path: string): Promise<string> {
  if (path === "-") return readStandardInput();
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    throw fileError(path, "cannot be read", error);
  }
}

async function readStandardInput(): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of process.stdin) chunks.push(Buffer.from(chunk as Uint8Array));
  return Buffer.concat(chunks).toString("utf8");
}

/** Refuses a place for a file that is a directory, or has none to be in. */
export async function checkDirectory(path: string): Promise<void> {
  try {
    await access(`${dirname(path)}/.`, constants.W_OK);
  } catch (error) {
    throw fileError(path, "cannot be written", error);
  }
  const place = await stat(path).catch(() => null);
  if (place?.isDirectory() === true) {
    throw new UserError(path, "cannot be written: it is a directory", "name a file");
  }
}

/** Writes a file whole or not at all. */
export async function writeOutput(path: string, content: string | Uint8Array): Promise<void> {
  await writeWhole(path, (temporary) => writeFile(temporary, content));
}

/** As `writeOutput`, as the content arrives. */
export async function writeStream(
  path: string,
  content: ReadableStream<Uint8Array>,
): Promise<void> {
  const stream = Readable.fromWeb(content as NodeReadableStream);
  await writeWhole(path, (temporary) => pipeline(stream, createWriteStream(temporary)));
}

async function writeWhole(
  path: string,
  write: (temporary: string) => Promise<void>,
): Promise<void> {
  const temporary = `${path}.tmp-${process.pid}`;
  unfinished.add(temporary);
  try {
    await write(temporary);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw fileError(path, "cannot be written", error);
  } finally {
    unfinished.delete(temporary);
  }
}

/** Writes files by name into a directory, which is made if it does not exist. */
export async function writeOutputs(
  directory: string,
  files: Iterable<readonly [name: string, content: string | Uint8Array]>,
): Promise<void> {
  for (const [name, content] of files) {
    const path = join(directory, name);
    await makeDirectory(dirname(path));
    await writeOutput(path, content);
  }
}

/**
 * Refuses a place for a directory where nothing can be written, before work is done for it; makes
 * nothing yet.
 */
export async function checkOutputDirectory(directory: string): Promise<void> {
  try {
    const above = await nearestDirectory(directory);
    await access(`${above}/.`, constants.W_OK);
  } catch (error) {
    throw fileError(directory, "cannot be written", error);
  }
}

/** The directory itself if it is there, or the one above that is. */
async function nearestDirectory(directory: string): Promise<string> {
  const path = resolve(directory);
  const exists = await access(path).then(
    () => true,
    (error: unknown) => {
      if (codeOf(error) === "ENOENT") return false;
      throw error;
    },
  );
  return exists || path === dirname(path) ? path : nearestDirectory(dirname(path));
}

/** Makes a directory and those above it that are missing, one by one: all errors are told. */
async function makeDirectory(directory: string): Promise<void> {
  const path = resolve(directory);
  const missing: string[] = [];
  try {
    const above = await nearestDirectory(path);
    for (let at = path; at !== above; at = dirname(at)) missing.unshift(at);
    for (const one of missing) await mkdirUnlessThere(one);
    if (!(await stat(path)).isDirectory())
      throw new UserError(directory, "is not a directory", "name another place");
  } catch (error) {
    throw fileError(directory, "cannot be made", error);
  }
}

/** Another process may make the same directory at the same time. */
async function mkdirUnlessThere(path: string): Promise<void> {
  try {
    await mkdir(path);
  } catch (error) {
    if (codeOf(error) !== "EEXIST") throw error;
  }
}

/** Removes what was being written. Called when the program is interrupted. */
export function removeUnfinished(): void {
  for (const path of unfinished) rmSync(path, { force: true });
  unfinished.clear();
}

/** What the file system says, and what to try. */
const REASONS: Record<string, readonly [reason: string, hint: string]> = {
  ENOENT: [
    "there is no such file or directory",
    "check the path; it is looked for from where you are",
  ],
  EACCES: ["permission denied", "check the rights, or name another place"],
  EPERM: ["permission denied", "check the rights, or name another place"],
  EISDIR: ["it is a directory", "name a file"],
  ENOTDIR: ["a part of the path is not a directory", "check the path"],
  EEXIST: ["a file of that name is in the way", "name another place, or move the file"],
  ENOSPC: ["the disk is full", "make room, or name a place on another disk"],
  EROFS: ["the file system is read-only", "name another place"],
};

/** Turns a failure of the file system into a message; other exceptions pass. */
export function fileError(path: string, what: string, error: unknown): unknown {
  const known = REASONS[codeOf(error)];
  if (known === undefined) return error;
  const [reason, hint] = known;
  return new UserError(path, `${what}: ${reason}`, hint);
}

function codeOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** The recordings of this repository, for tests. */
import { readdirSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import {
  type RecordedEvent,
  type RecordingReader,
  readRecording,
} from "../../src/workload/recording.js";

const ROOT = new URL("../../recordings/", import.meta.url);

/** Paths such as `micro/brk_1.jsonl.gz`. */
export const RECORDINGS: readonly string[] = ["micro", "real"].flatMap((folder) =>
  readdirSync(new URL(`${folder}/`, ROOT))
    .filter((name) => name.endsWith(".jsonl.gz"))
    .map((name) => `${folder}/${name}`),
);

export function compressedBytes(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(path, ROOT)));
}

export function plainBytes(path: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(gunzipSync(compressedBytes(path)));
}

/** The lines of a recording, each without its newline. */
export function linesOf(path: string): string[] {
  return new TextDecoder().decode(plainBytes(path)).trimEnd().split("\n");
}

export function openRecording(path: string): Promise<RecordingReader> {
  return readRecording(compressedBytes(path), { file: path });
}

/** Reads everything, to the checks at the end. */
export async function readAll(
  bytes: Uint8Array | AsyncIterable<Uint8Array> | ReadableStream<Uint8Array>,
  options: { file?: string; acceptLost?: boolean } = {},
): Promise<{ reader: RecordingReader; events: RecordedEvent[] }> {
  const reader = await readRecording(bytes, { file: "test.jsonl", ...options });
  const events: RecordedEvent[] = [];
  for await (const event of reader) events.push(event);
  return { reader, events };
}

export function bytesOf(...lines: readonly string[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
}

/** The program of a timed run, as batches of records for the core. */
import { recordsOf, settingsOf } from "../replay/feed.js";
import { RECORD_BYTES } from "../workload/record_layout.js";
import type { RecordingReader } from "../workload/recording.js";

/** A program that can be run any number of times. */
export interface Program {
  readonly name: string;
  /** Records of RECORD_BYTES bytes each, in order. */
  readonly records: Uint8Array<ArrayBuffer>;
  readonly events: number;
  /** Settings of the recorded system, for replaySet of the core. */
  readonly settings: readonly (readonly [number, number])[];
}

/** Reads a recording to its end. Throws RecordingError where it is damaged. */
export async function programOf(name: string, reader: RecordingReader): Promise<Program> {
  const batches: Uint8Array[] = [];
  let length = 0;
  for await (const batch of recordsOf(reader)) {
    batches.push(batch.slice());
    length += batch.length;
  }
  const records = new Uint8Array(length);
  let at = 0;
  for (const batch of batches) {
    records.set(batch, at);
    at += batch.length;
  }
  return { name, records, events: length / RECORD_BYTES, settings: settingsOf(reader.header) };
}

/** The program of a timed run, as batches of records for the core. */
import { recordsOf, settingsOf } from "../replay/feed.js";
import { OFFSET_KIND, OFFSET_MM, RECORD_BYTES, RecordKind } from "../workload/record_layout.js";
import type { RecordingReader } from "../workload/recording.js";

/** A program that can be run any number of times. */
export interface Program {
  readonly name: string;
  /** Records of RECORD_BYTES bytes each, in order. */
  readonly records: Uint8Array<ArrayBuffer>;
  readonly events: number;
  /** Settings of the recorded system, for replaySet of the core. */
  readonly settings: readonly (readonly [number, number])[];
  /** The number of the mm that devices share: the busiest one, by the ranges that were announced. */
  readonly sharedMm: number;
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
  return {
    name,
    records,
    events: length / RECORD_BYTES,
    settings: settingsOf(reader.header),
    sharedMm: busiestMm(records),
  };
}

const INVAL: number = RecordKind.Inval;

/** The mm in whose context most ranges were announced; 0 if none was. */
function busiestMm(records: Uint8Array<ArrayBuffer>): number {
  const view = new DataView(records.buffer, records.byteOffset, records.length);
  const ranges = new Map<number, number>();
  for (let at = 0; at < records.length; at += RECORD_BYTES) {
    if (view.getUint16(at + OFFSET_KIND, true) !== INVAL) continue;
    const mm = view.getUint32(at + OFFSET_MM, true);
    if (mm !== 0) ranges.set(mm, (ranges.get(mm) ?? 0) + 1);
  }
  const [busiest] = [...ranges].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return busiest?.[0] ?? 0;
}

/**
 * Which mm of a program devices share, and from when on.
 *
 * A recording made with a notifier says it. One made without, as perf makes them, has no notifier:
 * devices then share the mm that was busiest, from its first call or fault on, as if the driver had
 * bound it there.
 */
import { RecordKind } from "../abi/recording.generated.js";
import { encodeRecord, readColumn } from "../abi/records.js";
import { RECORD_BYTES } from "../workload/record_layout.js";

export interface SharedMm {
  readonly records: Uint8Array<ArrayBuffer>;
  /** 0: no mm does anything. */
  readonly mm: number;
}

export function shareMm(records: Uint8Array<ArrayBuffer>): SharedMm {
  const kinds: RecordKind[] = readColumn("EventRecord", "kind", records);
  const mms = readColumn("EventRecord", "mm", records);
  const announced = busiest(kinds, mms, [RecordKind.Inval]);
  if (announced !== 0 || kinds.includes(RecordKind.Notifier)) return { records, mm: announced };
  const mm = busiest(kinds, mms, DOINGS);
  const first = mms.findIndex((one, index) => one === mm && DOINGS.includes(kinds[index]!));
  return mm === 0 ? { records, mm } : { records: withNotifier(records, first), mm };
}

const DOINGS: readonly RecordKind[] = [RecordKind.Enter, RecordKind.Fault];

/** The mm with the most records of these kinds; 0 if there is none. */
function busiest(
  kinds: readonly RecordKind[],
  mms: readonly number[],
  wanted: readonly RecordKind[],
): number {
  const counts = new Map<number, number>();
  mms.forEach((mm, index) => {
    if (mm !== 0 && wanted.includes(kinds[index]!)) counts.set(mm, (counts.get(mm) ?? 0) + 1);
  });
  const [most] = [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0]);
  return most?.[0] ?? 0;
}

/** The records with the registration of a notifier before that at `index`, by the same task. */
function withNotifier(records: Uint8Array<ArrayBuffer>, index: number): Uint8Array<ArrayBuffer> {
  const field = (name: Parameters<typeof readColumn<"EventRecord">>[1]) =>
    readColumn("EventRecord", name, records.slice(at, at + RECORD_BYTES))[0] ?? 0;
  const at = index * RECORD_BYTES;
  const registration = encodeRecord("EventRecord", {
    kind: RecordKind.Notifier,
    line: field("line"),
    tid: field("tid"),
    p: field("p"),
    mm: field("mm"),
    cpu: field("cpu"),
    t: BigInt(field("t")),
    a0: 1n,
  });
  const extended = new Uint8Array(records.length + RECORD_BYTES);
  extended.set(records.subarray(0, at));
  extended.set(registration, at);
  extended.set(records.subarray(at), at + RECORD_BYTES);
  return extended;
}

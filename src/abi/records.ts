/** Reads records of the core through the generated layout. */
import { layout } from "./layout.generated.js";

type Layouts = typeof layout;
type FieldsOf<R extends keyof Layouts> = Exclude<keyof Layouts[R], "size">;

/** A record as an object: 64-bit fields as bigint, others as numbers. */
export type RecordOf<R extends keyof Layouts> = {
  readonly [F in FieldsOf<R>]: Layouts[R][F] extends { type: "u64" } ? bigint : number;
};

/** Reads one record at `offset` of `view`. */
export function readRecord<R extends keyof Layouts>(
  name: R,
  view: DataView,
  offset = 0,
): RecordOf<R> {
  const record: Record<string, number | bigint> = {};
  const fields: Record<string, number | { offset: number; type: string }> = layout[name];
  for (const [field, place] of Object.entries(fields)) {
    if (typeof place === "number") continue;
    const at = offset + place.offset;
    record[field] = place.type === "u64" ? view.getBigUint64(at, true) : view.getUint32(at, true);
  }
  return record as RecordOf<R>;
}

/** Bytes of one record. */
export function recordSize(name: keyof Layouts): number {
  return layout[name].size;
}

/** Writes fields of one record at `offset` of `view`; fields left out keep what they hold. */
export function writeRecord<R extends keyof Layouts>(
  name: R,
  view: DataView,
  values: Partial<RecordOf<R>>,
  offset = 0,
): void {
  const fields: Record<string, number | { offset: number; type: string }> = layout[name];
  for (const [field, value] of Object.entries<number | bigint | undefined>(values)) {
    const place = fields[field];
    if (place === undefined || typeof place === "number" || value === undefined) continue;
    const at = offset + place.offset;
    if (place.type === "u64") view.setBigUint64(at, BigInt(value), true);
    else view.setUint32(at, Number(value), true);
  }
}

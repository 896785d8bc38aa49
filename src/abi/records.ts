/** Reads records of the core through the generated layout. */
import { layout } from "./layout.generated.js";

type Layouts = typeof layout;
/** The records that host and core share. */
export type RecordName = keyof Layouts;
type FieldsOf<R extends RecordName> = Exclude<keyof Layouts[R], "size">;

/** A record as an object: 64-bit fields as bigint, others as numbers. */
export type RecordOf<R extends RecordName> = {
  readonly [F in FieldsOf<R>]: Layouts[R][F] extends { type: "u64" } ? bigint : number;
};

/** Reads one record at `offset` of `view`. */
export function readRecord<R extends RecordName>(name: R, view: DataView, offset = 0): RecordOf<R> {
  const record: Record<string, number | bigint> = {};
  const fields: Record<string, number | { offset: number; type: string }> = layout[name];
  for (const [field, place] of Object.entries(fields)) {
    if (typeof place === "number") continue;
    const at = offset + place.offset;
    record[field] = readField(place.type, view, at);
  }
  return record as RecordOf<R>;
}

/** One field of every record of a table, in order. */
export function readColumn<R extends RecordName>(
  name: R,
  field: FieldsOf<R>,
  table: Uint8Array<ArrayBuffer>,
): number[] {
  const { size } = layout[name];
  const fields: Record<string, number | { offset: number; type: string }> = layout[name];
  const place = fields[field as string];
  if (place === undefined || typeof place === "number") return [];
  const view = new DataView(table.buffer, table.byteOffset, table.length);
  return Array.from({ length: table.length / size }, (_, index) =>
    Number(readField(place.type, view, index * size + place.offset)),
  );
}

/** Bytes of one record. */
export function recordSize(name: RecordName): number {
  return layout[name].size;
}

/** Writes fields of one record at `offset` of `view`; fields left out keep what they hold. */
export function writeRecord<R extends RecordName>(
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
    writeField(place.type, view, at, value);
  }
}

/** The bytes of one record; fields left out are 0. */
export function encodeRecord<R extends RecordName>(
  name: R,
  values: Partial<RecordOf<R>>,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(recordSize(name));
  writeRecord(name, new DataView(bytes.buffer), values);
  return bytes;
}

function readField(type: string, view: DataView, at: number): number | bigint {
  switch (type) {
    case "u8":
      return view.getUint8(at);
    case "u16":
      return view.getUint16(at, true);
    case "u32":
      return view.getUint32(at, true);
    case "u64":
      return view.getBigUint64(at, true);
    default:
      throw new Error(`a record has no field of type ${type}`);
  }
}

function writeField(type: string, view: DataView, at: number, value: number | bigint): void {
  switch (type) {
    case "u8":
      view.setUint8(at, Number(value));
      return;
    case "u16":
      view.setUint16(at, Number(value), true);
      return;
    case "u32":
      view.setUint32(at, Number(value), true);
      return;
    case "u64":
      view.setBigUint64(at, BigInt(value), true);
      return;
    default:
      throw new Error(`a record has no field of type ${type}`);
  }
}

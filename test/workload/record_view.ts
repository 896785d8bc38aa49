/** Reads encoded records back, independently of the encoder: offsets are written out. */
export interface DecodedRecord {
  kind: number;
  call: number;
  line: number;
  tid: number;
  p: number;
  mm: number;
  cpu: number;
  present: number;
  kthread: number;
  t: bigint;
  args: bigint[];
}

export function decodeRecords(bytes: Uint8Array): DecodedRecord[] {
  if (bytes.length % 80 !== 0) throw new Error("a record is 80 bytes");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 80 }, (_, i) => {
    const base = 80 * i;
    return {
      kind: view.getUint16(base, true),
      call: view.getUint16(base + 2, true),
      line: view.getUint32(base + 4, true),
      tid: view.getUint32(base + 8, true),
      p: view.getUint32(base + 12, true),
      mm: view.getUint32(base + 16, true),
      cpu: view.getUint16(base + 20, true),
      present: view.getUint8(base + 22),
      kthread: view.getUint8(base + 23),
      t: view.getBigUint64(base + 24, true),
      args: [0, 1, 2, 3, 4, 5].map((arg) => view.getBigUint64(base + 32 + 8 * arg, true)),
    };
  });
}

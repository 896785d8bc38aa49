/** Reads events that the core has made of lines, field by field: millions a second. */
import { layout } from "./layout.generated.js";

const record = layout.EventRecord;
const ARG_BYTES = record.a1.offset - record.a0.offset;

export class EventRecords {
  readonly length: number;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    this.length = bytes.length / record.size;
  }

  kind(index: number): number {
    return this.#view.getUint16(index * record.size + record.kind.offset, true);
  }

  call(index: number): number {
    return this.#view.getUint16(index * record.size + record.call.offset, true);
  }

  line(index: number): number {
    return this.#view.getUint32(index * record.size + record.line.offset, true);
  }

  tid(index: number): number {
    return this.#view.getUint32(index * record.size + record.tid.offset, true);
  }

  process(index: number): number {
    return this.#view.getUint32(index * record.size + record.p.offset, true);
  }

  mm(index: number): number {
    return this.#view.getUint32(index * record.size + record.mm.offset, true);
  }

  cpu(index: number): number {
    return this.#view.getUint16(index * record.size + record.cpu.offset, true);
  }

  /** The lower 32 bits of an argument. */
  low(index: number, arg: number): number {
    return this.#view.getUint32(this.#arg(index, arg), true);
  }

  /** The upper 32 bits of an argument, with their sign. */
  high(index: number, arg: number): number {
    return this.#view.getInt32(this.#arg(index, arg) + 4, true);
  }

  #arg(index: number, arg: number): number {
    return index * record.size + record.a0.offset + arg * ARG_BYTES;
  }
}

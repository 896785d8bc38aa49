/**
 * The compact form of an instance's state: the few words of memory that can differ, packed.
 *
 * A cell is one varying piece of memory with the number of bits it needs. Packed cells never cross
 * a word, so that a state is a short row of 64-bit words; everything else in memory is the same in
 * all states of the instance.
 *
 * A hot room: flat tables, one pass over the cells a transition.
 */
import { allocate, byteAt, longAt, putByte, putLong, putWord, wordAt } from "../base/bytes";
import { NO_FRAME } from "../hardware/memory/physical_memory";
import {
  entryFrame,
  isHuge,
  isPresent,
  isWritable,
  leafEntry,
  migrationEntry,
  PTE_PAGE_SIZE,
  tableEntry,
} from "../hardware/pgtable/pte";
import { payloadFrame, payloadIsWritable, payloadOf } from "../hardware/tlb/tlb";

const CELLS_MAX: u32 = 160;
export const WORDS_MAX: u32 = 6;
/** Data frames of an instance lie 512 apart, so that each may head a huge page: frame n at n * 512. */
export const FRAME_STRIDE_SHIFT: u32 = 9;

/** How the value of a cell is read and written. */
enum CellKind {
  /** The low byte of a field that never leaves 0..255. */
  Byte,
  /** A data frame, or NO_FRAME, or 0. */
  Frame,
  /** A page number, or 0. */
  Page,
  /** A pte of one of the data frames. */
  Pte,
  /** The pmd entry: none, the table, or huge. */
  Upper,
  /** A slot of a TLB whose tag is known. */
  TlbSlot,
  /** The walk cache's pointer to the pte table. */
  WalkSlot,
}

export class Codec {
  cells: u32 = 0;
  words: u32 = 0;
  private bits: u32 = 0;
  private readonly addresses: usize = allocate((<usize>CELLS_MAX) << 2);
  private readonly kinds: usize = allocate(CELLS_MAX);
  private readonly shifts: usize = allocate(CELLS_MAX);
  private readonly places: usize = allocate(CELLS_MAX);
  private readonly masks: usize = allocate((<usize>CELLS_MAX) << 2);
  private readonly second: usize = allocate((<usize>CELLS_MAX) << 2);
  private readonly tags: usize = allocate((<usize>CELLS_MAX) << 3);
  /** The codes of the state that was decoded last. */
  private readonly parent: usize = allocate((<usize>CELLS_MAX) << 2);

  /** `firstVpn` and `pteTable` are the instance's: they give page numbers and table entries. */
  constructor(
    private readonly firstVpn: u64,
    private readonly pteTable: u32,
  ) {}

  addByte(address: usize, bits: u32): void {
    this.add(CellKind.Byte, address, bits);
  }

  addFrame(address: usize): void {
    this.add(CellKind.Frame, address, 2);
  }

  addPage(address: usize): void {
    this.add(CellKind.Page, address, 2);
  }

  addPte(address: usize): void {
    this.add(CellKind.Pte, address, 3);
  }

  addUpper(address: usize): void {
    this.add(CellKind.Upper, address, 2);
  }

  /** `tag` is what the slot holds when it is valid. */
  addTlbSlot(tagAddress: usize, payloadAddress: usize, tag: u64): void {
    const cell = this.add(CellKind.TlbSlot, tagAddress, 3);
    putWord(this.second, cell, <u32>payloadAddress);
    putLong(this.tags, cell, tag);
  }

  addWalkSlot(tagAddress: usize, payloadAddress: usize, tag: u64): void {
    const cell = this.add(CellKind.WalkSlot, tagAddress, 1);
    putWord(this.second, cell, <u32>payloadAddress);
    putLong(this.tags, cell, tag);
  }

  /** Writes the state packed at `row` into memory. */
  decode(row: usize): void {
    for (let cell: u32 = 0; cell < this.cells; cell++) {
      const word = longAt(row, byteAt(this.places, cell));
      const code = (<u32>(word >> byteAt(this.shifts, cell))) & wordAt(this.masks, cell);
      putWord(this.parent, cell, code);
      this.write(cell, code);
    }
  }

  /** Packs the state in memory into `row`, and puts memory back to the state decoded last. */
  encodeAndRestore(row: usize): void {
    const cells = this.cells;
    let word: u64 = 0;
    let place: u8 = 0;
    for (let cell: u32 = 0; cell < cells; cell++) {
      const code = this.read(cell);
      if (byteAt(this.places, cell) != place) {
        putLong(row, place++, word);
        word = 0;
      }
      word |= (<u64>code) << byteAt(this.shifts, cell);
      const before = wordAt(this.parent, cell);
      if (code != before) this.write(cell, before);
    }
    putLong(row, place, word);
  }

  /** Packs the state in memory into `row`; it becomes the state to restore. */
  encode(row: usize): void {
    for (let cell: u32 = 0; cell < this.cells; cell++) putWord(this.parent, cell, this.read(cell));
    this.encodeAndRestore(row);
  }

  private add(kind: CellKind, address: usize, bits: u32): u32 {
    assert(this.cells < CELLS_MAX, "an instance has at most 160 cells");
    if ((this.bits & 63) + bits > 64) this.bits = (this.bits + 63) & ~(<u32>63);
    const cell = this.cells++;
    putWord(this.addresses, cell, <u32>address);
    putByte(this.kinds, cell, <u8>kind);
    putByte(this.shifts, cell, <u8>(this.bits & 63));
    putByte(this.places, cell, <u8>(this.bits >> 6));
    putWord(this.masks, cell, (1 << bits) - 1);
    this.bits += bits;
    this.words = (this.bits + 63) >> 6;
    assert(this.words <= WORDS_MAX, "a packed state has at most six words");
    return cell;
  }

  private read(cell: u32): u32 {
    const address = <usize>wordAt(this.addresses, cell);
    switch (<CellKind>byteAt(this.kinds, cell)) {
      case CellKind.Byte:
        return (<u32>load<u8>(address)) & wordAt(this.masks, cell);
      case CellKind.Frame: {
        const frame = load<u32>(address);
        return frame == NO_FRAME ? 3 : frame >> FRAME_STRIDE_SHIFT;
      }
      case CellKind.Page: {
        const page = load<u64>(address);
        return page == 0 ? 0 : <u32>(page - this.firstVpn) + 1;
      }
      case CellKind.Pte: {
        const entry = load<u64>(address);
        if (entry == 0) return 0;
        const index = entryFrame(entry) >> FRAME_STRIDE_SHIFT;
        if (isPresent(entry)) return (index << 1) - 1 + (isWritable(entry) ? 1 : 0);
        return 4 + index;
      }
      case CellKind.Upper: {
        const entry = load<u64>(address);
        return entry == 0 ? 0 : isHuge(entry) ? 2 : 1;
      }
      case CellKind.TlbSlot: {
        if (load<u64>(address) == 0) return 0;
        const payload = load<u64>(<usize>wordAt(this.second, cell));
        const index = payloadFrame(payload) >> FRAME_STRIDE_SHIFT;
        return (index << 1) - 1 + (payloadIsWritable(payload) ? 1 : 0);
      }
      default:
        return load<u64>(address) == 0 ? 0 : 1;
    }
  }

  private write(cell: u32, code: u32): void {
    const address = <usize>wordAt(this.addresses, cell);
    switch (<CellKind>byteAt(this.kinds, cell)) {
      case CellKind.Byte:
        store<u8>(address, <u8>code);
        break;
      case CellKind.Frame:
        store<u32>(address, code == 3 ? NO_FRAME : code << FRAME_STRIDE_SHIFT);
        break;
      case CellKind.Page:
        store<u64>(address, code == 0 ? 0 : this.firstVpn + code - 1);
        break;
      case CellKind.Pte:
        store<u64>(address, Codec.pteOf(code));
        break;
      case CellKind.Upper:
        store<u64>(address, this.upperOf(code));
        break;
      case CellKind.TlbSlot: {
        store<u64>(address, code == 0 ? 0 : longAt(this.tags, cell));
        const frame = ((code + 1) >> 1) << FRAME_STRIDE_SHIFT;
        const payload = code == 0 ? 0 : payloadOf(frame, (code & 1) == 0, 0);
        store<u64>(<usize>wordAt(this.second, cell), payload);
        break;
      }
      default: {
        store<u64>(address, code == 0 ? 0 : longAt(this.tags, cell));
        const payload = code == 0 ? 0 : payloadOf(this.pteTable, true, 0);
        store<u64>(<usize>wordAt(this.second, cell), payload);
      }
    }
  }

  private static pteOf(code: u32): u64 {
    if (code == 0) return 0;
    if (code > 4) return migrationEntry((code - 4) << FRAME_STRIDE_SHIFT);
    return leafEntry(((code + 1) >> 1) << FRAME_STRIDE_SHIFT, (code & 1) == 0);
  }

  private upperOf(code: u32): u64 {
    if (code == 0) return 0;
    if (code == 1) return tableEntry(this.pteTable);
    return leafEntry(2 << FRAME_STRIDE_SHIFT, true) | PTE_PAGE_SIZE;
  }
}

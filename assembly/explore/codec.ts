/**
 * The compact form of an instance's state: the few words of memory that can differ, packed.
 *
 * A cell is one varying piece of memory with the number of bits it needs. Packed cells never cross
 * a word, so that a state is a short row of 64-bit words; everything else in memory is the same in
 * all states of the instance.
 *
 * A hot room. Memory always holds the state that was unpacked last, and `before` what each cell
 * held then: packing a successor looks for the few cells that a move has changed, patches their
 * bits into the packed state and puts the cells back; unpacking the next state writes the cells
 * whose bits differ. Cells are scanned by width: bytes, 32-bit words, pairs of 64-bit words.
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

const CELLS_MAX: u32 = 192;
export const WORDS_MAX: u32 = 6;
/**
 * Data frames of an instance lie 512 apart, so that each may head a huge page: frame n at n * 512.
 */
export const FRAME_STRIDE_SHIFT: u32 = 9;
/** Codes of a pte: 0 none, then two a frame (read-only, writable), then one a migration entry. */
const FIRST_MIGRATION_CODE: u32 = 7;
const NO_FRAME_CODE: u32 = 4;
const NO_CELL: u8 = 255;

/** How the value of a cell is read and written. */
enum CellKind {
  /** A byte, as it is. */
  Byte,
  /** A 32-bit field, as it is. */
  Word,
  /** A 32-bit field with a data frame, NO_FRAME, or 0. */
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
  /** A field was packed that has outgrown its cell: the packed state is not what memory held. */
  hasOutgrown: bool = false;
  private bits: u32 = 0;
  private readonly kinds: usize = allocate(CELLS_MAX);
  private readonly shifts: usize = allocate(CELLS_MAX);
  private readonly places: usize = allocate(CELLS_MAX);
  private readonly masks: usize = allocate((<usize>CELLS_MAX) << 2);
  private readonly addresses: usize = allocate((<usize>CELLS_MAX) << 2);
  /** Where the second word of a pair lies; of a pair with one word only, the same place again. */
  private readonly seconds: usize = allocate((<usize>CELLS_MAX) << 2);
  private readonly tags: usize = allocate((<usize>CELLS_MAX) << 3);
  /** What each cell held in the state unpacked last, and its second word. */
  private readonly before: usize = allocate((<usize>CELLS_MAX) << 3);
  private readonly beforeSecond: usize = allocate((<usize>CELLS_MAX) << 3);
  /** The cells of each width. */
  private readonly byteCells: usize = allocate(CELLS_MAX);
  private readonly wordCells: usize = allocate(CELLS_MAX);
  private readonly pairCells: usize = allocate(CELLS_MAX);
  private byteCount: u32 = 0;
  private wordCount: u32 = 0;
  private pairCount: u32 = 0;
  /** Which cell a bit of a packed state belongs to. */
  private readonly cellOfBit: usize = allocate((<usize>WORDS_MAX) << 6);
  /** The packed state that memory holds. */
  private readonly current: usize = allocate((<usize>WORDS_MAX) << 3);

  /** `firstVpn`, `pteTable` and `copyFrame` are the instance's: they give pages and entries. */
  constructor(
    private readonly firstVpn: u64,
    private readonly pteTable: u32,
    private readonly copyFrame: u32,
  ) {
    memory.fill(this.cellOfBit, NO_CELL, (<usize>WORDS_MAX) << 6);
  }

  // Each returns the new cell's number.

  addByte(address: usize, bits: u32): u32 {
    return this.addToBytes(this.add(CellKind.Byte, address, bits));
  }

  addWord(address: usize, bits: u32): u32 {
    return this.addToWords(this.add(CellKind.Word, address, bits));
  }

  addFrame(address: usize): u32 {
    return this.addToWords(this.add(CellKind.Frame, address, 3));
  }

  addPage(address: usize): u32 {
    return this.addPair(CellKind.Page, address, address, 0, 2);
  }

  addPte(address: usize): u32 {
    return this.addPair(CellKind.Pte, address, address, 0, 4);
  }

  addUpper(address: usize): u32 {
    return this.addPair(CellKind.Upper, address, address, 0, 2);
  }

  /** `tag` is what the slot holds when it is valid. */
  addTlbSlot(tagAddress: usize, payloadAddress: usize, tag: u64): u32 {
    return this.addPair(CellKind.TlbSlot, tagAddress, payloadAddress, tag, 3);
  }

  addWalkSlot(tagAddress: usize, payloadAddress: usize, tag: u64): u32 {
    return this.addPair(CellKind.WalkSlot, tagAddress, payloadAddress, tag, 1);
  }

  /** Lets the next cell begin a word of its own; returns that word. */
  beginWord(): u32 {
    this.bits = (this.bits + 63) & ~(<u32>63);
    return this.bits >> 6;
  }

  /** Takes the state in memory for the present one and packs it into `row`. */
  encodeAll(row: usize): void {
    this.pack(row);
    memory.copy(this.current, row, (<usize>this.words) << 3);
    for (let cell: u32 = 0; cell < this.cells; cell++) this.remember(cell);
  }

  /** Packs the state in memory, whatever it is. */
  pack(row: usize): void {
    memory.fill(row, 0, (<usize>this.words) << 3);
    for (let cell: u32 = 0; cell < this.cells; cell++) this.patch(row, cell, this.codeOf(cell));
  }

  /** Writes every cell of the state packed at `row`: memory may hold anything before. */
  decodeAll(row: usize): void {
    memory.copy(this.current, row, (<usize>this.words) << 3);
    for (let cell: u32 = 0; cell < this.cells; cell++) this.write(cell, this.codeIn(row, cell));
  }

  /** Goes from the present state to the one packed at `row`. */
  moveTo(row: usize): void {
    const current = this.current;
    for (let place: u32 = 0; place < this.words; place++) {
      const word = longAt(row, place);
      let differing = word ^ longAt(current, place);
      if (differing == 0) continue;
      putLong(current, place, word);
      while (differing != 0) {
        const cell: u32 = byteAt(this.cellOfBit, (place << 6) + <u32>ctz(differing));
        const mask = wordAt(this.masks, cell);
        const shift = byteAt(this.shifts, cell);
        this.write(cell, (<u32>(word >> shift)) & mask);
        differing &= ~((<u64>mask) << shift);
      }
    }
  }

  /** Packs the state that a move has made of the present one, and takes the move back. */
  encodeAndRestore(row: usize): void {
    const current = this.current;
    for (let place: u32 = 0; place < this.words; place++) {
      putLong(row, place, longAt(current, place));
    }
    const before = this.before;
    const addresses = this.addresses;
    for (let i: u32 = 0; i < this.byteCount; i++) {
      const cell: u32 = byteAt(this.byteCells, i);
      const address = <usize>wordAt(addresses, cell);
      const old = <u8>longAt(before, cell);
      if (load<u8>(address) == old) continue;
      this.patch(row, cell, this.codeOf(cell));
      store<u8>(address, old);
    }
    for (let i: u32 = 0; i < this.wordCount; i++) {
      const cell: u32 = byteAt(this.wordCells, i);
      const address = <usize>wordAt(addresses, cell);
      const old = <u32>longAt(before, cell);
      if (load<u32>(address) == old) continue;
      this.patch(row, cell, this.codeOf(cell));
      store<u32>(address, old);
    }
    for (let i: u32 = 0; i < this.pairCount; i++) {
      const cell: u32 = byteAt(this.pairCells, i);
      const address = <usize>wordAt(addresses, cell);
      const second = <usize>wordAt(this.seconds, cell);
      const old = longAt(before, cell);
      const oldSecond = longAt(this.beforeSecond, cell);
      if (load<u64>(address) == old && load<u64>(second) == oldSecond) continue;
      this.patch(row, cell, this.codeOf(cell));
      store<u64>(address, old);
      store<u64>(second, oldSecond);
    }
  }

  /** The code of a cell in a packed state. */
  codeIn(row: usize, cell: u32): u32 {
    const word = longAt(row, byteAt(this.places, cell));
    return (<u32>(word >> byteAt(this.shifts, cell))) & wordAt(this.masks, cell);
  }

  /** Puts a cell's code into a packed state. */
  put(row: usize, cell: u32, code: u32): void {
    const place: u32 = byteAt(this.places, cell);
    const shift = byteAt(this.shifts, cell);
    const mask = wordAt(this.masks, cell);
    const bits = (<u64>(code & mask)) << shift;
    putLong(row, place, (longAt(row, place) & ~((<u64>mask) << shift)) | bits);
  }

  /** The same for what a field holds, which may have outgrown its cell. */
  private patch(row: usize, cell: u32, code: u32): void {
    if (code > wordAt(this.masks, cell)) this.hasOutgrown = true;
    this.put(row, cell, code);
  }

  private add(kind: CellKind, address: usize, bits: u32): u32 {
    assert(this.cells < CELLS_MAX, "an instance has at most 192 cells");
    if ((this.bits & 63) + bits > 64) this.bits = (this.bits + 63) & ~(<u32>63);
    const cell = this.cells++;
    putWord(this.addresses, cell, <u32>address);
    putByte(this.kinds, cell, <u8>kind);
    putByte(this.shifts, cell, <u8>(this.bits & 63));
    putByte(this.places, cell, <u8>(this.bits >> 6));
    putWord(this.masks, cell, (1 << bits) - 1);
    memory.fill(this.cellOfBit + <usize>this.bits, <u8>cell, bits);
    this.bits += bits;
    this.words = (this.bits + 63) >> 6;
    assert(this.words <= WORDS_MAX, "a packed state has at most six words");
    return cell;
  }

  private addToBytes(cell: u32): u32 {
    putByte(this.byteCells, this.byteCount++, <u8>cell);
    return cell;
  }

  private addToWords(cell: u32): u32 {
    putByte(this.wordCells, this.wordCount++, <u8>cell);
    return cell;
  }

  private addPair(kind: CellKind, address: usize, second: usize, tag: u64, bits: u32): u32 {
    const cell = this.add(kind, address, bits);
    putWord(this.seconds, cell, <u32>second);
    putLong(this.tags, cell, tag);
    putByte(this.pairCells, this.pairCount++, <u8>cell);
    return cell;
  }

  /** Notes what a cell holds, to find out later that it has changed. */
  private remember(cell: u32): void {
    const address = <usize>wordAt(this.addresses, cell);
    const kind = <CellKind>byteAt(this.kinds, cell);
    if (kind == CellKind.Byte) putLong(this.before, cell, load<u8>(address));
    else if (kind == CellKind.Word || kind == CellKind.Frame) {
      putLong(this.before, cell, load<u32>(address));
    } else {
      putLong(this.before, cell, load<u64>(address));
      putLong(this.beforeSecond, cell, load<u64>(<usize>wordAt(this.seconds, cell)));
    }
  }

  private codeOf(cell: u32): u32 {
    const address = <usize>wordAt(this.addresses, cell);
    switch (<CellKind>byteAt(this.kinds, cell)) {
      case CellKind.Byte:
        return load<u8>(address);
      case CellKind.Word:
        return load<u32>(address);
      case CellKind.Frame: {
        const frame = load<u32>(address);
        return frame == NO_FRAME ? NO_FRAME_CODE : frame >> FRAME_STRIDE_SHIFT;
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
        return FIRST_MIGRATION_CODE - 1 + index;
      }
      case CellKind.Upper: {
        const entry = load<u64>(address);
        return entry == 0 ? 0 : isHuge(entry) ? 2 : 1;
      }
      case CellKind.TlbSlot: {
        if (load<u64>(address) == 0) return 0;
        const payload = load<u64>(<usize>wordAt(this.seconds, cell));
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
      case CellKind.Word:
        store<u32>(address, code);
        break;
      case CellKind.Frame:
        store<u32>(address, code == NO_FRAME_CODE ? NO_FRAME : code << FRAME_STRIDE_SHIFT);
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
        const frame = ((code + 1) >> 1) << FRAME_STRIDE_SHIFT;
        const payload = code == 0 ? 0 : payloadOf(frame, (code & 1) == 0, 0);
        this.writeSlot(cell, code, payload);
        break;
      }
      default:
        this.writeSlot(cell, code, code == 0 ? 0 : payloadOf(this.pteTable, true, 0));
    }
    this.remember(cell);
  }

  private writeSlot(cell: u32, code: u32, payload: u64): void {
    store<u64>(<usize>wordAt(this.addresses, cell), code == 0 ? 0 : longAt(this.tags, cell));
    store<u64>(<usize>wordAt(this.seconds, cell), payload);
  }

  private static pteOf(code: u32): u64 {
    if (code == 0) return 0;
    if (code >= FIRST_MIGRATION_CODE) {
      return migrationEntry((code - FIRST_MIGRATION_CODE + 1) << FRAME_STRIDE_SHIFT);
    }
    return leafEntry(((code + 1) >> 1) << FRAME_STRIDE_SHIFT, (code & 1) == 0);
  }

  private upperOf(code: u32): u64 {
    if (code == 0) return 0;
    if (code == 1) return tableEntry(this.pteTable);
    return leafEntry(this.copyFrame, true) | PTE_PAGE_SIZE;
  }
}

/**
 * The visited states, exact: packed rows with the move that first reached each, and a hash table.
 *
 * A hot room. Rows live in chunks that never move; slots of the table hold a 32-bit fingerprint and
 * a 32-bit row number, so that most mismatches never touch a row. The table is between a third and
 * two thirds full.
 *
 *   row   words of the packed state | parent u32 | move u16 | choices u16
 */
import { allocate, longAt, putLong, putWord, wordAt } from "../base/bytes";

const CHUNK_SHIFT: u32 = 12;
const CHUNK_ROWS: u32 = 1 << CHUNK_SHIFT;
const CHUNKS_MAX: u32 = 1 << 14;
const FIRST_SLOTS: u32 = 1 << 10;
/** The row that stands for none. */
export const NO_ROW: u32 = 0xffffffff;

export class StateStore {
  rows: u32 = 0;
  /** The last insert() found a row that was there already. */
  wasKnown: bool = false;
  readonly rowBytes: u32;
  private slots: u32 = FIRST_SLOTS;
  private table: usize = allocate((<usize>FIRST_SLOTS) << 3);
  private readonly chunks: usize = allocate((<usize>CHUNKS_MAX) << 2);

  constructor(private readonly words: u32) {
    this.rowBytes = (words << 3) + 8;
  }

  /** Bytes that rows and table take. */
  bytes(): f64 {
    return <f64>this.rows * <f64>this.rowBytes + <f64>this.slots * 8;
  }

  // @ts-ignore: decorator
  @inline
  row(index: u32): usize {
    const chunk = <usize>wordAt(this.chunks, index >> CHUNK_SHIFT);
    return chunk + <usize>((index & (CHUNK_ROWS - 1)) * this.rowBytes);
  }

  /** Steps from the initial state to the row. */
  depth(index: u32): u32 {
    let steps: u32 = 0;
    for (let at = index; this.parent(at) != NO_ROW; at = this.parent(at)) steps++;
    return steps;
  }

  parent(index: u32): u32 {
    return load<u32>(this.row(index) + ((<usize>this.words) << 3));
  }

  move(index: u32): u32 {
    return load<u16>(this.row(index) + ((<usize>this.words) << 3), 4);
  }

  choices(index: u32): u32 {
    return load<u16>(this.row(index) + ((<usize>this.words) << 3), 6);
  }

  /** The row of the packed state at `state`, or NO_ROW. */
  find(state: usize): u32 {
    const hash = hashOf(state, this.words);
    const mask = this.slots - 1;
    let slot = (<u32>hash) & mask;
    while (true) {
      const entry = longAt(this.table, slot);
      if (entry == 0) return NO_ROW;
      const isAlike = <u32>(entry >> 32) == <u32>(hash >> 32);
      if (isAlike && this.equals(<u32>entry - 1, state)) return <u32>entry - 1;
      slot = (slot + 1) & mask;
    }
  }

  /** Enters the packed state at `state` unless it is known; returns its row. */
  insert(state: usize, parent: u32, move: u32, choices: u32): u32 {
    const hash = hashOf(state, this.words);
    const fingerprint = <u32>(hash >> 32);
    const mask = this.slots - 1;
    let slot = (<u32>hash) & mask;
    while (true) {
      const entry = longAt(this.table, slot);
      if (entry == 0) break;
      if (<u32>(entry >> 32) == fingerprint && this.equals(<u32>entry - 1, state)) {
        this.wasKnown = true;
        return <u32>entry - 1;
      }
      slot = (slot + 1) & mask;
    }
    this.wasKnown = false;
    const index = this.append(state, parent, move, choices);
    putLong(this.table, slot, ((<u64>fingerprint) << 32) | (index + 1));
    if (this.rows * 3 > this.slots * 2) this.grow();
    return index;
  }

  private append(state: usize, parent: u32, move: u32, choices: u32): u32 {
    const index = this.rows++;
    if ((index & (CHUNK_ROWS - 1)) == 0) {
      const chunk = allocate(<usize>CHUNK_ROWS * this.rowBytes);
      putWord(this.chunks, index >> CHUNK_SHIFT, <u32>chunk);
    }
    const row = this.row(index);
    memory.copy(row, state, (<usize>this.words) << 3);
    const tail = row + ((<usize>this.words) << 3);
    store<u32>(tail, parent);
    store<u16>(tail, <u16>move, 4);
    store<u16>(tail, <u16>choices, 6);
    return index;
  }

  private equals(index: u32, state: usize): bool {
    const row = this.row(index);
    for (let word: u32 = 0; word < this.words; word++) {
      if (longAt(row, word) != longAt(state, word)) return false;
    }
    return true;
  }

  private grow(): void {
    const old = this.table;
    const oldSlots = this.slots;
    this.slots = oldSlots << 1;
    this.table = allocate((<usize>this.slots) << 3);
    const mask = this.slots - 1;
    for (let i: u32 = 0; i < oldSlots; i++) {
      const entry = longAt(old, i);
      if (entry == 0) continue;
      let slot = (<u32>hashOf(this.row(<u32>entry - 1), this.words)) & mask;
      while (longAt(this.table, slot) != 0) slot = (slot + 1) & mask;
      putLong(this.table, slot, entry);
    }
  }
}

/** A multiply-rotate hash of a packed state of `words` words. */
export function hashOf(state: usize, words: u32): u64 {
  let hash: u64 = 0x9e3779b97f4a7c15;
  for (let word: u32 = 0; word < words; word++) {
    hash = rotl<u64>(hash ^ (longAt(state, word) * 0xff51afd7ed558ccd), 29) * 0xc4ceb9fe1a85ec53;
  }
  return hash ^ (hash >> 31);
}

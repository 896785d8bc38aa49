/**
 * The visited states, exact: packed rows with the move that first reached each, and a hash table.
 *
 * A hot room. Rows live in chunks that never move; slots of the table hold 38 bits of the hash and
 * the row's number, so that most mismatches never touch a row.
 *
 *   row   words of the packed state | parent u32 | move u16 | choices u16
 *   slot  63..26 hash | 25..0 row + 1
 */
import { allocate, longAt, putWord, wordAt } from "../base/bytes";
import { HashSlots } from "./hash_slots";

const CHUNK_SHIFT: u32 = 12;
const CHUNK_ROWS: u32 = 1 << CHUNK_SHIFT;
const CHUNKS_MAX: u32 = 1 << 14;
const ROW_MASK: u64 = (1 << 26) - 1;
/** The row that stands for none. */
export const NO_ROW: u32 = 0xffffffff;

export class StateStore {
  rows: u32 = 0;
  /** The last insert() found a row that was there already. */
  wasKnown: bool = false;
  readonly rowBytes: u32;
  private readonly slots: HashSlots = new HashSlots();
  private readonly chunks: usize = allocate((<usize>CHUNKS_MAX) << 2);

  constructor(private readonly words: u32) {
    this.rowBytes = (words << 3) + 8;
  }

  /** Bytes that rows and table take. */
  bytes(): f64 {
    return <f64>this.rows * <f64>this.rowBytes + <f64>this.slots.bytes();
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
    const entry = load<u64>(this.locate(state, hashOf(state, this.words)));
    return entry == 0 ? NO_ROW : rowOf(entry);
  }

  /** Enters the packed state at `state` unless it is known; returns its row. */
  insert(state: usize, parent: u32, move: u32, choices: u32): u32 {
    const hash = hashOf(state, this.words);
    const slot = this.locate(state, hash);
    const entry = load<u64>(slot);
    this.wasKnown = entry != 0;
    if (entry != 0) return rowOf(entry);
    const index = this.append(state, parent, move, choices);
    this.slots.fill(slot, (hash & ~ROW_MASK) | (index + 1), this.rows);
    return index;
  }

  /** The slot of the packed state, or the empty one that it would take. */
  // @ts-ignore: decorator
  @inline
  private locate(state: usize, hash: u64): usize {
    let slot = this.slots.home(hash);
    while (true) {
      const entry = load<u64>(slot);
      if (entry == 0) return slot;
      if (((entry ^ hash) & ~ROW_MASK) == 0 && this.equals(rowOf(entry), state)) return slot;
      slot += 8;
    }
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
}

// @ts-ignore: decorator
@inline
function rowOf(entry: u64): u32 {
  return <u32>(entry & ROW_MASK) - 1;
}

/** A multiply-rotate hash of a packed state of `words` words. */
export function hashOf(state: usize, words: u32): u64 {
  let hash: u64 = 0x9e3779b97f4a7c15;
  for (let word: u32 = 0; word < words; word++) {
    hash = rotl<u64>(hash ^ (longAt(state, word) * 0xff51afd7ed558ccd), 29) * 0xc4ceb9fe1a85ec53;
  }
  return hash ^ (hash >> 31);
}

/**
 * The slots of a hash table that doubles without a pause: 64 bits each, 0 where nothing is.
 *
 * A hot room. An entry's home is given by its highest bits, so that those of one slot find their
 * places in two neighbours of a table twice as large. A table that is two thirds full is left for
 * such a one from its first slot on, a few slots with every new entry: homes below the frontier are
 * in the new table, the others still in the old one, and each entry is in one of them. The frontier
 * rests in front of empty slots only, so that no run of full slots lies across it. What is searched
 * never wraps around: behind the last home there is room for such a run.
 */
import { allocate, longAt, reserve } from "../base/bytes";

const FIRST_SHIFT: u32 = 10;
/** Slots behind the last home: many times the longest run of full slots of a random table. */
const ROOM: u32 = 2048;
/** Old slots that are left with each new entry: half of what would do. */
const STRIDE: u32 = 4;
/** Slots that are cleared at once. */
const PIECE: u32 = 4096;

export class HashSlots {
  /** The table is 2^shift homes large. */
  private shift: u32 = FIRST_SHIFT;
  private table: usize = allocate((<usize>((1 << FIRST_SHIFT) + ROOM)) << 3);
  /** The table that is being left, and its first home that has not been; 0: there is none. */
  private old: usize = 0;
  private frontier: u32 = 0;
  /** Slots of the table that have been cleared. */
  private cleared: u32 = (1 << FIRST_SHIFT) + ROOM;

  bytes(): u32 {
    return this.slots() << 3;
  }

  /** Where to look for an entry with that hash, and on from there; an empty slot ends it. */
  // @ts-ignore: decorator
  @inline
  home(hash: u64): usize {
    const home = <u32>(hash >> (64 - this.shift));
    const isOld = this.old != 0 && home >> 1 >= this.frontier;
    return isOld ? this.old + (((<usize>home) >> 1) << 3) : this.table + ((<usize>home) << 3);
  }

  /** Fills the empty slot to which the search from a home led; `count`: the entries there are. */
  fill(slot: usize, entry: u64, count: u32): void {
    const isOld = this.old != 0 && slot >= this.old && slot < this.old + this.oldBytes();
    this.put(slot, entry, isOld ? this.old + this.oldBytes() : this.endOfCleared());
    if (this.old != 0) this.leave();
    else if (count * 3 > this.homes() * 2) this.double();
  }

  /** The last slot before `end` stays empty: it ends every search. */
  private put(slot: usize, entry: u64, end: usize): void {
    if (slot + 8 >= end) abort("a run of full slots is longer than there is room for");
    store<u64>(slot, entry);
  }

  private endOfCleared(): usize {
    return this.table + ((<usize>this.cleared) << 3);
  }

  private homes(): u32 {
    return 1 << this.shift;
  }

  private slots(): u32 {
    return this.homes() + ROOM;
  }

  private oldBytes(): u32 {
    return ((1 << (this.shift - 1)) + ROOM) << 3;
  }

  private double(): void {
    this.old = this.table;
    this.shift++;
    this.table = reserve(this.bytes());
    this.frontier = 0;
    this.cleared = 0;
    this.clear(ROOM);
  }

  /** Moves the frontier on, to the next empty slot behind a stride. */
  private leave(): void {
    let at = this.frontier;
    const end: u32 = 1 << (this.shift - 1);
    const stop = min(at + STRIDE, end);
    while (at < stop || longAt(this.old, at) != 0) {
      // Homes of two slots, and the room behind them that their run may take.
      this.clear((at << 1) + 2 + ROOM);
      const entry = longAt(this.old, at++);
      if (entry != 0) this.place(entry);
    }
    this.frontier = at;
    if (at < end) return;
    this.clear(this.slots());
    this.old = 0;
  }

  private place(entry: u64): void {
    let slot = this.table + ((<usize>(entry >> (64 - this.shift))) << 3);
    while (load<u64>(slot) != 0) slot += 8;
    this.put(slot, entry, this.endOfCleared());
  }

  /** Clears the table as far as `wanted` slots. */
  private clear(wanted: u32): void {
    while (this.cleared < min(wanted, this.slots())) {
      const piece = min(PIECE, this.slots() - this.cleared);
      memory.fill(this.table + ((<usize>this.cleared) << 3), 0, (<usize>piece) << 3);
      this.cleared += piece;
    }
  }
}

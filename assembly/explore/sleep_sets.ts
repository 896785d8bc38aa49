/**
 * For each state that is still to be expanded the moves that need not be tried from it.
 *
 * Memory of states that have been expanded is used again, so that it grows with the frontier only.
 */
import { allocate, longAt, putLong, putWord, wordAt } from "../base/bytes";

const CHUNK_SHIFT: u32 = 10;
const CHUNK_ROWS: u32 = 1 << CHUNK_SHIFT;
const CHUNKS_MAX: u32 = 1 << 16;

export class SleepSets {
  private rows: u32 = 0;
  private allocated: u32 = 0;
  private readonly chunks: usize = allocate((<usize>CHUNKS_MAX) << 2);
  /** A chunk whose states have all been expanded; its first word names the next such chunk. */
  private spare: u32 = 0;

  /** The set of the next state. */
  push(moves: u64): void {
    const row = this.rows++;
    if ((row & (CHUNK_ROWS - 1)) == 0) putWord(this.chunks, row >> CHUNK_SHIFT, this.chunk());
    putLong(<usize>wordAt(this.chunks, row >> CHUNK_SHIFT), row & (CHUNK_ROWS - 1), moves);
  }

  /** The set of a state that has not been expanded. */
  at(row: u32): u64 {
    return longAt(<usize>wordAt(this.chunks, row >> CHUNK_SHIFT), row & (CHUNK_ROWS - 1));
  }

  /** The state was reached in another way: only what both ways spare is spared. */
  intersect(row: u32, moves: u64): void {
    const chunk = <usize>wordAt(this.chunks, row >> CHUNK_SHIFT);
    putLong(chunk, row & (CHUNK_ROWS - 1), longAt(chunk, row & (CHUNK_ROWS - 1)) & moves);
  }

  /** The state has been expanded; so have all before it. */
  release(row: u32): void {
    if ((row & (CHUNK_ROWS - 1)) != CHUNK_ROWS - 1) return;
    const chunk = wordAt(this.chunks, row >> CHUNK_SHIFT);
    store<u32>(<usize>chunk, this.spare);
    this.spare = chunk;
  }

  bytes(): f64 {
    return <f64>this.allocated * <f64>(CHUNK_ROWS << 3);
  }

  private chunk(): u32 {
    const spare = this.spare;
    if (spare != 0) {
      this.spare = load<u32>(<usize>spare);
      return spare;
    }
    this.allocated++;
    return <u32>allocate((<usize>CHUNK_ROWS) << 3);
  }
}

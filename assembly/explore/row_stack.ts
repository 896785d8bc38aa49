/** Packed states that wait for their turn, the last one first, each with its depth. */
import { allocate, putWord, wordAt } from "../base/bytes";

const CHUNK_SHIFT: u32 = 8;
const CHUNK_ROWS: u32 = 1 << CHUNK_SHIFT;
const CHUNKS_MAX: u32 = 1 << 14;

export class RowStack {
  count: u32 = 0;
  private allocated: u32 = 0;
  private readonly chunks: usize = allocate((<usize>CHUNKS_MAX) << 2);
  private readonly entryBytes: u32;

  constructor(private readonly rowBytes: usize) {
    this.entryBytes = <u32>rowBytes + 8;
  }

  push(row: usize, depth: u32): void {
    if (this.count >> CHUNK_SHIFT == this.allocated) {
      const chunk = allocate(<usize>(CHUNK_ROWS * this.entryBytes));
      putWord(this.chunks, this.allocated++, <u32>chunk);
    }
    const entry = this.entry(this.count++);
    memory.copy(entry, row, this.rowBytes);
    store<u32>(entry + this.rowBytes, depth);
  }

  /** Takes the last state off; it stays readable until the next push. */
  pop(): usize {
    return this.entry(--this.count);
  }

  /** The depth of a state that pop() returned. */
  depthOf(entry: usize): u32 {
    return load<u32>(entry + this.rowBytes);
  }

  bytes(): f64 {
    return <f64>this.allocated * <f64>(CHUNK_ROWS * this.entryBytes);
  }

  private entry(index: u32): usize {
    const chunk = <usize>wordAt(this.chunks, index >> CHUNK_SHIFT);
    return chunk + <usize>((index & (CHUNK_ROWS - 1)) * this.entryBytes);
  }
}

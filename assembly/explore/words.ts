/** A row of 32-bit words that grows at its end; words never move. */
import { allocate, putWord, wordAt } from "../base/bytes";

const CHUNK_SHIFT: u32 = 12;
const CHUNK_WORDS: u32 = 1 << CHUNK_SHIFT;
const CHUNKS_MAX: u32 = 1 << 16;

export class Words {
  length: u32 = 0;
  private readonly chunks: usize = allocate((<usize>CHUNKS_MAX) << 2);

  push(value: u32): void {
    const index = this.length++;
    if ((index & (CHUNK_WORDS - 1)) == 0) {
      const chunk = allocate((<usize>CHUNK_WORDS) << 2);
      putWord(this.chunks, index >> CHUNK_SHIFT, <u32>chunk);
    }
    this.put(index, value);
  }

  // @ts-ignore: decorator
  @inline
  at(index: u32): u32 {
    return wordAt(<usize>wordAt(this.chunks, index >> CHUNK_SHIFT), index & (CHUNK_WORDS - 1));
  }

  // @ts-ignore: decorator
  @inline
  put(index: u32, value: u32): void {
    putWord(<usize>wordAt(this.chunks, index >> CHUNK_SHIFT), index & (CHUNK_WORDS - 1), value);
  }

  bytes(): f64 {
    return <f64>((this.length + CHUNK_WORDS - 1) >> CHUNK_SHIFT) * <f64>(CHUNK_WORDS << 2);
  }
}

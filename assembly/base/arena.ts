/**
 * Blocks of linear memory that come back: sizes are powers of two, each with a list of free blocks.
 *
 * The stub runtime never frees, so everything that grows and shrinks while a recording is replayed
 * lives in such blocks; what is kept is bounded by the largest state, not by the number of events.
 */
import { allocate } from "./bytes";

/** The smallest block, 16 bytes. */
const SMALLEST_CLASS: u32 = 4;
const CLASSES: u32 = 31;
/** Small blocks are carved from chunks of this size. */
const CHUNK: u32 = 1 << 18;

export class Arena {
  private readonly free: usize = allocate(<usize>CLASSES * sizeof<usize>());
  private chunk: usize = 0;
  private chunkEnd: usize = 0;

  /** A zeroed block of at least `bytes` bytes. */
  take(bytes: u32): usize {
    const sizeClass = classOf(bytes);
    const list = this.free + <usize>sizeClass * sizeof<usize>();
    const size = (<usize>1) << (<usize>sizeClass);
    let block = load<usize>(list);
    if (block != 0) {
      store<usize>(list, load<usize>(block));
    } else if (size >= <usize>CHUNK) {
      return allocate(size);
    } else {
      if (this.chunk + size > this.chunkEnd) {
        this.chunk = allocate(CHUNK);
        this.chunkEnd = this.chunk + CHUNK;
      }
      block = this.chunk;
      this.chunk += size;
    }
    memory.fill(block, 0, size);
    return block;
  }

  /** Returns a block that was taken with the same `bytes`. */
  give(block: usize, bytes: u32): void {
    const list = this.free + <usize>classOf(bytes) * sizeof<usize>();
    store<usize>(block, load<usize>(list));
    store<usize>(list, block);
  }
}

/** The power of two that holds `bytes`. */
function classOf(bytes: u32): u32 {
  const exact: u32 = bytes <= 1 ? 0 : 32 - clz<u32>(bytes - 1);
  return exact < SMALLEST_CLASS ? SMALLEST_CLASS : exact;
}

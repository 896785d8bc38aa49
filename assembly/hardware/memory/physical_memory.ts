/**
 * Physical memory: numbered frames, of which some hold page tables and have contents.
 *
 * Models:     frame numbers, and the 512 entries of every frame that a table was placed in. A freed
 *             table keeps its contents, as memory does, so that a late walker reads what was there.
 * Simplifies: frames with data have no contents, only their owner is known; tables come from a
 *             zone of their own, frames [0, tableFrames).                      (DEVIATIONS D1)
 * Source:     Intel SDM vol. 3A, 4.5.
 */
import { allocate } from "../../base/bytes";

export const NO_FRAME: u32 = 0xffffffff;

export class PhysicalMemory {
  /** Address of table frame 0; frame n follows at n * 4096. */
  readonly tables: usize;

  constructor(
    readonly frames: u32,
    readonly tableFrames: u32,
  ) {
    this.tables = allocate((<usize>tableFrames) << 12);
  }

  /** Where entry `index` of the table in `frame` lies in linear memory. */
  // @ts-ignore: decorator
  @inline
  entryAddress(frame: u32, index: u32): usize {
    return this.tables + ((<usize>frame) << 12) + ((<usize>index) << 3);
  }

  // @ts-ignore: decorator
  @inline
  readEntry(frame: u32, index: u32): u64 {
    return load<u64>(this.entryAddress(frame, index));
  }

  // @ts-ignore: decorator
  @inline
  writeEntry(frame: u32, index: u32, entry: u64): void {
    store<u64>(this.entryAddress(frame, index), entry);
  }

  /** Zeroes the table in `frame`, as the kernel does when it allocates one. */
  clearTable(frame: u32): void {
    memory.fill(this.entryAddress(frame, 0), 0, 4096);
  }
}

/**
 * The address ranges that a recording of a small program covers; none means the whole address
 * space.
 */
import { allocate } from "../base/bytes";
import { Kernel } from "../kernel/kernel";

const WINDOWS_MAX: u32 = 16;

export class Windows {
  count: u32 = 0;
  private readonly bounds: usize = allocate(WINDOWS_MAX * 16);

  add(start: u64, end: u64): void {
    if (this.count == WINDOWS_MAX) return;
    store<u64>(this.bounds + <usize>(this.count * 16), start);
    store<u64>(this.bounds + <usize>(this.count * 16), end, 8);
    this.count++;
  }

  holds(va: u64): bool {
    if (this.count == 0) return true;
    for (let i: u32 = 0; i < this.count; i++) {
      const at = this.bounds + <usize>(i * 16);
      if (va >= load<u64>(at) && va < load<u64>(at, 8)) return true;
    }
    return false;
  }
}

/** Entries that are not empty in `[start, end)` of one table. */
export function populatedIn(kernel: Kernel, pmd: u64, start: u64, end: u64): u64 {
  let count: u64 = 0;
  for (let va = start; va < end; va += 4096) {
    if (load<u64>(kernel.tables.pteIn(pmd, va)) != 0) count++;
  }
  return count;
}

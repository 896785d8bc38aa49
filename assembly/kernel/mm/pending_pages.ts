/**
 * The pending lists of each CPU (folio batches), which hold a reference to each page on them.
 *
 * Models:     the list of MADV_FREE and of new pages, 31 each, worked off when full, or when the
 *             CPU drains its own: a page that waits on another CPU's list stays there.
 * Simplifies: lists that nothing observable depends on are left out.
 * Source:     linux 6.18 mm/swap.c (folio_batch_add_and_move, lru_add_drain, lru_add_drain_all),
 *             include/linux/pagevec.h
 */
import { allocate } from "../../base/bytes";
import { CpuTlbs } from "./cpu_tlbs";
import { FRAME_NOT_LRU, Frames } from "./frames";
import { CPUS } from "./mm";

/** PAGEVEC_SIZE. */
const BATCH: u32 = 31;
const LIST_BYTES: u32 = (BATCH + 1) * 4;

export class PendingPages {
  /** For each CPU how many pages are on its list, and their frames. */
  private readonly lazyFree: usize = allocate(<usize>(CPUS * LIST_BYTES));
  private readonly added: usize = allocate(<usize>(CPUS * LIST_BYTES));

  constructor(
    private readonly frames: Frames,
    /** Says which CPU runs. */
    private readonly tlbs: CpuTlbs,
  ) {}

  addLazyFree(pfn: u32): void {
    this.frames.head(pfn).pins++;
    const list = listOf(this.lazyFree, this.tlbs.cpu);
    if (push(list, pfn)) this.drainLazyFree(list);
  }

  /** A new page waits to be put on the LRU. */
  addNew(pfn: u32): void {
    const list = listOf(this.added, this.tlbs.cpu);
    const frame = this.frames.head(pfn);
    // a large folio is worked off at once
    if (frame.order != 0) {
      this.drainAdded(list);
      return;
    }
    frame.pins++;
    frame.flags |= FRAME_NOT_LRU;
    if (!push(list, pfn)) return;
    // the page is about to be mapped: it must not go with its reference
    frame.pins++;
    this.drainAdded(list);
    frame.pins--;
  }

  /** lru_add_drain: the lists of the CPU that runs. */
  drain(): void {
    this.drainOf(this.tlbs.cpu);
  }

  /** lru_add_drain_all. */
  drainAll(): void {
    for (let cpu: u32 = 0; cpu < CPUS; cpu++) this.drainOf(cpu);
  }

  /** Another CPU than the one that runs has the page on its list of new pages, or CPUS. */
  otherCpuWith(pfn: u32): u32 {
    for (let cpu: u32 = 0; cpu < CPUS; cpu++) {
      if (cpu == this.tlbs.cpu) continue;
      const list = listOf(this.added, cpu);
      for (let i: u32 = 0; i < load<u32>(list); i++) if (pageOf(list, i) == pfn) return cpu;
    }
    return CPUS;
  }

  drainOf(cpu: u32): void {
    this.drainAdded(listOf(this.added, cpu));
    this.drainLazyFree(listOf(this.lazyFree, cpu));
  }

  private drainLazyFree(list: usize): void {
    for (let i: u32 = 0; i < load<u32>(list); i++) this.unpin(pageOf(list, i));
    store<u32>(list, 0);
  }

  private drainAdded(list: usize): void {
    for (let i: u32 = 0; i < load<u32>(list); i++) {
      const pfn = pageOf(list, i);
      this.frames.head(pfn).flags &= ~FRAME_NOT_LRU;
      this.unpin(pfn);
    }
    store<u32>(list, 0);
  }

  private unpin(pfn: u32): void {
    const frame = this.frames.head(pfn);
    frame.pins--;
    this.frames.releaseIfUnused(frame.head);
  }
}

function listOf(lists: usize, cpu: u32): usize {
  return lists + <usize>(cpu * LIST_BYTES);
}

function pageOf(list: usize, index: u32): u32 {
  return load<u32>(list + 4 + ((<usize>index) << 2));
}

/** True when the list is full then. */
function push(list: usize, pfn: u32): bool {
  const count = load<u32>(list);
  store<u32>(list + 4 + ((<usize>count) << 2), pfn);
  store<u32>(list, count + 1);
  return count + 1 == BATCH;
}

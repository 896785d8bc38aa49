/**
 * The CPU's pending lists of pages (folio batches), which hold a reference to each page on them.
 *
 * Models:     the list of MADV_FREE and of new pages, 31 each, worked off when full or drained, or
 *             when a large folio comes.
 * Simplifies: one set of lists for all CPUs; lists that nothing observable depends on are left out.
 * Source:     linux 6.18 mm/swap.c (folio_batch_add_and_move, lru_add_drain),
 *             include/linux/pagevec.h
 */
import { allocate } from "../../base/bytes";
import { FRAME_NOT_LRU, Frames } from "./frames";

/** PAGEVEC_SIZE. */
const BATCH: u32 = 31;

export class PendingPages {
  private readonly lazyFree: usize = allocate(BATCH * 4);
  private readonly added: usize = allocate(BATCH * 4);
  private lazyFreeCount: u32 = 0;
  private addedCount: u32 = 0;

  constructor(private readonly frames: Frames) {}

  addLazyFree(pfn: u32): void {
    this.frames.head(pfn).pins++;
    store<u32>(this.lazyFree + ((<usize>this.lazyFreeCount) << 2), pfn);
    this.lazyFreeCount++;
    const isLarge = this.frames.orderOf(pfn) != 0;
    if (isLarge || this.lazyFreeCount == BATCH) this.drainLazyFree();
  }

  /** A new page waits to be put on the LRU. */
  addNew(pfn: u32): void {
    const frame = this.frames.head(pfn);
    // a large folio is worked off at once
    if (frame.order != 0) {
      this.drainAdded();
      return;
    }
    frame.pins++;
    frame.flags |= FRAME_NOT_LRU;
    store<u32>(this.added + ((<usize>this.addedCount) << 2), pfn);
    this.addedCount++;
    if (this.addedCount < BATCH) return;
    // the page is about to be mapped: it must not go with its reference
    frame.pins++;
    this.drainAdded();
    frame.pins--;
  }

  /** lru_add_drain. */
  drain(): void {
    this.drainAdded();
    this.drainLazyFree();
  }

  private drainLazyFree(): void {
    for (let i: u32 = 0; i < this.lazyFreeCount; i++)
      this.unpin(load<u32>(this.lazyFree + ((<usize>i) << 2)));
    this.lazyFreeCount = 0;
  }

  private drainAdded(): void {
    for (let i: u32 = 0; i < this.addedCount; i++) {
      const pfn = load<u32>(this.added + ((<usize>i) << 2));
      this.frames.head(pfn).flags &= ~FRAME_NOT_LRU;
      this.unpin(pfn);
    }
    this.addedCount = 0;
  }

  private unpin(pfn: u32): void {
    const frame = this.frames.head(pfn);
    frame.pins--;
    this.frames.releaseIfUnused(frame.head);
  }
}

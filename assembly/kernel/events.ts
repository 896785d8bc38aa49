/**
 * What the mm tells the outside while it works: notifier pairs and flushes.
 *
 * Models:     the range pair and the other callbacks, CPU flushes with their reasons and with what
 *             they do to the TLB of each CPU, the secondary flush, and what is freed.
 * Source:     linux 3.17 and 6.18 include/linux/mmu_notifier.h, arch/x86/mm/tlb.c,
 *             arch/arm64/include/asm/tlbflush.h
 */
import { FlushReason } from "../abi/recording";
import { Mm } from "./mm/mm";

export const enum NotifierEvent {
  Unmap = 0,
  Clear = 1,
  ProtectionVma = 2,
  ProtectionPage = 3,
  SoftDirty = 4,
  Release = 5,
  Migrate = 6,
  Exclusive = 7,
}

/** The flush of everything, in place of a number of pages. */
export const FLUSH_ALL: i32 = -1;
/** The end of the range [0, EVERYTHING): the whole address space. */
export const EVERYTHING: u64 = u64.MAX_VALUE;

export abstract class EventSink {
  /**
   * Every page of the range is still mapped; until the matching end no secondary entry may be made
   * in it.
   */
  abstract rangeStart(mm: Mm, event: NotifierEvent, start: u64, end: u64): void;

  /** The same, for notifiers that may not block; false: one refused, and no end will come. */
  rangeStartNonblock(mm: Mm, event: NotifierEvent, start: u64, end: u64): bool {
    this.rangeStart(mm, event, start, end);
    return true;
  }

  /** The same, with an owner that may tell its own events from those of others. */
  rangeStartOwned(mm: Mm, event: NotifierEvent, start: u64, end: u64, owner: u32): void {
    this.rangeStart(mm, event, start, end);
  }

  abstract rangeEnd(mm: Mm): void;

  /** A CPU flushed its TLB, or asked others to: what the tracepoint tlb_flush tells. */
  abstract cpuFlush(mm: Mm, reason: FlushReason, pages: i32): void;

  /**
   * The TLB of `cpu` loses what it has of [start, end), or of the mm: of the page at each step of
   * 2^strideShift bytes.
   */
  flushCpu(mm: Mm, cpu: u32, start: u64, end: u64, strideShift: u64): void {}

  /** `cpu` runs the mm again, and flushes all of it, since it has missed flushes meanwhile. */
  flushSwitchedIn(mm: Mm, cpu: u32): void {}

  /** An IPI asks `cpu` for such a flush; an empty range: it has none to do, and answers. */
  askCpu(mm: Mm, cpu: u32, start: u64, end: u64, strideShift: u64): void {}

  /** Nothing goes on before every CPU that was asked has answered. */
  awaitCpus(mm: Mm): void {}

  /** Every CPU is told to flush by the interconnect, and has done so by the next barrier. */
  broadcastFlush(mm: Mm, start: u64, end: u64, strideShift: u64): void {}

  /**
   * Where invalidate_range, since 6.6 arch_invalidate_secondary_tlbs, is called; the range of
   * everything is [0, 2^64 - 1).
   */
  abstract secondaryFlush(mm: Mm, start: u64, end: u64): void;

  /** The same, implied by the end of a pair: one walk of the list calls both. */
  secondaryFlushAtEnd(mm: Mm, start: u64, end: u64): void {
    this.secondaryFlush(mm, start, end);
  }

  /** The flushes that were broadcast before it are complete on every CPU. */
  tlbBarrier(mm: Mm): void {}

  invalidatePage(mm: Mm, va: u64): void {}

  /** The entry of `va` is about to be set to another page. */
  changePte(mm: Mm, va: u64): void {}

  /** The pages of the range are taken for old, and so shall their secondary entries be. */
  clearFlushYoung(mm: Mm, start: u64, end: u64): void {}

  /** The same, where secondary TLBs may keep what they have. */
  clearYoung(mm: Mm, start: u64, end: u64): void {}

  /** Whether the page was accessed, when the CPUs' entry says that it was not. */
  testYoung(mm: Mm, va: u64): void {}

  release(mm: Mm): void {}

  /** A folio went back to the allocator. */
  freedPage(order: u32): void {}

  /** A page-table page went back to the allocator. */
  freedTable(): void {}
}

/**
 * What the mm tells the outside while it works: notifier pairs and flushes.
 *
 * Models:     the range pair, CPU flushes with their reasons, and the secondary flush.
 * Source:     linux 6.18 include/linux/mmu_notifier.h (enum mmu_notifier_event), arch/x86/mm/tlb.c
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

export abstract class EventSink {
  /**
   * Every page of the range is still mapped; until the matching end no secondary entry may be made
   * in it.
   */
  abstract rangeStart(mm: Mm, event: NotifierEvent, start: u64, end: u64): void;

  abstract rangeEnd(mm: Mm): void;

  /** A CPU flushed its TLB, or asked others to. */
  abstract cpuFlush(mm: Mm, reason: FlushReason, pages: i32): void;

  /** Where arch_invalidate_secondary_tlbs is called; the range of everything is [0, 2^64 - 1). */
  abstract secondaryFlush(mm: Mm, start: u64, end: u64): void;
}

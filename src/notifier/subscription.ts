/**
 * What host code implements to hear of an mm's invalidations; the names are the kernel's.
 *
 * Source: linux include/linux/mmu_notifier.h (struct mmu_notifier_ops)
 */

/** The event types of a range (enum mmu_notifier_event). */
export type NotifierEvent =
  | "unmap"
  | "clear"
  | "protection-vma"
  | "protection-page"
  | "soft-dirty"
  | "release"
  | "migrate"
  | "exclusive";

/** One invalidation: byte addresses, half-open. An end of 2^64 - 1 means everything. */
export interface NotifierRange {
  readonly mm: number;
  readonly start: number;
  readonly end: number;
  readonly event: NotifierEvent;
  /** False: the callback must not wait, and may refuse. */
  readonly isBlockable: boolean;
}

/** What a callback may do to its device, at the simulated time of the call. */
export interface NotifierContext {
  /** Simulated nanoseconds since the run began. */
  readonly nowNs: number;
  /** Invalidates what IOMMU and devices cache of [start, end) and waits for the completion. */
  invalidate(start: number, end: number): void;
}

/**
 * A subscription's callbacks; what is left out is not called, and the list walk costs all the same.
 */
export interface MmuNotifierOps {
  /**
   * Every page of the range is still mapped. Until the matching end no secondary entry may be made
   * in the range. May refuse, by returning false, only a range that is not blockable; a
   * subscription that can refuse has no invalidateRangeEnd.
   */
  invalidateRangeStart?(range: NotifierRange, context: NotifierContext): boolean | undefined;
  /** The entries of the range are gone. Flush and free may be over by now or still to come. */
  invalidateRangeEnd?(range: NotifierRange, context: NotifierContext): void;
  /**
   * Called where CPUs flush: after the entry changed, before the frame is freed. Must not sleep on
   * anything but its own invalidation. Not together with start or end.
   */
  archInvalidateSecondaryTlbs?(
    mm: number,
    start: number,
    end: number,
    context: NotifierContext,
  ): void;
  /** The mm is going away, or the subscription was unregistered. The last call of all. */
  release?(mm: number): void;
}

export type CallbackName = keyof MmuNotifierOps;

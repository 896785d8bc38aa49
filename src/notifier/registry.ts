/**
 * Registration and dispatch of notifiers: the list of each mm, as mm/mmu_notifier.c keeps it.
 *
 * Models:     newest first; op masks; start and end paired even when a subscription refuses;
 *             release once, by exit or by unregistration, whichever comes first.
 * Source:     linux mm/mmu_notifier.c (__mmu_notifier_register, mn_hlist_invalidate_range_start,
 *             mmu_notifier_unregister, mn_hlist_release)
 */
import type {
  CallbackName,
  MmuNotifierOps,
  NotifierContext,
  NotifierRange,
} from "./subscription.js";

/** A registration that the kernel would refuse. */
export class RegistrationError extends Error {
  override readonly name = "RegistrationError";
}

/** A registered notifier. */
export interface Subscription {
  readonly mm: number;
  /** Ends it: release is called unless exit was first, and nothing after that. */
  unregister(): void;
}

interface Entry {
  readonly mm: number;
  readonly ops: MmuNotifierOps;
  isReleased: boolean;
}

export interface DispatchCounts {
  /** Callbacks that were called. */
  calls: number;
  /** Walks of a list that found nobody who implements the callback. */
  walksForNothing: number;
}

export class NotifierRegistry {
  readonly counts: DispatchCounts = { calls: 0, walksForNothing: 0 };
  private readonly lists = new Map<number, Entry[]>();
  private openPairs = 0;

  /**
   * Registers callbacks for an mm. Throws RegistrationError while a range pair is open (the kernel
   * waits for all locks of the mm), for ops that mix the secondary flush with start or end (refused
   * since 6.6), and for ops that could refuse a start although they have an end.
   */
  register(mm: number, ops: MmuNotifierOps): Subscription {
    if (this.openPairs > 0) {
      throw new RegistrationError(
        "a range pair is open: register between operations, as the kernel does by taking the mm's locks",
      );
    }
    const hasPair = ops.invalidateRangeStart !== undefined || ops.invalidateRangeEnd !== undefined;
    if (ops.archInvalidateSecondaryTlbs !== undefined && hasPair) {
      throw new RegistrationError(
        "archInvalidateSecondaryTlbs excludes invalidateRangeStart and invalidateRangeEnd: a notifier is for a shared table or for a mirror",
      );
    }
    const entry: Entry = { mm, ops, isReleased: false };
    this.lists.set(mm, [entry, ...this.listOf(mm)]);
    return {
      mm,
      unregister: () => {
        this.release(entry);
      },
    };
  }

  /** An mm has at least one notifier: without one no list is walked. */
  hasNotifiers(mm: number): boolean {
    return this.listOf(mm).length > 0;
  }

  /** Some notifier of the mm implements the callback: what a short-circuit would look at. */
  implements(mm: number, callback: CallbackName): boolean {
    return this.listOf(mm).some(({ ops }) => ops[callback] !== undefined);
  }

  /**
   * Calls every start; false when the range is not blockable and somebody refused. Those that did
   * not refuse and have an end are given it then.
   */
  invalidateRangeStart(range: NotifierRange, context: NotifierContext): boolean {
    this.openPairs++;
    let isRefused = false as boolean;
    const list = this.listOf(range.mm);
    this.walk(list, "invalidateRangeStart", ({ ops }) => {
      const answer = ops.invalidateRangeStart?.(range, context);
      if (answer !== false) return;
      if (range.isBlockable) {
        throw new RegistrationError("a start refused a range that is blockable");
      }
      isRefused = true;
    });
    if (isRefused) this.invalidateRangeEnd(range, context);
    return !isRefused;
  }

  invalidateRangeEnd(range: NotifierRange, context: NotifierContext): void {
    if (this.openPairs === 0) throw new RegistrationError("a range ends that was not started");
    this.walk(this.listOf(range.mm), "invalidateRangeEnd", ({ ops }) => {
      ops.invalidateRangeEnd?.(range, context);
    });
    this.openPairs--;
  }

  archInvalidateSecondaryTlbs(
    mm: number,
    start: number,
    end: number,
    context: NotifierContext,
  ): void {
    this.walk(this.listOf(mm), "archInvalidateSecondaryTlbs", ({ ops }) => {
      ops.archInvalidateSecondaryTlbs?.(mm, start, end, context);
    });
  }

  /** The mm exits: every subscription is released and unlinked before its tables go. */
  exit(mm: number): void {
    for (const entry of this.listOf(mm)) this.release(entry);
  }

  private release(entry: Entry): void {
    if (entry.isReleased) return;
    entry.isReleased = true;
    entry.ops.release?.(entry.mm);
    this.lists.set(
      entry.mm,
      this.listOf(entry.mm).filter((other) => other !== entry),
    );
  }

  private walk(list: readonly Entry[], callback: CallbackName, call: (entry: Entry) => void): void {
    if (list.length === 0) return;
    let called = 0;
    for (const entry of list) {
      if (entry.isReleased || entry.ops[callback] === undefined) continue;
      called++;
      call(entry);
    }
    this.counts.calls += called;
    if (called === 0) this.counts.walksForNothing++;
  }

  private listOf(mm: number): readonly Entry[] {
    return this.lists.get(mm) ?? [];
  }
}

/**
 * Gives the calls of a timed run to the subscriptions of a registry, and callbacks their context.
 *
 * Models:     callbacks of the era, so that up to 6.5 the end of a range flushes too, but not where
 *             only the end is called.
 * Simplifies: in 4.15 and 6.4 that is every range of a page fault; the ranges of a PMD split are
 *             not told apart.
 * Source:     linux 4.15 and 6.4 mm/mmu_notifier.c (__mmu_notifier_invalidate_range_end, only_end)
 */
import type { HostNotifier } from "../abi/core.js";
import { Hook } from "../abi/vocabulary.generated.js";
import type { Era } from "../scenario/vocabulary.js";
import { endCallbacks, RegistrationError, type NotifierRegistry } from "./registry.js";
import type {
  CallbackName,
  NotifierContext,
  NotifierEvent,
  NotifierRange,
} from "./subscription.js";

/** What a callback can ask of the run that it is called in. */
export interface RunningMachine {
  nowNs(): number;
  /** Returns when the invalidation is complete. */
  invalidate(start: number, end: number): void;
}

/** In the order of enum mmu_notifier_event, as the core numbers them. */
const EVENTS: readonly NotifierEvent[] = [
  "unmap",
  "clear",
  "protection-vma",
  "protection-page",
  "soft-dirty",
  "release",
  "migrate",
  "exclusive",
];

/** Eras whose range_end calls invalidate_range too, and whether it does so in page faults. */
const FLUSHES_AT_END: Partial<Record<Era, { inFaults: boolean }>> = {
  "3.19": { inFaults: true },
  "4.15": { inFaults: false },
  "6.4": { inFaults: false },
};

/** The list has never had a member, or is known to be empty: it is not walked. */
const NOT_WALKED = -1;

export class RegistryNotifier implements HostNotifier {
  private readonly open: NotifierRange[] = [];

  constructor(
    private readonly registry: NotifierRegistry,
    private readonly mm: number,
    private readonly era: Era,
    private readonly machine: RunningMachine,
  ) {}

  implementers(hook: Hook, isFault: boolean): number {
    const callbacks = this.callbacksOf(hook, isFault);
    if (!this.registry.isWalked(this.mm, callbacks[0]!)) return NOT_WALKED;
    return this.registry.implementing(this.mm, ...callbacks);
  }

  notify(hook: Hook, isFault: boolean, event: number, start: number, end: number): void {
    const context = new CallContext(this.machine);
    try {
      this.dispatch(hook, isFault, { event, start, end }, context);
    } finally {
      context.isOver = true;
    }
  }

  release(): void {
    this.registry.exit(this.mm);
  }

  private dispatch(
    hook: Hook,
    isFault: boolean,
    { event, start, end }: { event: number; start: number; end: number },
    context: NotifierContext,
  ): void {
    switch (hook) {
      case Hook.RangeStart: {
        const range = { mm: this.mm, start, end, event: EVENTS[event]!, isBlockable: true };
        this.open.push(range);
        this.registry.invalidateRangeStart(range, context);
        return;
      }
      case Hook.RangeEnd: {
        const range = this.open.pop();
        if (range === undefined) throw new Error("a range ends that was announced");
        this.registry.invalidateRangeEnd(range, context, this.flushesAtEnd(isFault));
        return;
      }
      default:
        this.registry.archInvalidateSecondaryTlbs(this.mm, start, end, context);
    }
  }

  private callbacksOf(hook: Hook, isFault: boolean): readonly CallbackName[] {
    switch (hook) {
      case Hook.RangeStart:
        return ["invalidateRangeStart"];
      case Hook.RangeEnd:
        return endCallbacks(this.flushesAtEnd(isFault));
      default:
        return ["archInvalidateSecondaryTlbs"];
    }
  }

  private flushesAtEnd(isFault: boolean): boolean {
    const flush = FLUSHES_AT_END[this.era];
    return flush !== undefined && (flush.inFaults || !isFault);
  }
}

/** The context of one call, which is over when the call returns. */
class CallContext implements NotifierContext {
  isOver = false;

  constructor(private readonly machine: RunningMachine) {}

  get nowNs(): number {
    return this.machine.nowNs();
  }

  invalidate(start: number, end: number): void {
    if (this.isOver) throw new RegistrationError("a context is good only during its callback");
    if (!(start >= 0 && start < end)) {
      throw new RangeError(`[${start}, ${end}) is not a range of byte addresses`);
    }
    this.machine.invalidate(start, end);
  }
}

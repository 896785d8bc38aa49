/**
 * Registration and dispatch of notifiers: the list of each mm, as mm/mmu_notifier.c keeps it.
 *
 * Models:     newest first; op masks; start and end paired even when a subscription refuses;
 *             release once, by exit or by unregistration, whichever comes first; an mm that once
 *             had a notifier, whose secondary flushes walk the empty list for ever after.
 * Source:     linux 6.19 mm/mmu_notifier.c (__mmu_notifier_register,
 *             mn_hlist_invalidate_range_start, __mmu_notifier_arch_invalidate_secondary_tlbs,
 *             mmu_notifier_unregister, mn_hlist_release)
 */
import { z } from "zod";
import { mostSimilar } from "../base/similar.js";
import { argumentsOf, callback } from "../scenario/arguments.js";
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

const CALLBACKS: readonly CallbackName[] = [
  "invalidateRangeStart",
  "invalidateRangeEnd",
  "archInvalidateSecondaryTlbs",
  "release",
];

/** An object of a class may have fields and methods of its own beside the callbacks. */
const OpsSchema = z.looseObject(
  Object.fromEntries(CALLBACKS.map((name) => [name, callback.optional()])),
);

const checkRegistration = argumentsOf("register", {
  mm: z.int().min(0),
  ops: OpsSchema.superRefine((ops, context) => {
    for (const key of misnamed(ops)) {
      context.addIssue({ code: "unrecognized_keys", keys: [key], input: ops });
    }
  }),
});

/** Functions that are called almost like a callback, and that no call would ever reach. */
function misnamed(ops: Record<string, unknown>): string[] {
  return Object.keys(ops).filter(
    (key) =>
      typeof ops[key] === "function" &&
      !CALLBACKS.some((name) => name === key) &&
      mostSimilar(key, CALLBACKS) !== null,
  );
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
  private openCalls = 0;
  private isInRun = false;

  /**
   * Registers callbacks for an mm. Throws RegistrationError inside a callback and while a range
   * pair is open (the kernel waits for all locks of the mm), and for ops that mix the secondary
   * flush with start or end (refused since 6.6).
   */
  register(mm: number, ops: MmuNotifierOps): Subscription {
    checkRegistration({ mm, ops });
    if (this.openPairs > 0 || this.openCalls > 0) {
      const where = this.openCalls > 0 ? "a callback is running" : "a range pair is open";
      throw new RegistrationError(
        `${where}: register between operations, as the kernel does by taking the mm's locks`,
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

  /** The mm has, or once had, a notifier: before the first one no list is walked. */
  hasNotifiers(mm: number): boolean {
    return this.lists.has(mm);
  }

  /** How many notifiers of the mm implement one of the callbacks. */
  implementing(mm: number, ...callbacks: CallbackName[]): number {
    return this.listOf(mm).filter((entry) => hasOneOf(entry, callbacks)).length;
  }

  /** A call of the callback walks the list; start and end look first whether it is empty. */
  isWalked(mm: number, callback: CallbackName): boolean {
    const isEmpty = this.listOf(mm).length === 0;
    return this.hasNotifiers(mm) && (!isEmpty || callback === "archInvalidateSecondaryTlbs");
  }

  /**
   * A run takes the registry for itself, until it calls what this returns. Pairs that it leaves
   * open are closed then, so that the registry can be used again.
   */
  beginRun(): () => void {
    if (this.isInRun) {
      throw new RegistrationError("another run uses this registry: give each run its own");
    }
    this.isInRun = true;
    return () => {
      this.isInRun = false;
      this.openPairs = 0;
      this.openCalls = 0;
    };
  }

  /**
   * Calls every start; false when the range is not blockable and somebody refused. Those that did
   * not refuse and have an end are given it then.
   */
  invalidateRangeStart(range: NotifierRange, context: NotifierContext): boolean {
    this.openPairs++;
    const refusing: Entry[] = [];
    this.walk(range.mm, ["invalidateRangeStart"], (entry) => {
      const answer = entry.ops.invalidateRangeStart?.(range, context);
      if (answer !== false) return answer;
      if (range.isBlockable) {
        throw new RegistrationError("a start refused a range that is blockable");
      }
      refusing.push(entry);
      return undefined;
    });
    if (refusing.length > 0) this.invalidateRangeEnd(range, context);
    return refusing.length === 0;
  }

  /** With `flushesToo`, as up to 6.5, each subscription is given the secondary flush before it. */
  invalidateRangeEnd(range: NotifierRange, context: NotifierContext, flushesToo = false): void {
    if (this.openPairs === 0) throw new RegistrationError("a range ends that was not started");
    const { mm, start, end } = range;
    this.walk(mm, endCallbacks(flushesToo), ({ ops }) => {
      if (flushesToo) refusePromise(ops.archInvalidateSecondaryTlbs?.(mm, start, end, context));
      return ops.invalidateRangeEnd?.(range, context);
    });
    this.openPairs--;
  }

  archInvalidateSecondaryTlbs(
    mm: number,
    start: number,
    end: number,
    context: NotifierContext,
  ): void {
    this.walk(mm, ["archInvalidateSecondaryTlbs"], ({ ops }) =>
      ops.archInvalidateSecondaryTlbs?.(mm, start, end, context),
    );
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

  private walk(
    mm: number,
    callbacks: readonly CallbackName[],
    call: (entry: Entry) => unknown,
  ): void {
    if (!this.isWalked(mm, callbacks[0]!)) return;
    let called = 0;
    this.openCalls++;
    try {
      for (const entry of this.listOf(mm)) {
        if (entry.isReleased || !hasOneOf(entry, callbacks)) continue;
        called++;
        refusePromise(call(entry));
      }
    } finally {
      this.openCalls--;
    }
    this.counts.calls += called;
    if (called === 0) this.counts.walksForNothing++;
  }

  private listOf(mm: number): readonly Entry[] {
    return this.lists.get(mm) ?? [];
  }
}

/** What is called at the end of a range. */
export function endCallbacks(flushesToo: boolean): CallbackName[] {
  return flushesToo
    ? ["invalidateRangeEnd", "archInvalidateSecondaryTlbs"]
    : ["invalidateRangeEnd"];
}

function hasOneOf({ ops }: Entry, callbacks: readonly CallbackName[]): boolean {
  return callbacks.some((callback) => ops[callback] !== undefined);
}

/** The mm does not wait for a promise: what it would do later comes too late. */
function refusePromise(answer: unknown): void {
  if (answer instanceof Promise) {
    answer.catch(() => undefined);
    throw new RegistrationError("a callback returned a promise: callbacks act before they return");
  }
}

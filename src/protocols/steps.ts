/**
 * The steps a driver protocol is written with, their names in scenario files, and what each means.
 */
import { StepCondition, StepKind } from "../abi/vocabulary.generated.js";

interface StepDefinition {
  readonly kind: StepKind;
  /** When the step is taken unless the protocol says otherwise. */
  readonly condition: StepCondition;
  readonly meaning: string;
}

const always = (kind: StepKind, meaning: string): StepDefinition => ({
  kind,
  condition: StepCondition.Always,
  meaning,
});

const when = (condition: StepCondition, kind: StepKind, meaning: string): StepDefinition => ({
  kind,
  condition,
  meaning,
});

/** Every step by its name. The list is closed: a protocol is data, never code in the engine. */
export const PROTOCOL_STEPS = {
  invalidate: always(
    StepKind.Invalidate,
    "invalidate all translations and walk caches and wait until accesses using them are over",
  ),
  "invalidate-leaf": always(
    StepKind.InvalidateLeaf,
    "as invalidate, but leave the walk cache's table pointers",
  ),
  "invalidate-iotlb": always(StepKind.InvalidateIotlb, "invalidate the IOTLB and the walk cache"),
  "invalidate-atc": always(
    StepKind.InvalidateAtc,
    "invalidate the ATC and wait until accesses using it are over",
  ),
  "invalidate-reads-only": always(
    StepKind.InvalidateReadsOnly,
    "as invalidate, but wait for reads in flight only; posted writes may still land",
  ),
  "queue-invalidate": always(
    StepKind.QueueInvalidate,
    "queue an invalidation that the IOMMU executes at any later time",
  ),
  "queue-invalidate-atc": always(
    StepKind.QueueInvalidateAtc,
    "queue an ATC invalidation that is executed at any later time",
  ),
  "queue-for-timer": always(
    StepKind.QueueForTimer,
    "put the range on the flush queue; a timer invalidates at any later time",
  ),
  "count-up": always(StepKind.CountUp, "count one more open range pair"),
  "count-down": always(StepKind.CountDown, "count one open range pair less"),
  "flag-set": always(StepKind.FlagSet, "note that a range pair is open, as if it were the first"),
  "flag-clear": always(
    StepKind.FlagClear,
    "note that no range pair is open, as if it were the last",
  ),
  "install-empty-table": when(
    StepCondition.First,
    StepKind.InstallEmptyTable,
    "for the first open pair: point the PASID at the empty table and invalidate",
  ),
  "restore-table": when(
    StepCondition.Last,
    StepKind.RestoreTable,
    "for the last open pair: point the PASID back at the mm's table and invalidate",
  ),
  "lock-driver": always(StepKind.DriverLock, "take the driver's lock"),
  "unlock-driver": always(StepKind.DriverUnlock, "release the driver's lock"),
  "zap-mirror": always(
    StepKind.ZapMirror,
    "remove the range from the mirror, invalidate the ATC, wait until accesses are over",
  ),
  "sequence-up": always(StepKind.SequenceUp, "advance the sequence"),
  "sequence-odd": always(StepKind.SequenceOdd, "make the sequence odd: an invalidation is active"),
  "sequence-even": when(
    StepCondition.Last,
    StepKind.SequenceEven,
    "for the last open pair: make the sequence even again",
  ),
  "sample-notifiers": always(
    StepKind.SampleNotifiers,
    "look whether a notifier is registered; steps under `if: sampled` follow only then",
  ),
  "sample-sequence": always(StepKind.SampleSequence, "remember the sequence"),
  "sample-even-sequence": always(
    StepKind.SampleEvenSequence,
    "wait until the sequence is even, then remember it",
  ),
  "lock-mmap": always(StepKind.MmapLockRead, "take mmap_lock for read"),
  "unlock-mmap": always(StepKind.MmapUnlockRead, "release mmap_lock"),
  fault: always(
    StepKind.HandleFault,
    "fault the page in, as handle_mm_fault does, and remember it",
  ),
  "check-count-and-sequence": when(
    StepCondition.Served,
    StepKind.CheckCountAndSequence,
    "start over if a range pair is open or the sequence has changed",
  ),
  "check-sequence": when(
    StepCondition.Served,
    StepKind.CheckSequence,
    "start over if the sequence has changed",
  ),
  install: when(StepCondition.Served, StepKind.InstallMirror, "enter the page into the mirror"),
  respond: always(StepKind.Respond, "answer the page request"),
  grace: always(StepKind.Grace, "let a grace period pass"),
} as const satisfies Record<string, StepDefinition>;

export type ProtocolStepName = keyof typeof PROTOCOL_STEPS;

export const PROTOCOL_STEP_NAMES = Object.keys(PROTOCOL_STEPS) as ProtocolStepName[];

/** The conditions a step may be put under, by their names in scenario files. */
export const STEP_CONDITIONS = {
  always: StepCondition.Always,
  served: StepCondition.Served,
  first: StepCondition.First,
  last: StepCondition.Last,
  sampled: StepCondition.Sampled,
  "not-first": StepCondition.NotFirst,
  "not-last": StepCondition.NotLast,
} as const;

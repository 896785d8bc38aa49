/**
 * The steps a driver protocol is written with, their names in scenario files, and what each means.
 */
import { StepCondition, StepKind } from "../abi/vocabulary.generated.js";

interface StepDefinition {
  readonly kind: StepKind;
  /** When the step is taken unless the protocol says otherwise. */
  readonly condition: StepCondition;
  readonly meaning: string;
  /** Who can take it: a thread of the mm inside a callback, the page-request handler, or both. */
  readonly takenBy: "callbacks" | "handler" | "both";
}

const step =
  (takenBy: StepDefinition["takenBy"]) =>
  (kind: StepKind, meaning: string, condition = StepCondition.Always): StepDefinition => ({
    kind,
    condition,
    meaning,
    takenBy,
  });

const inCallbacks = step("callbacks");
const inHandler = step("handler");
const anywhere = step("both");

/** Every step by its name. The list is closed: a protocol is data, never code in the engine. */
export const PROTOCOL_STEPS = {
  invalidate: inCallbacks(
    StepKind.Invalidate,
    "invalidate all translations and walk caches and wait until accesses using them are over",
  ),
  "invalidate-leaf": inCallbacks(
    StepKind.InvalidateLeaf,
    "as invalidate, but leave the walk cache's table pointers",
  ),
  "invalidate-iotlb": inCallbacks(
    StepKind.InvalidateIotlb,
    "invalidate the IOTLB and the walk cache",
  ),
  "invalidate-atc": inCallbacks(
    StepKind.InvalidateAtc,
    "invalidate the ATC and wait until accesses using it are over",
  ),
  "invalidate-reads-only": inCallbacks(
    StepKind.InvalidateReadsOnly,
    "as invalidate, but wait for reads in flight only; posted writes may still land",
  ),
  "queue-invalidate": inCallbacks(
    StepKind.QueueInvalidate,
    "queue an invalidation that the IOMMU executes at any later time",
  ),
  "queue-invalidate-atc": inCallbacks(
    StepKind.QueueInvalidateAtc,
    "queue an ATC invalidation that is executed at any later time",
  ),
  "queue-for-timer": inCallbacks(
    StepKind.QueueForTimer,
    "put the range on the flush queue; a timer invalidates at any later time",
  ),
  "count-up": inCallbacks(StepKind.CountUp, "count one more open range pair"),
  "count-down": inCallbacks(StepKind.CountDown, "count one open range pair less"),
  "flag-set": inCallbacks(
    StepKind.FlagSet,
    "note that a range pair is open, as if it were the first",
  ),
  "flag-clear": inCallbacks(
    StepKind.FlagClear,
    "note that no range pair is open, as if it were the last",
  ),
  "install-empty-table": inCallbacks(
    StepKind.InstallEmptyTable,
    "for the first open pair: point the PASID at the empty table and invalidate",
    StepCondition.First,
  ),
  "restore-table": inCallbacks(
    StepKind.RestoreTable,
    "for the last open pair: point the PASID back at the mm's table and invalidate",
    StepCondition.Last,
  ),
  "lock-driver": anywhere(StepKind.DriverLock, "take the driver's lock"),
  "unlock-driver": anywhere(StepKind.DriverUnlock, "release the driver's lock"),
  "zap-mirror": inCallbacks(
    StepKind.ZapMirror,
    "remove the range from the mirror, invalidate the ATC, wait until accesses are over",
  ),
  "sequence-up": inCallbacks(StepKind.SequenceUp, "advance the sequence"),
  "sequence-odd": inCallbacks(
    StepKind.SequenceOdd,
    "make the sequence odd: an invalidation is active",
  ),
  "sequence-even": inCallbacks(
    StepKind.SequenceEven,
    "for the last open pair: make the sequence even again",
    StepCondition.Last,
  ),
  "sample-notifiers": inCallbacks(
    StepKind.SampleNotifiers,
    "look whether a notifier is registered; steps under `if: sampled` follow only then",
  ),
  "sample-sequence": inHandler(StepKind.SampleSequence, "remember the sequence"),
  "sample-even-sequence": inHandler(
    StepKind.SampleEvenSequence,
    "wait until the sequence is even, then remember it",
  ),
  "lock-mmap": inHandler(StepKind.MmapLockRead, "take mmap_lock for read"),
  "unlock-mmap": inHandler(StepKind.MmapUnlockRead, "release mmap_lock"),
  fault: inHandler(
    StepKind.HandleFault,
    "fault the page in, as handle_mm_fault does, and remember it",
  ),
  "check-count-and-sequence": inHandler(
    StepKind.CheckCountAndSequence,
    "start over if a range pair is open or the sequence has changed",
    StepCondition.Served,
  ),
  "check-sequence": inHandler(
    StepKind.CheckSequence,
    "start over if the sequence has changed",
    StepCondition.Served,
  ),
  install: inHandler(
    StepKind.InstallMirror,
    "enter the page into the mirror",
    StepCondition.Served,
  ),
  respond: inHandler(StepKind.Respond, "answer the page request"),
  "respond-success": inHandler(
    StepKind.RespondSuccess,
    "answer SUCCESS without looking at what the fault has found",
  ),
  hang: inHandler(StepKind.Hang, "go no further: the page request is never answered"),
  grace: inCallbacks(StepKind.Grace, "let a grace period pass"),
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

/**
 * The protocols as data: what each fills into the hooks, and which stages its fault handler has.
 *
 * Models:     every row of the table of protocols.
 * Simplifies: a protocol that leaves a hook empty contributes no step there.
 */
import type { Instance } from "./instance.js";
import { flushSteps, invalidate, mayInvalidate } from "./invalidation.js";
import { onlyIf, type Step } from "./thread.js";
import { nothing, type World } from "./world.js";

/** Which flush of the operation a hook belongs to. */
export type Part = "zap" | "tables" | "protect" | "fork" | "break";

export interface HookContext extends Pick<Instance, "devices" | "choices" | "operation"> {
  part: Part;
}

export type Hook = (context: HookContext) => Step[];

export type HandlerStage =
  | "sample"
  | "take"
  | "fault"
  | "release"
  | "lock"
  | "check"
  | "check-and-install"
  | "install"
  | "unlock"
  | "respond";

export interface Protocol {
  id: string;
  reads: "shared" | "two-level" | "mirror";
  start?: Hook;
  before?: Hook;
  secondary?: Hook;
  end?: Hook;
  handler: readonly HandlerStage[];
  /** What makes a mirror handler start over. */
  retryCheck?: "count-or-seq" | "odd-seq";
  /** A second mm thread runs start and end of an overlapping range. */
  overlap?: true;
  /** The device is attached later, by a registrar that needs these locks. */
  registration?: "lock-free" | "locked";
  /** What the IOMMU does for each queued invalidation. */
  queued?: "flush" | "atc";
  /** A flush queue, and whether it also releases data frames. */
  flushQueue?: { releasesData: boolean };
  pins?: { ignoredByFork: boolean };
}

const SHARED: readonly HandlerStage[] = ["take", "fault", "release", "respond"];
const CHECKED: readonly HandlerStage[] = [
  "sample",
  "take",
  "fault",
  "release",
  "check-and-install",
  "respond",
];

const flush: Hook = (context) => flushSteps(context);
const putOnFlushQueue: Hook = () => [
  { text: "put on the flush queue", effect: (world) => void (world.flushQueue.pending = true) },
];
const atcFlush: Hook = (context) => flushSteps(context, "ATC flush", { reach: "tlb" });
const iotlbFlush: Hook = (context) =>
  flushSteps(context, "IOTLB flush", { reach: "iotlb-and-psc", waits: "for-nothing" });
const queueInvalidation: Hook = () => [
  {
    text: "queue the invalidation",
    effect: (world) => {
      world.queuedInvalidations++;
    },
  },
];
const sample: Hook = () => [
  {
    text: "test has_notifiers",
    effect: (world, thread) => {
      thread.sample = world.registered;
    },
  },
];
const ifSampled =
  (hook: Hook): Hook =>
  (context) =>
    onlyIf((_, thread) => thread.sample, hook(context));
const inOrder =
  (...hooks: Hook[]): Hook =>
  (context) =>
    hooks.flatMap((hook) => hook(context));

// The counting empty table ----------------------------------------------------------------------

const swapTable =
  (empty: boolean, asFlag: boolean): Hook =>
  (context) => {
    const { choices } = context;
    const change = (world: World): boolean => {
      const old = world.count;
      world.count = asFlag ? (empty ? 1 : 0) : old + (empty ? 1 : -1);
      if (asFlag) return choices.flagActs === "always" || world.count !== old;
      return empty ? old === 0 : world.count === 0;
    };
    const countText = asFlag ? (empty ? "flag=1" : "flag=0") : empty ? "count+1" : "count-1";
    const swapText = empty ? "install the empty table and flush" : "restore the table and flush";
    const locked = choices.emptyTablePair !== "two-steps-unlocked";
    if (choices.emptyTablePair === "one-step") {
      return [
        {
          text: `${countText}, ${swapText} if it is due`,
          mayRun: (world) => mayInvalidate(world),
          effect: (world) => {
            if (!change(world)) return;
            world.emptyTable = empty;
            invalidate(world);
          },
        },
      ];
    }
    const swap = flushSteps(context, swapText, {
      also: (world) => void (world.emptyTable = empty),
    });
    const last = swap.at(-1)!;
    const releasing: Step = {
      ...last,
      effect: (world, thread) => {
        last.effect(world, thread);
        if (locked) world.driverLock = false;
        thread.sample = false;
      },
    };
    return [
      {
        text: countText,
        mayRun: (world) => !locked || !world.driverLock,
        effect: (world, thread) => {
          thread.sample = change(world);
          if (locked && thread.sample) world.driverLock = true;
        },
      },
      ...onlyIf((_, thread) => thread.sample, [...swap.slice(0, -1), releasing]),
    ];
  };

// The mirrors -----------------------------------------------------------------------------------

const driverLock: Step = {
  text: "driver lock",
  mayRun: (world) => !world.driverLock,
  effect: (world) => void (world.driverLock = true),
};
const driverUnlock: Step = {
  text: "driver unlock",
  effect: (world) => void (world.driverLock = false),
};

type Counting = "counter" | "flag" | "odd-seq";

const mirrorStart =
  (counting: Counting): Hook =>
  (context) => [
    driverLock,
    {
      text:
        counting === "flag"
          ? "flag=1"
          : counting === "odd-seq"
            ? "count+1, seq becomes odd"
            : "count+1",
      effect: (world) => {
        world.count = counting === "flag" ? 1 : world.count + 1;
        if (counting === "odd-seq") world.seq |= 1;
      },
    },
    ...flushSteps(context, "zap the mirror and flush", {
      also: (world) => void (world.mirror = world.mirror.map(nothing)),
    }),
    driverUnlock,
  ];

const mirrorEnd =
  (counting: Exclude<Counting, "odd-seq">): Hook =>
  () => [
    driverLock,
    {
      text: "seq+1",
      effect: (world) => {
        world.seq++;
      },
    },
    {
      text: counting === "flag" ? "flag=0" : "count-1",
      effect: (world) => void (world.count = counting === "flag" ? 0 : world.count - 1),
    },
    driverUnlock,
  ];

const hmmEnd: Hook = () => [
  {
    text: "count-1",
    effect: (world) => {
      world.count--;
    },
  },
  {
    text: "seq becomes even",
    contributes: (world) => world.count === 0,
    effect: (world) => {
      world.seq++;
    },
  },
];

/** "test, then …": the test reads has_notifiers at the moment of the hook. */
const tested =
  (hook: Hook): Hook =>
  (context) => {
    const steps = hook(context);
    if (context.choices.mirrorTestIsStep)
      return [...sample(context), ...onlyIf((_, thread) => thread.sample, steps)];
    const [first, ...rest] = steps as [Step, ...Step[]];
    return [
      {
        text: `test has_notifiers, ${first.text}`,
        mayRun: (world) => !world.registered || (first.mayRun?.(world) ?? true),
        effect: (world, thread) => {
          thread.sample = world.registered;
          if (thread.sample) first.effect(world, thread);
        },
      },
      ...onlyIf((_, thread) => thread.sample, rest),
    ];
  };

const kvm = { reads: "mirror", start: mirrorStart("counter"), end: mirrorEnd("counter") } as const;
const kvmChecked = { ...kvm, handler: CHECKED, retryCheck: "count-or-seq" } as const;
const pinning = {
  reads: "mirror",
  handler: ["take", "fault", "release", "install", "respond"],
} as const;

const deferred: Hook = (context) => {
  const { part, operation, choices } = context;
  const isMunmap =
    operation === "munmap" || (operation === "munmap_late" && choices.deferredCoversLateMunmap);
  return isMunmap || operation === "dontneed" || part === "break" ? flush(context) : [];
};

// The table -------------------------------------------------------------------------------------

const shared = { reads: "shared", handler: SHARED } as const;
const twoLevel = { reads: "two-level", handler: SHARED } as const;

export const PROTOCOLS: readonly Protocol[] = [
  { id: "none", ...shared },
  { id: "flush-at-start", ...shared, start: flush },
  { id: "flush-at-end", ...shared, end: flush },
  { id: "flush-at-both", ...shared, start: flush, end: flush },
  { id: "empty-table", ...shared, start: swapTable(true, false), end: swapTable(false, false) },
  { id: "invalidate-range", ...shared, secondary: flush, end: flush },
  { id: "secondary-flush", ...shared, secondary: flush },
  { id: "invalidate-range-deferred", ...shared, secondary: deferred, end: flush },
  { id: "flush-before-clear", ...shared, before: flush },
  { id: "flush-before-clear-and-at-end", ...shared, before: flush, end: flush },
  { id: "mirror-kvm", ...kvmChecked },
  {
    id: "mirror-hmm",
    reads: "mirror",
    start: mirrorStart("odd-seq"),
    end: hmmEnd,
    handler: CHECKED,
    retryCheck: "odd-seq",
  },
  { id: "mirror-unchecked", ...kvm, handler: ["take", "fault", "release", "install", "respond"] },
  {
    id: "mirror-unchecked-mmap-lock",
    ...kvm,
    handler: ["take", "fault", "install", "release", "respond"],
  },
  {
    id: "mirror-checked-too-early",
    ...kvm,
    handler: ["sample", "take", "fault", "release", "check", "install", "respond"],
    retryCheck: "count-or-seq",
  },
  { id: "queued-not-waited", ...shared, secondary: queueInvalidation, queued: "flush" },
  {
    id: "atc-not-waited",
    ...twoLevel,
    secondary: inOrder(iotlbFlush, queueInvalidation),
    queued: "atc",
  },
  { id: "iotlb-before-atc", ...twoLevel, secondary: inOrder(iotlbFlush, atcFlush) },
  { id: "atc-before-iotlb", ...twoLevel, secondary: inOrder(atcFlush, iotlbFlush) },
  {
    id: "atc-before-iotlb-and-at-end",
    ...twoLevel,
    secondary: inOrder(atcFlush, iotlbFlush),
    end: inOrder(atcFlush, iotlbFlush),
  },
  {
    id: "leaf-only",
    ...shared,
    secondary: (context) => flushSteps(context, "flush of leaf translations", { reach: "tlb" }),
  },
  { id: "flush-queue", ...shared, secondary: putOnFlushQueue, flushQueue: { releasesData: false } },
  {
    id: "flush-queue-frees-data",
    ...shared,
    secondary: putOnFlushQueue,
    flushQueue: { releasesData: true },
  },
  { id: "pinned", ...pinning, pins: { ignoredByFork: false } },
  { id: "pinned-ignored-by-fork", ...pinning, pins: { ignoredByFork: true } },
  {
    id: "mirror-overlap-flag",
    ...kvmChecked,
    start: mirrorStart("flag"),
    end: mirrorEnd("flag"),
    overlap: true,
  },
  { id: "mirror-overlap-count", ...kvmChecked, overlap: true },
  {
    id: "empty-table-overlap-flag",
    ...shared,
    start: swapTable(true, true),
    end: swapTable(false, true),
    overlap: true,
  },
  {
    id: "empty-table-overlap-count",
    ...shared,
    start: swapTable(true, false),
    end: swapTable(false, false),
    overlap: true,
  },
  {
    id: "short-circuit-sampled-early",
    ...shared,
    start: sample,
    secondary: ifSampled(flush),
    registration: "lock-free",
  },
  {
    id: "short-circuit-load-reordered",
    ...shared,
    before: sample,
    secondary: ifSampled(flush),
    registration: "lock-free",
  },
  {
    id: "short-circuit-at-hook",
    ...shared,
    secondary: inOrder(sample, ifSampled(flush)),
    registration: "lock-free",
  },
  {
    id: "short-circuit-mirror",
    ...kvmChecked,
    start: tested(mirrorStart("counter")),
    end: tested(mirrorEnd("counter")),
    registration: "lock-free",
  },
  {
    id: "short-circuit-mirror-locked",
    ...kvmChecked,
    start: tested(mirrorStart("counter")),
    end: tested(mirrorEnd("counter")),
    registration: "locked",
  },
  {
    id: "posted-writes-not-drained",
    ...shared,
    secondary: (context) =>
      flushSteps(context, "flush that waits for reads only", { waits: "for-reads" }),
  },
];

export function protocolById(id: string): Protocol {
  const found = PROTOCOLS.find((protocol) => protocol.id === id);
  if (!found) throw new Error(`there is a protocol ${id}`);
  return found;
}

/**
 * The mm's operations as programs of one thread.
 *
 * Models:     one step for each item; the hooks S, B, R and E expand to the protocol's steps.
 * Simplifies: two pages are swept page by page and freed together; page 1 stands by in the
 *             operations that are defined for one page.
 */
import type { Choices } from "./choices.js";
import { frameOfPage, pagesOfRange, type Instance } from "./instance.js";
import { isPinned, putFrame } from "./frames.js";
import { mayInvalidate } from "./invalidation.js";
import type { Part } from "./protocols.js";
import { onlyIf, type Step } from "./thread.js";
import {
  clearPte,
  F0,
  F1,
  Owner,
  PteKind,
  setPte,
  Upper,
  type Thread,
  type World,
} from "./world.js";

export type OperationId =
  "munmap" | "munmap_late" | "dontneed" | "mprotect" | "cow" | "migrate" | "ksm" | "collapse";

export const OPERATIONS: readonly OperationId[] = [
  "munmap",
  "munmap_late",
  "dontneed",
  "mprotect",
  "cow",
  "migrate",
  "ksm",
  "collapse",
];

/** How far an operation got before it stopped early; see `Thread.stopped`. */
const GAVE_UP = 1;
const PTE_CHANGED = 2;

const going = (_: World, thread: Thread): boolean => thread.stopped === 0;
const notGivenUp = (_: World, thread: Thread): boolean => thread.stopped !== GAVE_UP;

const step = (text: string, effect: Step["effect"], mayRun?: Step["mayRun"]): Step =>
  mayRun ? { text, effect, mayRun } : { text, effect };

const cpuFlush = step("CPU flush", () => undefined);

// Locks -----------------------------------------------------------------------------------------

const mmapLockIsFree = (world: World): boolean => !world.mmapWriter && world.mmapReaders === 0;
const ptlIsFree = (world: World): boolean => !world.ptl;

const lockForWrite = (what: string, also: Step["effect"], mayRun = mmapLockIsFree): Step =>
  step(
    `mmap_lock for write${what}`,
    (world, thread) => {
      world.mmapWriter = true;
      also(world, thread);
    },
    mayRun,
  );

const lockForRead = (what = "", also?: Step["effect"]): Step =>
  step(
    `mmap_lock for read${what}`,
    (world, thread) => {
      world.mmapReaders++;
      also?.(world, thread);
    },
    (world) => !world.mmapWriter,
  );

const unlockWrite = (what = "", also?: Step["effect"]): Step =>
  step(`unlock${what}`, (world, thread) => {
    world.mmapWriter = false;
    also?.(world, thread);
  });

const unlockRead = step("unlock", (world) => {
  world.mmapReaders--;
});

const underPtl = (text: string, effect: Step["effect"]): Step =>
  step(
    text,
    (world, thread) => {
      world.ptl = true;
      effect(world, thread);
    },
    ptlIsFree,
  );

const releasingPtl = (text: string, effect: Step["effect"]): Step =>
  step(text, (world, thread) => {
    world.ptl = false;
    effect(world, thread);
  });

// The pieces that operations share ---------------------------------------------------------------

function hooksOf(instance: Instance) {
  const { protocol } = instance;
  const named = (name: string, steps: Step[]): Step[] =>
    steps.map((s) => ({ ...s, text: `${name}: ${s.text}` }));
  const context = (part: Part) => ({ ...instance, part });
  return {
    S: (part: Part) => named("range_start", protocol.start?.(context(part)) ?? []),
    B: (part: Part) => named("before the PTE changes", protocol.before?.(context(part)) ?? []),
    R: (part: Part) => named("secondary flush", protocol.secondary?.(context(part)) ?? []),
    E: (part: Part) => named("range_end", protocol.end?.(context(part)) ?? []),
  };
}

function clearPteOf(page: number): Step {
  return step(
    `clear PTE ${page}`,
    (world) => {
      clearPte(world.ptes[page]!);
    },
    ptlIsFree,
  );
}

/** Frees the data frames, after a grace step where there is a flush queue. */
function freeData(instance: Instance, frames: number[]): Step[] {
  const { choices, protocol } = instance;
  const free = (some: number[]): Step =>
    step(`free ${some.map((frame) => `F${frame}`).join(" and ")}`, (world) => {
      for (const frame of some) putFrame(instance, world, frame);
    });
  const steps =
    choices.frees === "together" ? [free(frames)] : frames.map((frame) => free([frame]));
  return protocol.flushQueue ? [graceStep(choices.grace), ...steps] : steps;
}

function graceStep(waitsFor: Choices["grace"]): Step {
  return step(
    "grace",
    () => undefined,
    (world) =>
      waitsFor === "nothing" ||
      (waitsFor === "accesses" ? mayInvalidate(world) : !world.flushQueue.pending),
  );
}

function freePtp({ protocol }: Instance): Step {
  return step("free PTP", (world) => {
    if (protocol.flushQueue) {
      world.flushQueue.ptp = true;
      world.ptp = Owner.Held;
    } else world.ptp = Owner.Free;
  });
}

const clearUpper = step("clear upper entry", (world) => void (world.upper = Upper.None));
const framesOfRange = (instance: Instance): number[] =>
  pagesOfRange(instance).map((page) => frameOfPage(instance.operation, page));

const promise = (world: World, frame: number): void =>
  void (world.frames[frame]!.promisedReadOnly = true);

// The operations --------------------------------------------------------------------------------

function munmap(instance: Instance): Step[] {
  const { S, B, R, E } = hooksOf(instance);
  return [
    lockForWrite(", detach the vma", (world) => void (world.vma.exists = false)),
    ...S("zap"),
    ...pagesOfRange(instance).flatMap((page) => [
      ...B("zap"),
      clearPteOf(page),
      cpuFlush,
      ...R("zap"),
    ]),
    ...freeData(instance, framesOfRange(instance)),
    ...E("zap"),
    ...B("tables"),
    clearUpper,
    cpuFlush,
    ...R("tables"),
    freePtp(instance),
    unlockWrite(),
  ];
}

function munmapLate(instance: Instance): Step[] {
  const { S, B, R, E } = hooksOf(instance);
  return [
    lockForWrite(", detach the vma", (world) => void (world.vma.exists = false)),
    ...S("zap"),
    ...pagesOfRange(instance).flatMap((page) => [...B("zap"), clearPteOf(page)]),
    ...E("zap"),
    ...B("tables"),
    clearUpper,
    cpuFlush,
    ...R("tables"),
    ...freeData(instance, framesOfRange(instance)),
    freePtp(instance),
    unlockWrite(),
  ];
}

function dontneed(instance: Instance): Step[] {
  const { S, B, R, E } = hooksOf(instance);
  return [
    lockForRead(),
    ...S("zap"),
    ...pagesOfRange(instance).flatMap((page) => [
      ...B("zap"),
      clearPteOf(page),
      cpuFlush,
      ...R("zap"),
    ]),
    ...freeData(instance, framesOfRange(instance)),
    ...E("zap"),
    unlockRead,
  ];
}

function mprotect(instance: Instance): Step[] {
  const { S, B, R, E } = hooksOf(instance);
  const frame = (page: number) => frameOfPage(instance.operation, page);
  return [
    lockForWrite(", the vma is read-only", (world) => void (world.vma.writable = false)),
    ...S("protect"),
    ...pagesOfRange(instance).flatMap((page) => [
      ...B("protect"),
      underPtl(`PTL, clear PTE ${page}`, (world) => {
        clearPte(world.ptes[page]!);
      }),
      releasingPtl(`set PTE ${page} read-only, release the PTL`, (world) => {
        setPte(world.ptes[page]!, frame(page), false);
      }),
    ]),
    cpuFlush,
    ...R("protect"),
    ...E("protect"),
    unlockWrite(" and return: read-only is promised", (world) => {
      for (const page of pagesOfRange(instance)) promise(world, frame(page));
    }),
  ];
}

function cow(instance: Instance): Step[] {
  const { S, B, R, E } = hooksOf(instance);
  const respectsPins = instance.protocol.pins?.ignoredByFork === false;
  const fork = [
    lockForWrite("", () => undefined),
    ...S("fork"),
    ...B("fork"),
    step(
      "write-protect the PTE, F0 is shared",
      (world, thread) => {
        if (respectsPins && isPinned(instance, world, F0)) {
          thread.stopped = GAVE_UP;
          return;
        }
        setPte(world.ptes[0]!, F0, false);
        world.frames[F0]!.owner = Owner.Shared;
      },
      ptlIsFree,
    ),
    ...E("fork"),
    cpuFlush,
    ...R("fork"),
    unlockWrite(", fork returns: read-only is promised", (world, thread) => {
      if (thread.stopped === 0) promise(world, F0);
    }),
  ];
  const breaking = [
    lockForRead(", copy F0 to F1"),
    ...S("break"),
    ...B("break"),
    underPtl("PTL, clear PTE", (world) => {
      clearPte(world.ptes[0]!);
    }),
    cpuFlush,
    ...R("break"),
    step("set PTE to F1 writable: the replacement is visible", (world) => {
      setPte(world.ptes[0]!, F1, true);
      world.replacementVisible = true;
    }),
    releasingPtl(
      "drop the rmap of F0, release the PTL",
      (world) => void (world.frames[F0]!.owner = Owner.Other),
    ),
    ...E("break"),
    unlockRead,
  ];
  return [...fork, ...onlyIf(going, breaking)];
}

function migrate(instance: Instance): Step[] {
  const { S, B, R, E } = hooksOf(instance);
  return [
    step(
      "rmap lock",
      (world) => void (world.rmap = true),
      (world) => !world.rmap,
    ),
    ...S("zap"),
    ...B("zap"),
    underPtl("PTL, clear PTE", (world) => {
      clearPte(world.ptes[0]!);
    }),
    cpuFlush,
    ...R("zap"),
    releasingPtl("set migration entry, release the PTL", (world, thread) => {
      if (isPinned(instance, world, F0)) {
        thread.stopped = GAVE_UP;
        setPte(world.ptes[0]!, F0, true);
      } else clearPte(world.ptes[0]!, PteKind.Migration);
    }),
    ...E("zap"),
    step("release the rmap lock, copy F0 to F1", (world, thread) => {
      world.rmap = false;
      if (thread.stopped === 0) world.copied = true;
    }),
    ...onlyIf(going, [
      step("set PTE to F1 writable: the replacement is visible", (world) => {
        setPte(world.ptes[0]!, F1, true);
        world.replacementVisible = true;
      }),
      ...freeData(instance, [F0]),
    ]),
  ];
}

function ksm(instance: Instance): Step[] {
  const { S, B, R, E } = hooksOf(instance);
  const isReadOnlyF0 = (world: World): boolean => {
    const pte = world.ptes[0]!;
    return pte.kind === PteKind.Present && pte.frame === F0 && !pte.writable;
  };
  const writeProtect = [
    ...S("protect"),
    ...B("protect"),
    underPtl("PTL, clear PTE", (world) => {
      clearPte(world.ptes[0]!);
    }),
    cpuFlush,
    ...R("protect"),
    releasingPtl("set read-only PTE, release the PTL", (world, thread) => {
      const pinned = isPinned(instance, world, F0);
      if (pinned) thread.stopped = GAVE_UP;
      setPte(world.ptes[0]!, F0, pinned);
    }),
    ...E("protect"),
  ];
  const merge = [
    step("compare: read-only is promised", (world) => {
      if (isReadOnlyF0(world)) promise(world, F0);
    }),
    ...S("zap"),
    ...B("zap"),
    step(
      "PTL, same PTE? clear PTE",
      (world, thread) => {
        if (!isReadOnlyF0(world)) {
          thread.stopped = PTE_CHANGED;
          return;
        }
        world.ptl = true;
        clearPte(world.ptes[0]!);
      },
      ptlIsFree,
    ),
    ...onlyIf(going, [
      cpuFlush,
      ...R("zap"),
      releasingPtl("set PTE to F1 read-only, release the PTL", (world, thread) => {
        const pinned = isPinned(instance, world, F0);
        if (pinned) thread.stopped = PTE_CHANGED;
        setPte(world.ptes[0]!, pinned ? F0 : F1, false);
      }),
    ]),
    ...E("zap"),
    ...onlyIf(going, freeData(instance, [F0])),
  ];
  return [lockForRead(), ...writeProtect, ...onlyIf(notGivenUp, merge), unlockRead];
}

function collapse(instance: Instance): Step[] {
  if (instance.pages !== 1) throw new Error("collapse is defined for one page");
  const { S, B, R, E } = hooksOf(instance);
  return [
    lockForWrite(
      " and rmap lock",
      (world) => void (world.rmap = true),
      (world) => mmapLockIsFree(world) && !world.rmap,
    ),
    ...S("tables"),
    ...B("tables"),
    clearUpper,
    cpuFlush,
    ...R("tables"),
    ...E("tables"),
    step("copy F0 to F1", (world, thread) => {
      if (isPinned(instance, world, F0)) {
        thread.stopped = GAVE_UP;
        world.upper = Upper.Table;
      } else world.copied = true;
    }),
    ...onlyIf(going, [
      step("clear the PTE in the detached PTP", (world) => {
        clearPte(world.ptes[0]!);
      }),
      ...freeData(instance, [F0]),
      step("set the huge entry to F1: the replacement is visible", (world) => {
        world.upper = Upper.Huge;
        world.replacementVisible = true;
      }),
      freePtp(instance),
    ]),
    unlockWrite("", (world) => void (world.rmap = false)),
  ];
}

const PROGRAMS: Record<OperationId, (instance: Instance) => Step[]> = {
  munmap,
  munmap_late: munmapLate,
  dontneed,
  mprotect,
  cow,
  migrate,
  ksm,
  collapse,
};

/**
 * The programs of the mm's threads: the operation, and the overlapping pair where a protocol has
 * one.
 */
export function programsOf(instance: Instance): Step[][] {
  const operation = PROGRAMS[instance.operation](instance);
  if (!instance.protocol.overlap) return [operation];
  const { S, E } = hooksOf(instance);
  return [operation, [...S("zap"), ...E("zap")]];
}

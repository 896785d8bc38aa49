/**
 * The fault handler that answers a device's page requests, one for each device.
 *
 * Models:     the four steps of a shared table; sampling, checks and the install of the mirrors.
 * Simplifies: a fault is one step under the PTL; an INVALID answer skips checks and install.
 */
import { installStage, stagesOf } from "./stages.js";
import { endRequest } from "./device.js";
import type { Choices } from "./choices.js";
import { releaseIfUnpinned } from "./frames.js";
import type { Instance } from "./instance.js";
import { invalidate, mayInvalidate } from "./invalidation.js";
import { harmless, type Effect, type Moves } from "./moves.js";
import type { HandlerStage } from "./protocols.js";
import {
  Access,
  Answer,
  F1,
  isCached,
  NO_FRAME,
  Owner,
  PteKind,
  RequestState,
  setPte,
  Upper,
  type Handler,
  type Translation,
  type World,
} from "./world.js";

interface Outcome {
  text: string;
  answer: Answer;
  translation: Translation;
  /** What the fault changes in the tables. */
  change?: (world: World) => void;
}

const NOTHING: Translation = { frame: NO_FRAME, writable: false };
const INVALID: Outcome = { text: "INVALID", answer: Answer.Invalid, translation: NOTHING };
const success = (text: string, translation: Translation, change?: Outcome["change"]): Outcome => ({
  text,
  answer: Answer.Success,
  translation,
  ...(change && { change }),
});

/** A fault on a PTE that is none: any free frame, or none left. */
function faultOnNone({ freeFrame }: Choices, world: World, page: number): Outcome[] {
  const free = world.frames.flatMap(({ owner }, frame) => (owner === Owner.Free ? [frame] : []));
  if (free.length === 0) return [INVALID];
  const candidates = freeFrame === "any" ? free : free.slice(-1);
  return candidates.map((frame) =>
    success(`maps F${frame}`, { frame, writable: true }, (changed) => {
      changed.frames[frame]!.owner = Owner.Mm;
      setPte(changed.ptes[page]!, frame, true);
    }),
  );
}

/** A fault that needs a writable PTE and finds a read-only one in a writable vma. */
function faultOnReadOnly({ operation, choices }: Instance, frame: number, page: number): Outcome[] {
  if (operation === "cow") return [];
  if (operation !== "ksm")
    throw new Error("only cow and ksm write-protect pages of a writable vma");
  if (frame === F1) return [INVALID];
  return [
    success("makes the PTE writable again", { frame, writable: true }, (world) => {
      setPte(world.ptes[page]!, frame, true);
      if (choices.ksmFaultLiftsPromise) world.frames[frame]!.promisedReadOnly = false;
    }),
  ];
}

/** The possible outcomes of the fault; none while it waits. */
function faultOutcomes(instance: Instance, world: World, page: number, access: Access): Outcome[] {
  const { protocol, operation, choices } = instance;
  if (world.ptl) return [];
  if (!world.vma.exists || (access === Access.Write && !world.vma.writable)) return [INVALID];
  if (world.upper === Upper.Huge) return [success("huge F1", { frame: F1, writable: true })];
  if (world.upper === Upper.None)
    throw new Error("mmap_lock keeps faults out while the upper entry is none");
  const pte = world.ptes[page]!;
  if (pte.kind === PteKind.Migration) return [];
  if (pte.kind === PteKind.None) return faultOnNone(choices, world, page);
  const pinNeedsWrite =
    protocol.pins?.ignoredByFork === false && (operation === "cow" || operation === "ksm");
  if (pte.writable || (access === Access.Read && !pinNeedsWrite)) {
    return [success(`finds F${pte.frame}`, { frame: pte.frame, writable: pte.writable })];
  }
  if (access === Access.Read && choices.pinOnReadOnly === "invalid") return [INVALID];
  return faultOnReadOnly(instance, pte.frame, page);
}

function mustStartOver({ protocol }: Instance, world: World, handler: Handler): boolean {
  const changed = world.seq !== handler.sampledSeq;
  return protocol.retryCheck === "count-or-seq" ? changed || world.count !== 0 : changed;
}

function startOver(handler: Handler): void {
  Object.assign(handler, {
    stage: 0,
    answer: Answer.None,
    frame: NO_FRAME,
    writable: false,
    sampledSeq: 0,
  });
}

/** Whether a pinning driver finds its mirror taken by another frame. */
function meetsOther({ protocol }: Instance, { frame }: Handler, entry: Translation): boolean {
  return protocol.pins !== undefined && isCached(entry) && entry.frame !== frame;
}

function mayInstall(instance: Instance, world: World, handler: Handler, page: number): boolean {
  if (world.driverLock && instance.choices.mirrorInstall === "one-step") return false;
  const flushes =
    instance.choices.installOverOther === "flush-first" &&
    meetsOther(instance, handler, world.mirror[page]!);
  return !flushes || mayInvalidate(world);
}

/** Installs what the fault remembered. A pin that is replaced, or not taken, is dropped. */
function install(instance: Instance, world: World, handler: Handler, page: number): void {
  const old = world.mirror[page]!;
  const { frame, writable } = handler;
  const meets = meetsOther(instance, handler, old);
  const keeps = meets && instance.choices.installOverOther === "keep";
  if (meets && instance.choices.installOverOther === "flush-first") invalidate(world);
  if (!keeps) world.mirror[page] = { frame, writable };
  Object.assign(handler, { frame: NO_FRAME, writable: false });
  if (meets) releaseIfUnpinned(instance, world, keeps ? frame : old.frame);
}

/** Moves the handler to its next stage that has something to do. */
function proceed(instance: Instance, handler: Handler): void {
  const stages = stagesOf(instance);
  const skips = (stage: HandlerStage) =>
    stage === "install" ||
    (instance.choices.invalidSkipsCheck &&
      ["check", "check-and-install", "lock", "unlock"].includes(stage));
  do handler.stage++;
  while (handler.answer === Answer.Invalid && skips(stages[handler.stage]!));
}

/** Adds the steps of the handler of device `index`. */
export function addHandlerMoves(instance: Instance, moves: Moves, index: number): void {
  const { world } = moves;
  const device = world.devices[index]!;
  const handler = world.handlers[index]!;
  if (device.request.state !== RequestState.Outstanding) return;
  const stages = stagesOf(instance);
  const { page, access } = device.request;
  const add = (text: string, change: (world: World, handler: Handler) => void) => {
    const effect: Effect = harmless((next) => {
      change(next, next.handlers[index]!);
    });
    moves.add(`handler ${index}`, text, effect);
  };
  switch (stages[handler.stage]!) {
    case "sample":
      if (instance.protocol.retryCheck === "odd-seq" && world.seq % 2 === 1) return;
      add("sample the sequence", (next, own) => {
        own.sampledSeq = next.seq;
        proceed(instance, own);
      });
      return;
    case "take":
      if (world.mmapWriter) return;
      add("mmap_lock for read", (next, own) => {
        next.mmapReaders++;
        proceed(instance, own);
      });
      return;
    case "fault":
      for (const outcome of faultOutcomes(instance, world, page, access)) {
        add(`fault: ${outcome.text}`, (next, own) => {
          outcome.change?.(next);
          own.answer = outcome.answer;
          if (installStage(instance) >= 0) Object.assign(own, outcome.translation);
          proceed(instance, own);
        });
      }
      return;
    case "release":
      add("release mmap_lock", (next, own) => {
        next.mmapReaders--;
        proceed(instance, own);
      });
      return;
    case "check":
      add("check", (next, own) => {
        if (!mustStartOver(instance, next, own)) proceed(instance, own);
        else {
          if (stages[own.stage - 1] === "lock") next.driverLock = false;
          startOver(own);
        }
      });
      return;
    case "lock":
      if (world.driverLock) return;
      add("driver lock", (next, own) => {
        next.driverLock = true;
        proceed(instance, own);
      });
      return;
    case "unlock":
      add("driver unlock", (next, own) => {
        next.driverLock = false;
        proceed(instance, own);
      });
      return;
    case "check-and-install":
      if (world.driverLock) return;
      add("driver lock, check, install, unlock", (next, own) => {
        if (mustStartOver(instance, next, own)) startOver(own);
        else {
          if (own.answer === Answer.Success) install(instance, next, own, page);
          proceed(instance, own);
        }
      });
      return;
    case "install":
      if (!mayInstall(instance, world, handler, page)) return;
      add("driver lock, install, unlock", (next, own) => {
        install(instance, next, own, page);
        proceed(instance, own);
      });
      return;
    case "respond":
      add(
        handler.answer === Answer.Success ? "respond success" : "respond INVALID",
        (next, own) => {
          const requester = next.devices[index]!;
          if (own.answer === Answer.Success) requester.request.state = RequestState.Retrying;
          else endRequest(requester);
          startOver(own);
        },
      );
  }
}

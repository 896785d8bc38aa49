/**
 * The actors beside the mm, the devices and their handlers.
 *
 * Models:     the environment that reuses what is free, the IOMMU's queue, the flush queue's timer,
 *             the driver that drops its pins, the registrar.
 */
import { isPinned, releaseIfUnpinned } from "./frames.js";
import type { Instance } from "./instance.js";
import { invalidate, mayInvalidate } from "./invalidation.js";
import { harmless, type Moves } from "./moves.js";
import { installStage } from "./stages.js";
import { Answer, isCached, nothing, Owner, RequestState, type World } from "./world.js";

/** A frame that nobody keeps from being used by somebody else. */
function mayBeReused(instance: Instance, world: World, frame: number): boolean {
  const { owner } = world.frames[frame]!;
  if (owner === Owner.Free) return true;
  const respectsPins = instance.protocol.pins?.ignoredByFork === false;
  return owner === Owner.Other && !(respectsPins && isPinned(instance, world, frame));
}

function addEnvironmentMoves(instance: Instance, moves: Moves): void {
  moves.world.frames.forEach((_, frame) => {
    if (!mayBeReused(instance, moves.world, frame)) return;
    const reuse = (world: World) => void (world.frames[frame]!.owner = Owner.Reused);
    moves.add("environment", `F${frame} is reused`, harmless(reuse));
  });
  if (moves.world.ptp === Owner.Free) {
    moves.add(
      "environment",
      "PTP is reused",
      harmless((world) => void (world.ptp = Owner.Reused)),
    );
  }
}

function addIommuMoves({ protocol }: Instance, moves: Moves): void {
  if (moves.world.queuedInvalidations === 0 || !mayInvalidate(moves.world)) return;
  moves.add(
    "iommu",
    "executes the queued invalidation",
    harmless((world) => {
      world.queuedInvalidations--;
      invalidate(world, protocol.queued === "atc" ? "tlb" : "tlb-and-psc");
    }),
  );
}

function addTimerMoves(moves: Moves): void {
  const { pending, ptp, frames } = moves.world.flushQueue;
  if (!(pending || ptp || frames.includes(true)) || !mayInvalidate(moves.world)) return;
  moves.add(
    "timer",
    "flushes and releases what is queued",
    harmless((world) => {
      invalidate(world);
      if (world.flushQueue.ptp) world.ptp = Owner.Free;
      world.flushQueue.frames.forEach((queued, frame) => {
        if (queued) world.frames[frame]!.owner = Owner.Free;
      });
      world.flushQueue = { pending: false, ptp: false, frames: world.frames.map(() => false) };
    }),
  );
}

/** Whether some request was installed for and has not been retried yet. */
function isBetweenInstallAndRetry(instance: Instance, world: World): boolean {
  const installed = installStage(instance);
  return world.devices.some(({ request }, index) => {
    const { stage, answer } = world.handlers[index]!;
    return (
      request.state === RequestState.Retrying || (stage > installed && answer === Answer.Success)
    );
  });
}

function addDriverMoves(instance: Instance, moves: Moves): void {
  if (!instance.protocol.pins || !mayInvalidate(moves.world)) return;
  if (isBetweenInstallAndRetry(instance, moves.world)) return;
  moves.world.mirror.forEach((entry, page) => {
    if (!isCached(entry)) return;
    moves.add(
      "driver",
      `drops page ${page}: zap, flush, unpin F${entry.frame}`,
      harmless((world) => {
        world.mirror[page] = nothing();
        invalidate(world);
        releaseIfUnpinned(instance, world, entry.frame);
      }),
    );
  });
}

function addRegistrarMoves({ protocol }: Instance, moves: Moves): void {
  const { registered, mmapReaders, mmapWriter, rmap, ptl } = moves.world;
  if (registered) return;
  if (protocol.registration === "locked" && (mmapReaders > 0 || mmapWriter || rmap || ptl)) return;
  moves.add(
    "registrar",
    "registers, the device is attached",
    harmless((world) => void (world.registered = true)),
  );
}

export function addOtherMoves(instance: Instance, moves: Moves): void {
  addEnvironmentMoves(instance, moves);
  addIommuMoves(instance, moves);
  addTimerMoves(moves);
  addDriverMoves(instance, moves);
  addRegistrarMoves(instance, moves);
}

/** Pins, and what becomes of a frame that is put. */
import type { Instance } from "./instance.js";
import { installStage, stagesOf } from "./stages.js";
import { Answer, isCached, Owner, type World } from "./world.js";

/** The stages of a handler that come between the fault and the install. */
function holdsItsPin(instance: Instance, stage: number): boolean {
  return stage > stagesOf(instance).indexOf("fault") && stage <= installStage(instance);
}

/**
 * Whether the driver pins the frame, through the mirror or on behalf of a fault on its way there.
 */
export function isPinned(instance: Instance, world: World, frame: number): boolean {
  if (!instance.protocol.pins) return false;
  if (world.mirror.some((entry) => isCached(entry) && entry.frame === frame)) return true;
  if (instance.choices.pinTakenAt === "install") return false;
  return world.handlers.some(
    ({ stage, answer, frame: faulted }) =>
      answer === Answer.Success && faulted === frame && holdsItsPin(instance, stage),
  );
}

/** The mm puts the frame: free at once, or held by a pin or by the flush queue. */
export function putFrame(instance: Instance, world: World, frame: number): void {
  const queued = instance.protocol.flushQueue?.releasesData === true;
  if (queued) world.flushQueue.frames[frame] = true;
  world.frames[frame]!.owner = queued || isPinned(instance, world, frame) ? Owner.Held : Owner.Free;
}

/** Frees a held frame once its last pin is gone. */
export function releaseIfUnpinned(instance: Instance, world: World, frame: number): void {
  const held = world.frames[frame]!;
  if (held.owner === Owner.Held && !isPinned(instance, world, frame)) held.owner = Owner.Free;
}

/**
 * Invalidation of the devices' caches, as single steps.
 *
 * Models:     submit and wait; a step is possible only once the accesses it waits for are over.
 * Simplifies: the whole range at once; submission and completion are one step.
 */
import type { Instance } from "./instance.js";
import type { Step } from "./thread.js";
import { Access, nothing, type Device, type World } from "./world.js";

export type Reach = "tlb-and-psc" | "tlb" | "iotlb-and-psc";
export type Waits = "for-all" | "for-reads" | "for-nothing";

function isOver(device: Device, waits: Waits): boolean {
  const { access } = device.inFlight;
  return (
    access === Access.None ||
    waits === "for-nothing" ||
    (waits === "for-reads" && access === Access.Write)
  );
}

/** Whether the accesses that the invalidation waits for are over. */
export const mayInvalidate = (world: World, waits: Waits = "for-all"): boolean =>
  world.devices.every((device) => isOver(device, waits));

function invalidateDevice(device: Device, reach: Reach): void {
  if (reach === "iotlb-and-psc") device.iotlb = device.iotlb.map(nothing);
  else device.tlb = device.tlb.map(nothing);
  if (reach !== "tlb") device.psc = false;
}

export function invalidate(world: World, reach: Reach = "tlb-and-psc"): void {
  for (const device of world.devices) invalidateDevice(device, reach);
}

/** A flush as steps of a thread; `also` happens together with its (first) step. */
export function flushSteps(
  { devices, choices }: Pick<Instance, "devices" | "choices">,
  text = "flush",
  {
    reach = "tlb-and-psc",
    waits = "for-all",
    also,
  }: { reach?: Reach; waits?: Waits; also?: Step["effect"] } = {},
): Step[] {
  if (choices.flushReach === "all-devices" || devices === 1) {
    return [
      {
        text,
        mayRun: (world) => mayInvalidate(world, waits),
        effect: (world, thread) => {
          also?.(world, thread);
          invalidate(world, reach);
        },
      },
    ];
  }
  return Array.from({ length: devices }, (_, index) => ({
    text: `${text} (device ${index})`,
    mayRun: (world: World) => isOver(world.devices[index]!, waits),
    effect: (world: World, thread) => {
      if (index === 0) also?.(world, thread);
      invalidateDevice(world.devices[index]!, reach);
    },
  }));
}

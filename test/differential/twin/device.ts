/**
 * A device: accesses through its TLB, walks, and the retries of its page request.
 *
 * Models:     issue and arrival of one access at a time, eviction, walks of one step, ATC fills,
 *             refusals.
 * Simplifies: one page request at a time; a walk reads both levels at once.
 */
import type { Instance } from "./instance.js";
import { harmless, type Moves } from "./moves.js";
import { judgeAccess, type StepProperty } from "./properties.js";
import {
  Access,
  copyOf,
  F1,
  grants,
  isCached,
  NO_FRAME,
  nothing,
  Owner,
  PteKind,
  RequestState,
  Upper,
  type Device,
  type Translation,
  type World,
} from "./world.js";

const KINDS = [Access.Read, Access.Write] as const;
const nameOf = (access: Access): string => (access === Access.Write ? "write" : "read");

interface Found {
  translation: Translation;
  violated: StepProperty[];
}

/** One walk: what the device's table says about the page. Sets the paging-structure cache. */
function readTables(instance: Instance, world: World, device: Device, page: number): Found {
  if (instance.protocol.reads === "mirror")
    return { translation: world.mirror[page]!, violated: [] };
  if (world.emptyTable) return { translation: nothing(), violated: [] };
  if (!device.psc) {
    if (world.upper === Upper.None) return { translation: nothing(), violated: [] };
    if (world.upper === Upper.Huge)
      return { translation: { frame: F1, writable: true }, violated: [] };
    device.psc = true;
  }
  if (world.ptp === Owner.Reused) return { translation: nothing(), violated: ["stale-walk"] };
  const pte = world.ptes[page]!;
  return { translation: pte.kind === PteKind.Present ? copyOf(pte) : nothing(), violated: [] };
}

/** The cache that a walk fills. */
const filled = (instance: Instance, device: Device): Translation[] =>
  instance.protocol.reads === "two-level" ? device.iotlb : device.tlb;

/** Walks for an access and caches what grants it. */
function walk(instance: Instance, world: World, device: Device, page: number, access: Access) {
  const { translation, violated } = readTables(instance, world, device, page);
  const granted = grants(translation, access);
  if (granted || (instance.choices.writeMissFillsReadOnly && isCached(translation))) {
    filled(instance, device)[page] = copyOf(translation);
  }
  return { granted, violated };
}

function mayWalk(instance: Instance, device: Device, page: number, access: Access): boolean {
  if (device.request.state !== RequestState.Idle || grants(device.tlb[page]!, access)) return false;
  if (instance.protocol.reads !== "two-level") return true;
  const entry = device.iotlb[page]!;
  return instance.choices.iotlbReadOnlyLacksWrite ? !grants(entry, access) : !isCached(entry);
}

const mayFillAtc = (atc: Translation, iotlb: Translation): boolean =>
  isCached(iotlb) && (!isCached(atc) || (iotlb.writable && !atc.writable));

/** Ends the request, whatever its answer. */
export function endRequest(device: Device): void {
  device.request = { state: RequestState.Idle, access: Access.None, page: 0, refusals: 0 };
}

function retry(instance: Instance, world: World, device: Device): StepProperty[] {
  const { request } = device;
  const { granted, violated } = walk(instance, world, device, request.page, request.access);
  if (granted) {
    endRequest(device);
    return violated;
  }
  if (instance.retryLimit !== Infinity) request.refusals++;
  if (request.refusals === instance.retryLimit) {
    endRequest(device);
    device.request.state = RequestState.Failed;
    return [...violated, "device-failure"];
  }
  request.state = RequestState.Outstanding;
  return violated;
}

/** Adds the steps of device `index`. */
export function addDeviceMoves(instance: Instance, moves: Moves, index: number): void {
  const device = moves.world.devices[index]!;
  const { access, frame } = device.inFlight;
  if (access !== Access.None) {
    moves.add(`device ${index} access`, `${nameOf(access)} reaches F${frame}`, (world) => {
      world.devices[index]!.inFlight = { access: Access.None, frame: NO_FRAME };
      return judgeAccess(world, access, frame);
    });
  }
  if (device.request.state === RequestState.Failed || !moves.world.registered) return;
  if (device.request.state === RequestState.Retrying) {
    moves.add(`device ${index} retry`, "retry walk", (world) =>
      retry(instance, world, world.devices[index]!),
    );
  }
  for (let page = 0; page < instance.pages; page++) addPageMoves(instance, moves, index, page);
}

function addPageMoves(instance: Instance, moves: Moves, index: number, page: number): void {
  const actor = `device ${index}`;
  const device = moves.world.devices[index]!;
  const entry = device.tlb[page]!;
  for (const access of KINDS) {
    if (device.inFlight.access === Access.None && grants(entry, access)) {
      const issue = (world: World) =>
        void (world.devices[index]!.inFlight = { access, frame: entry.frame });
      moves.add(
        actor,
        `issue ${nameOf(access)} of page ${page} (F${entry.frame})`,
        harmless(issue),
      );
    }
    if (mayWalk(instance, device, page, access)) {
      moves.add(actor, `walk page ${page} for ${nameOf(access)}`, (world) => {
        const walker = world.devices[index]!;
        const { granted, violated } = walk(instance, world, walker, page, access);
        if (!granted)
          walker.request = { state: RequestState.Outstanding, access, page, refusals: 0 };
        return violated;
      });
    }
  }
  if (isCached(entry)) {
    moves.add(
      actor,
      `evict page ${page}`,
      harmless((world) => void (world.devices[index]!.tlb[page] = nothing())),
    );
  }
  if (instance.protocol.reads === "two-level" && mayFillAtc(entry, device.iotlb[page]!)) {
    moves.add(
      actor,
      `ATC fill of page ${page}`,
      harmless((world) => void (world.devices[index]!.tlb[page] = copyOf(device.iotlb[page]!))),
    );
  }
}

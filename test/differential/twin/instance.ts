/** One instance to explore: a protocol, an operation and the sizes; and its first world. */
import type { Choices } from "./choices.js";
import type { Protocol } from "./protocols.js";
import type { OperationId } from "./operations.js";
import {
  Access,
  Answer,
  F1,
  F2,
  F0,
  NO_FRAME,
  nothing,
  Owner,
  PteKind,
  RequestState,
  Upper,
  type World,
} from "./world.js";

export interface Instance {
  protocol: Protocol;
  operation: OperationId;
  devices: number;
  pages: number;
  /** How many refusals make a device fail; Infinity for never. */
  retryLimit: number;
  choices: Choices;
}

/** Operations whose second page is part of the range; in the others page 1 only stands by. */
const COVERS_ALL_PAGES: readonly OperationId[] = ["munmap", "munmap_late", "dontneed", "mprotect"];

/** The frame that a page maps at the start. */
export function frameOfPage(operation: OperationId, page: number): number {
  if (page === 0) return F0;
  return COVERS_ALL_PAGES.includes(operation) ? F1 : F2;
}

/** The pages the operation works on. */
export function pagesOfRange({
  operation,
  pages,
}: Pick<Instance, "operation" | "pages">): number[] {
  return COVERS_ALL_PAGES.includes(operation)
    ? Array.from({ length: pages }, (_, page) => page)
    : [0];
}

/** The owner of F1 in a one-page instance. */
function ownerOfF1(operation: OperationId): Owner {
  switch (operation) {
    case "cow":
    case "migrate":
    case "collapse":
      return Owner.Mm;
    case "ksm":
      return Owner.Shared;
    case "dontneed":
      return Owner.Free;
    default:
      return Owner.Reused;
  }
}

const repeat = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, i) => make(i));

export function firstWorld(instance: Instance): World {
  const { protocol, operation, devices, pages } = instance;
  const owners = [Owner.Mm, ownerOfF1(operation)];
  if (pages === 2) owners[frameOfPage(operation, 1)] = Owner.Mm;
  return {
    frames: owners.map((owner) => ({ owner, promisedReadOnly: false })),
    copied: false,
    replacementVisible: false,
    upper: Upper.Table,
    ptp: Owner.Mm,
    ptes: repeat(pages, (page) => ({
      frame: frameOfPage(operation, page),
      writable: true,
      kind: PteKind.Present,
    })),
    vma: { exists: true, writable: true },
    mmapReaders: 0,
    mmapWriter: false,
    ptl: false,
    rmap: false,
    driverLock: false,
    count: 0,
    seq: 0,
    emptyTable: false,
    mirror: repeat(pages, nothing),
    queuedInvalidations: 0,
    flushQueue: { pending: false, ptp: false, frames: owners.map(() => false) },
    registered: protocol.registration === undefined,
    threads: repeat(protocol.overlap ? 2 : 1, () => ({ pc: 0, sample: false, stopped: 0 })),
    handlers: repeat(devices, () => ({
      stage: 0,
      answer: Answer.None,
      frame: NO_FRAME,
      writable: false,
      sampledSeq: 0,
    })),
    devices: repeat(devices, () => ({
      tlb: repeat(pages, nothing),
      iotlb: repeat(pages, nothing),
      psc: false,
      inFlight: { access: Access.None, frame: NO_FRAME },
      request: { state: RequestState.Idle, access: Access.None, page: 0, refusals: 0 },
    })),
  };
}

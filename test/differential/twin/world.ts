/**
 * The small world: two or three frames, one page-table page, one vma, locks, a mirror and the
 * devices.
 *
 * Models:     owners of frames and of the page-table page, two table levels, cached translations.
 * Simplifies: memory is sequentially consistent; contents of frames are not kept, only who owns
 *             them.
 */
export enum Owner {
  Free,
  Mm,
  Shared,
  Other,
  Held,
  Reused,
}

export enum Upper {
  None,
  Table,
  Huge,
}

export enum PteKind {
  None,
  Present,
  Migration,
}

export enum Access {
  None,
  Read,
  Write,
}

export enum RequestState {
  Idle,
  Outstanding,
  Retrying,
  Failed,
}

export enum Answer {
  None,
  Success,
  Invalid,
}

export const NO_FRAME = -1;
export const F0 = 0;
export const F1 = 1;
export const F2 = 2;

export interface Translation {
  frame: number;
  writable: boolean;
}

export interface Frame {
  owner: Owner;
  promisedReadOnly: boolean;
}

export interface Pte extends Translation {
  kind: PteKind;
}

export interface Device {
  /** The TLB of a shared or mirrored table, the ATC of a two-level protocol. */
  tlb: Translation[];
  iotlb: Translation[];
  /** The paging-structure cache remembers the pointer to the page-table page. */
  psc: boolean;
  inFlight: { access: Access; frame: number };
  request: { state: RequestState; access: Access; page: number; refusals: number };
}

/** One fault handler for each device; `stage` indexes the protocol's list of handler stages. */
export interface Handler {
  stage: number;
  answer: Answer;
  frame: number;
  writable: boolean;
  sampledSeq: number;
}

/** A thread of the mm; `pc` indexes its program, `stopped` says whether and where it gave up. */
export interface Thread {
  pc: number;
  sample: boolean;
  stopped: number;
}

export interface World {
  frames: Frame[];
  copied: boolean;
  replacementVisible: boolean;
  upper: Upper;
  ptp: Owner;
  ptes: Pte[];
  vma: { exists: boolean; writable: boolean };
  mmapReaders: number;
  mmapWriter: boolean;
  ptl: boolean;
  rmap: boolean;
  driverLock: boolean;
  count: number;
  seq: number;
  emptyTable: boolean;
  mirror: Translation[];
  queuedInvalidations: number;
  flushQueue: { pending: boolean; ptp: boolean; frames: boolean[] };
  registered: boolean;
  threads: Thread[];
  handlers: Handler[];
  devices: Device[];
}

export const nothing = (): Translation => ({ frame: NO_FRAME, writable: false });

/** Copies a translation, so that no two caches share one object. */
export const copyOf = ({ frame, writable }: Translation): Translation => ({ frame, writable });

export const isCached = (entry: Translation): boolean => entry.frame !== NO_FRAME;

/** Whether a translation grants the access. */
export const grants = (entry: Translation, access: Access): boolean =>
  isCached(entry) && (entry.writable || access === Access.Read);

export const setPte = (pte: Pte, frame: number, writable: boolean): void => {
  Object.assign(pte, { kind: PteKind.Present, frame, writable });
};

export const clearPte = (pte: Pte, kind: PteKind = PteKind.None): void => {
  Object.assign(pte, { kind, frame: NO_FRAME, writable: false });
};

/** A state of a small world as people read it: page table, caches, owners, locks. */
import { FrameMark, FrameOwner, RequestState, ShownEntry } from "../abi/vocabulary.generated.js";
import type { RecordOf } from "../abi/records.js";

/** A page table entry or a cached translation; null: there is none. */
export type Entry =
  | { readonly kind: "page"; readonly frame: number; readonly isWritable: boolean }
  | { readonly kind: "migration"; readonly frame: number }
  | { readonly kind: "table" }
  | null;

export interface FrameState {
  readonly owner: FrameOwner;
  readonly isPromised: boolean;
  readonly isCopied: boolean;
  readonly isReplaced: boolean;
}

export interface DeviceState {
  readonly atc: readonly Entry[];
  readonly iotlb: readonly Entry[];
  readonly mirror: readonly Entry[];
  /** The walk cache holds the pointer to the page-table page. */
  readonly isTableCached: boolean;
  readonly request: "idle" | "outstanding" | "retrying";
  readonly requestPage: number;
  readonly requestIsWrite: boolean;
  readonly refusals: number;
  readonly inFlight: "read" | "write" | null;
  readonly inFlightFrame: number;
  readonly isFailed: boolean;
  readonly faultIsServed: boolean;
  readonly faultFrame: number;
}

export interface WorldState {
  readonly vmaExists: boolean;
  readonly vmaIsWritable: boolean;
  readonly upper: Entry;
  readonly ptes: readonly Entry[];
  readonly frames: readonly FrameState[];
  readonly tableOwner: FrameOwner;
  readonly isEmptied: boolean;
  readonly count: number;
  readonly sequence: number;
  readonly isRegistered: boolean;
  readonly queued: number;
  readonly devices: readonly DeviceState[];
}

/** The state behind the core's records. */
export function readWorldState(
  state: RecordOf<"StateRecord">,
  devices: readonly RecordOf<"DeviceRecord">[],
  pages: number,
): WorldState {
  return {
    vmaExists: state.vmaExists !== 0,
    vmaIsWritable: state.vmaIsWritable !== 0,
    upper: entryOf(state.upper),
    ptes: [state.pte0, state.pte1].slice(0, pages).map(entryOf),
    frames: [
      frameOf(state.owner0, state.marks0),
      frameOf(state.owner1, state.marks1),
      frameOf(state.owner2, state.marks2),
    ].slice(0, state.frames),
    tableOwner: state.tableOwner,
    isEmptied: state.isEmptied !== 0,
    count: state.count,
    sequence: state.sequence,
    isRegistered: state.isRegistered !== 0,
    queued: state.queued + state.isTimerPending,
    devices: devices.map((device) => deviceOf(device, pages)),
  };
}

function deviceOf(record: RecordOf<"DeviceRecord">, pages: number): DeviceState {
  return {
    atc: [record.atc0, record.atc1].slice(0, pages).map(entryOf),
    iotlb: [record.iotlb0, record.iotlb1].slice(0, pages).map(entryOf),
    mirror: [record.mirror0, record.mirror1].slice(0, pages).map(entryOf),
    isTableCached: record.isTableCached !== 0,
    request: requestOf(record.requestState),
    requestPage: record.requestPage,
    requestIsWrite: record.requestIsWrite !== 0,
    refusals: record.refusals,
    inFlight: record.inFlight === 0 ? null : record.inFlight === 1 ? "read" : "write",
    inFlightFrame: record.inFlightFrame,
    isFailed: record.isFailed !== 0,
    faultIsServed: record.handlerIsServed !== 0,
    faultFrame: record.handlerFrame,
  };
}

function requestOf(state: RequestState): DeviceState["request"] {
  if (state === RequestState.Outstanding) return "outstanding";
  return state === RequestState.Retrying ? "retrying" : "idle";
}

function frameOf(owner: number, marks: number): FrameState {
  return {
    owner: owner,
    isPromised: (marks & FrameMark.Promised) !== 0,
    isCopied: (marks & FrameMark.Copied) !== 0,
    isReplaced: (marks & FrameMark.Replaced) !== 0,
  };
}

function entryOf(shown: number): Entry {
  if (shown === 0) return null;
  if ((shown & ShownEntry.Table) !== 0) return { kind: "table" };
  const frame = (shown & ShownEntry.Frame) - 1;
  if ((shown & ShownEntry.Migration) !== 0) return { kind: "migration", frame };
  return { kind: "page", frame, isWritable: (shown & ShownEntry.Writable) !== 0 };
}

/**
 * A device with an ATC: lanes that access memory, and their page requests.
 *
 * Models:     for each lane one access in flight and one page request with its refusals; a limit of
 *             refusals of the same request, after which the device fails and only lets its accesses
 *             in flight finish.
 * Simplifies: a page request group has one member.
 * Source:     PCIe base specification, chapter 10 (ATS, PRI). The limit is a device's own policy:
 *             no specification gives one.
 */
import { RequestState } from "../../abi/vocabulary";
import { allocate, byteAt, longAt, putByte, putLong, putWord, wordAt } from "../../base/bytes";
import { Tlb } from "../tlb/tlb";

/** What a lane has in flight. */
export const NOTHING: u8 = 0;
export const READ_IN_FLIGHT: u8 = 1;
export const WRITE_IN_FLIGHT: u8 = 2;

export class Device {
  isFailed: u32 = 0;
  readonly inFlight: usize;
  readonly inFlightFrame: usize;
  readonly inFlightGeneration: usize;
  readonly requestState: usize;
  readonly requestPage: usize;
  readonly requestIsWrite: usize;
  readonly refusals: usize;

  /** `retryLimit` 0: the device never gives up. */
  constructor(
    readonly lanes: u32,
    readonly pasid: u32,
    readonly atc: Tlb,
    readonly retryLimit: u32,
  ) {
    this.inFlight = allocate(lanes);
    this.inFlightFrame = allocate((<usize>lanes) << 2);
    this.inFlightGeneration = allocate((<usize>lanes) << 2);
    this.requestState = allocate(lanes);
    this.requestPage = allocate((<usize>lanes) << 3);
    this.requestIsWrite = allocate(lanes);
    this.refusals = allocate((<usize>lanes) << 2);
  }

  isIdle(lane: u32): bool {
    return byteAt(this.requestState, lane) == <u8>RequestState.Idle;
  }

  isRetrying(lane: u32): bool {
    return byteAt(this.requestState, lane) == <u8>RequestState.Retrying;
  }

  isOutstanding(lane: u32): bool {
    return byteAt(this.requestState, lane) == <u8>RequestState.Outstanding;
  }

  /** Sends an access to `frame` on its way. */
  issue(lane: u32, frame: u32, generation: u32, isWrite: bool): void {
    putByte(this.inFlight, lane, isWrite ? WRITE_IN_FLIGHT : READ_IN_FLIGHT);
    putWord(this.inFlightFrame, lane, frame);
    putWord(this.inFlightGeneration, lane, generation);
  }

  /** The access in flight has reached memory. */
  retire(lane: u32): void {
    putByte(this.inFlight, lane, NOTHING);
    putWord(this.inFlightFrame, lane, 0);
    putWord(this.inFlightGeneration, lane, 0);
  }

  /** Asks for a page. */
  request(lane: u32, vpn: u64, isWrite: bool): void {
    putByte(this.requestState, lane, <u8>RequestState.Outstanding);
    putLong(this.requestPage, lane, vpn);
    putByte(this.requestIsWrite, lane, isWrite ? 1 : 0);
  }

  /** The response to the request has come: the lane walks again, or gives the access up. */
  respond(lane: u32, isSuccess: bool): void {
    if (isSuccess) putByte(this.requestState, lane, <u8>RequestState.Retrying);
    else this.endRequest(lane);
  }

  /** The request has got its translation, or was answered INVALID. */
  endRequest(lane: u32): void {
    putByte(this.requestState, lane, <u8>RequestState.Idle);
    putLong(this.requestPage, lane, 0);
    putByte(this.requestIsWrite, lane, 0);
    putWord(this.refusals, lane, 0);
  }

  /**
   * A walk after a success response found no translation: asks again, or fails the device at its
   * limit. True: it failed.
   */
  refuse(lane: u32): bool {
    if (this.retryLimit != 0) {
      const refusals = wordAt(this.refusals, lane) + 1;
      if (refusals >= this.retryLimit) {
        this.isFailed = 1;
        this.endRequest(lane);
        return true;
      }
      putWord(this.refusals, lane, refusals);
    }
    putByte(this.requestState, lane, <u8>RequestState.Outstanding);
    return false;
  }

  pageOf(lane: u32): u64 {
    return longAt(this.requestPage, lane);
  }

  wantsWrite(lane: u32): bool {
    return byteAt(this.requestIsWrite, lane) != 0;
  }

  /** An access in flight whose kind is in `kinds` (bit 0 reads, bit 1 writes). */
  hasInFlight(kinds: u8): bool {
    for (let lane: u32 = 0; lane < this.lanes; lane++) {
      if ((byteAt(this.inFlight, lane) & kinds) != 0) return true;
    }
    return false;
  }
}

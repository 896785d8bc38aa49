/**
 * Judges each access of a timed run when it reaches memory, by the facts of that moment.
 *
 * Models:     an access to a frame that has begun another life is stale; one to a frame that is
 *             still mapped, but not so by this mm any more, is a finding once no operation is on
 *             its way, and the allowed window before that; one to a frame that nobody maps and
 *             nobody has reused is counted. Each finding is put down to what the mm did when it
 *             took the page, or the right to write it, away.
 * Simplifies: promises end with the operation that made them, so writes lost to a copy under way
 *             are seen only as split brain or stale accesses.                 (DEVIATIONS D8)
 *             A frame at two addresses of the mm has one such record for both.
 * Source:     linux include/asm-generic/tlb.h (unhook, flush, free)
 */
import { Counter, Property, Taker, TraceWhat } from "../abi/vocabulary";
import { Oracle } from "../oracle/oracle";
import { AddressSpace } from "./address_space";
import { Machine } from "./machine";

export const NO_VIOLATION: i32 = -1;

export class Judge {
  constructor(
    private readonly machine: Machine,
    private readonly oracle: Oracle,
    private readonly mm: AddressSpace,
    /** What counts the accesses that break no rule although their translation is old. */
    private readonly inWindow: Counter,
    private readonly toUnmapped: Counter,
  ) {}

  /** The property that the access violates, or NO_VIOLATION. */
  accessLands(vpn: u64, frame: u32, life: u32, isWrite: bool): i32 {
    const mm = this.mm;
    this.oracle.now = this.machine.now;
    this.oracle.page = vpn;
    if (mm.life(frame) != life) {
      const stale = isWrite ? Property.StaleWrite : Property.StaleRead;
      return this.report(stale, mm.takerOf(frame, life));
    }
    const isThere = mm.look(vpn);
    if (isThere && mm.frame == frame && (!isWrite || mm.isWritable)) {
      return NO_VIOLATION;
    }
    if (isThere && mm.isQuiescent() && mm.isMapped(frame)) {
      return mm.frame == frame
        ? this.report(Property.ReadonlyWrite, mm.protectorOf(frame))
        : this.report(Property.SplitBrain, mm.takerOf(frame, life));
    }
    if (mm.isMapped(frame) || !mm.isQuiescent()) {
      this.machine.counters.add(this.inWindow);
    } else {
      this.machine.counters.add(this.toUnmapped);
    }
    return NO_VIOLATION;
  }

  private report(property: Property, taker: Taker): i32 {
    this.oracle.report(property);
    this.oracle.attribute(property, taker);
    this.machine.note(TraceWhat.Violation, this.oracle.page, 1, property);
    return property;
  }

  /** One request for the page was refused too often. */
  deviceFailed(vpn: u64): void {
    this.oracle.now = this.machine.now;
    this.oracle.page = vpn;
    // Many operations in a row may have had a part in it.
    this.report(Property.DeviceFailure, Taker.Unknown);
  }
}

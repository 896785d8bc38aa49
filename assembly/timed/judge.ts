/**
 * Judges each access of a timed run when it reaches memory, by the facts of that moment.
 *
 * Models:     an access through a frame that has begun another life is stale; one that the mm's table
 *             no longer grants is a finding once no operation is on its way, and the allowed window
 *             before that.
 * Simplifies: promises end with the operation that made them, so writes lost to a copy under way are
 *             seen only as split brain or stale accesses.                      (DEVIATIONS D8)
 * Source:     linux include/asm-generic/tlb.h (unhook, flush, free)
 */
import { Counter, Property } from "../abi/vocabulary";
import { Oracle } from "../oracle/oracle";
import { AddressSpace } from "./address_space";
import { Machine } from "./machine";

export class Judge {
  constructor(
    private readonly machine: Machine,
    private readonly oracle: Oracle,
    private readonly mm: AddressSpace,
  ) {}

  accessLands(vpn: u64, frame: u32, life: u32, isWrite: bool): void {
    const mm = this.mm;
    this.oracle.now = this.machine.now;
    if (mm.life(frame) != life) {
      this.oracle.report(isWrite ? Property.StaleWrite : Property.StaleRead);
      return;
    }
    if (mm.look(vpn)) {
      if (mm.frame == frame && (!isWrite || mm.isWritable)) return;
      if (mm.isQuiescent()) {
        this.oracle.report(mm.frame == frame ? Property.ReadonlyWrite : Property.SplitBrain);
        return;
      }
    }
    this.machine.counters.add(Counter.AccessesInWindow);
  }

  deviceFailed(): void {
    this.oracle.now = this.machine.now;
    this.oracle.deviceFailed();
  }
}

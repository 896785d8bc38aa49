/**
 * Which page a lane of a device touches next.
 *
 * Models:     live, the pages touched last, the newest most often; window, evenly among those;
 *             sequential, the populated pages in the order of their addresses, each lane from a
 *             place of its own; uniform, evenly among all pages of the VMAs.
 * Simplifies: lanes do not coalesce their accesses.
 */
import { DevicePattern } from "../abi/vocabulary";
import { allocate, longAt, putLong } from "../base/bytes";
import { RunSpec } from "../abi/records";
import { Random } from "../sim/random";
import { AddressSpace } from "./address_space";
import { nextAccessOfHost } from "./host_device";
import { LivePages } from "./live_pages";

/** No access now: the lane looks again after a pause. */
export const NO_ACCESS: u64 = u64.MAX_VALUE;

export class AccessPattern {
  /** What next() chose: a write. */
  isWrite: bool = false;
  /** Where the sequence of each lane goes on. */
  private readonly cursors: usize;

  constructor(
    private readonly spec: RunSpec,
    private readonly random: Random,
    private readonly live: LivePages,
    private readonly mm: AddressSpace,
  ) {
    this.cursors = allocate((<usize>(spec.devices * spec.lanes)) << 3);
  }

  /** The page that the lane touches next, or NO_ACCESS. */
  next(device: u32, lane: u32): u64 {
    if (((this.spec.hostAccess >> device) & 1) != 0) return this.nextOfHost(device, lane);
    const vpn = this.pick(device * this.spec.lanes + lane);
    if (vpn != NO_ACCESS) this.isWrite = this.random.choose(1000) < this.spec.writePermille;
    return vpn;
  }

  private nextOfHost(device: u32, lane: u32): u64 {
    const access = nextAccessOfHost(device, lane);
    if (access < 0) return NO_ACCESS;
    this.isWrite = ((<u64>access) & 1) != 0;
    return (<u64>access) >> 1;
  }

  private pick(at: u32): u64 {
    switch (this.spec.pattern) {
      case DevicePattern.Sequential:
        return this.sequential(at);
      case DevicePattern.Uniform:
        return this.uniform();
      default:
        if (this.live.length == 0) return NO_ACCESS;
        return this.spec.pattern == DevicePattern.Window
          ? this.live.pickEvenly(this.random)
          : this.live.pick(this.random);
    }
  }

  private sequential(at: u32): u64 {
    const vpn = this.mm.populatedFrom(longAt(this.cursors, at));
    if (vpn != NO_ACCESS) putLong(this.cursors, at, vpn + this.spec.stride);
    return vpn;
  }

  private uniform(): u64 {
    const pages = this.mm.pages();
    if (pages == 0) return NO_ACCESS;
    // More pages than a choice has answers: the low bits are drawn apart.
    const low = <u64>this.random.choose(1 << 16);
    const high = <u64>this.random.choose(<u32>(pages >> 16) + 1);
    return this.mm.pageAt(((high << 16) | low) % pages);
  }
}

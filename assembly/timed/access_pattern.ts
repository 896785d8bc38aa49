/**
 * Which page a lane of a device touches next.
 *
 * Models:     live, the pages touched last, the newest most often; window, evenly among those;
 *             sequential, the populated pages in the order of their addresses, each lane from a
 *             place of its own; uniform, evenly among all pages of the VMAs; or what the host says.
 * Simplifies: lanes do not coalesce their accesses.
 */
import { DeviceSpec } from "../abi/records";
import { DevicePattern } from "../abi/vocabulary";
import { allocate, longAt, putLong } from "../base/bytes";
import { Random } from "../sim/random";
import { AddressSpace } from "./address_space";
import { nextAccessOfHost } from "./host_device";
import { LivePages } from "./live_pages";

/** No access now: the lane looks again after a pause. */
export const NO_ACCESS: u64 = u64.MAX_VALUE;

export class AccessPattern {
  /** What next() chose: a write. */
  isWrite: bool = false;
  readonly live: LivePages;
  private readonly pattern: DevicePattern;
  private readonly stride: u64;
  private readonly writePermille: u32;
  /** Where the sequence of each lane goes on. */
  private readonly cursors: usize;

  constructor(
    spec: DeviceSpec,
    private readonly device: u32,
    private readonly isHosts: bool,
    private readonly random: Random,
    private readonly mm: AddressSpace,
  ) {
    this.live = new LivePages(spec.livePages);
    this.pattern = spec.pattern;
    this.stride = spec.stride;
    this.writePermille = spec.writePermille;
    this.cursors = allocate((<usize>spec.lanes) << 3);
  }

  /** The page that the lane touches next, or NO_ACCESS. */
  // @ts-ignore: decorator
  @inline
  next(lane: u32): u64 {
    if (this.isHosts) return this.nextOfHost(lane);
    const vpn = this.pattern == DevicePattern.Live ? this.newest() : this.pick(lane);
    if (vpn != NO_ACCESS) this.isWrite = this.random.choose(1000) < this.writePermille;
    return vpn;
  }

  /** The page could not be accessed: if it is gone, the device works on others. */
  leave(vpn: u64): void {
    if (!this.mm.covers(vpn)) this.live.forget(vpn);
  }

  private nextOfHost(lane: u32): u64 {
    const access = nextAccessOfHost(this.device, lane);
    if (access < 0) return NO_ACCESS;
    this.isWrite = ((<u64>access) & 1) != 0;
    return (<u64>access) >> 1;
  }

  // @ts-ignore: decorator
  @inline
  private newest(): u64 {
    const live = this.live;
    const random = this.random;
    if (live.length == 0) return NO_ACCESS;
    return live.at(random.choose(random.choose(live.length) + 1));
  }

  private pick(lane: u32): u64 {
    switch (this.pattern) {
      case DevicePattern.Sequential:
        return this.sequential(lane);
      case DevicePattern.Uniform:
        return this.uniform();
      default:
        return this.live.length == 0
          ? NO_ACCESS
          : this.live.at(this.random.choose(this.live.length));
    }
  }

  private sequential(lane: u32): u64 {
    const vpn = this.mm.populatedFrom(longAt(this.cursors, lane));
    if (vpn != NO_ACCESS) putLong(this.cursors, lane, vpn + this.stride);
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

/** The devices of a run, and what the IOMMU and the workers ask of all of them. */
import { Endpoints } from "./endpoints";
import { DeviceUnit } from "./device_unit";
import { deviceOfEvent, extraOfEvent, indexOfEvent } from "./machine";

export class Devices extends Endpoints {
  constructor(private readonly units: StaticArray<DeviceUnit>) {
    super(<u32>units.length);
  }

  // @ts-ignore: decorator
  @inline
  at(device: u32): DeviceUnit {
    return unchecked(this.units[device]);
  }

  start(): void {
    for (let i = 0; i < this.units.length; i++) this.units[i].start();
  }

  /** The mm is gone: lanes begin nothing more. */
  leave(): void {
    for (let i = 0; i < this.units.length; i++) this.units[i].leave();
  }

  /** The program has touched a page that it may write. */
  touched(vpn: u64): void {
    for (let i = 0; i < this.units.length; i++) this.units[i].pattern.live.add(vpn);
  }

  /** Sends the answer to a page request, by the name that the log gave it. */
  respond(request: u32, isSuccess: bool): void {
    this.at(deviceOfEvent(request)).respond(
      indexOfEvent(request),
      extraOfEvent(request) >> 1,
      isSuccess,
    );
  }

  invalidationNs(device: u32): u64 {
    return this.at(device).invalidationNs();
  }

  linkNs(device: u32): u64 {
    return this.at(device).linkNs();
  }

  invalidate(device: u32, first: u64, end: u64, drainsWrites: bool): u64 {
    return this.at(device).invalidate(first, end, drainsWrites);
  }

  discardWalks(first: u64, end: u64): void {
    for (let i = 0; i < this.units.length; i++) this.units[i].discardWalks(first, end);
  }

  landNow(first: u64, end: u64): void {
    for (let i = 0; i < this.units.length; i++) this.units[i].landNow(first, end);
  }
}

/**
 * The callbacks of devices that host code implements: the crossing, in numbers.
 *
 * Each is called only for devices whose bit is set in RunSpec.hostAccess or RunSpec.hostWatched.
 */
import { Property } from "../abi/vocabulary";

/** The page number times two, plus one for a write; negative: no access now. */
// @ts-ignore: decorator
@external("host", "nextAccess")
declare function nextAccess(device: u32, lane: u32): f64;

/** The device has given up. */
// @ts-ignore: decorator
@external("host", "failed")
declare function failed(device: u32): void;

/** An access of the device, or a walk on its behalf, broke a rule. */
// @ts-ignore: decorator
@external("host", "violated")
declare function violated(device: u32, property: u32, vpn: f64, isWrite: bool): void;

export function nextAccessOfHost(device: u32, lane: u32): f64 {
  return nextAccess(device, lane);
}

export function tellHostOfFailure(device: u32): void {
  failed(device);
}

export function tellHostOfViolation(
  device: u32,
  property: Property,
  vpn: u64,
  isWrite: bool,
): void {
  violated(device, property, <f64>vpn, isWrite);
}

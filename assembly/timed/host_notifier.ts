/**
 * The notifiers of a timed run that host code implements: the crossing, in numbers.
 *
 * Called only in a run booted with NotifierMode.Host. A callback may invalidate, which re-enters
 * the core; it returns when the invalidation is complete, with the clock where that left it.
 */
import { Hook } from "../abi/vocabulary";
import { NotifierEvent } from "../kernel/events";

/** Subscriptions of the attached mm that would be called; negative: the mm never had a notifier. */
// @ts-ignore: decorator
@external("host", "implementers")
declare function implementers(hook: u32, isFault: bool): i32;

/** Calls them. Addresses cross as f64; 2^64 - 1 becomes 2^64. */
// @ts-ignore: decorator
@external("host", "notify")
declare function notify(hook: u32, isFault: bool, event: u32, start: f64, end: f64): void;

/** The attached mm exits. */
// @ts-ignore: decorator
@external("host", "release")
declare function release(): void;

/** `isFault`: the pair belongs to a page fault, not to a call of the program. */
export function hostImplementers(hook: Hook, isFault: bool): i32 {
  return implementers(hook, isFault);
}

export function notifyHost(
  hook: Hook,
  isFault: bool,
  event: NotifierEvent,
  start: u64,
  end: u64,
): void {
  notify(hook, isFault, event, <f64>start, <f64>end);
}

export function releaseHost(): void {
  release();
}

/** An address as the host writes it; what a double rounds up to 2^64 means everything. */
export function addressOf(value: f64): u64 {
  return value >= 9.2e18 ? u64.MAX_VALUE : <u64>value;
}

/** Tells devices about open range pairs, for counts only; implemented by the notifier's side. */
export abstract class OpenRanges {
  abstract isAnyOpen(): bool;
  abstract isInside(vpn: u64): bool;
}

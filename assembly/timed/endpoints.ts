/** What the IOMMU asks of the devices behind it when it executes an invalidation. */
export abstract class Endpoints {
  constructor(
    /** How many there are; each is sent a command of its own. */
    readonly count: u32,
  ) {}

  /** One way to the device, this time. */
  abstract linkNs(device: u32): u64;

  /** From an invalidation request to its completion, without draining. */
  abstract invalidationNs(device: u32): u64;

  /**
   * Drops pages [first, end) from the ATC of one device; returns when the last access through them
   * lands.
   */
  abstract invalidate(device: u32, first: u64, end: u64, drainsWrites: bool): u64;

  /** Walks under way of pages [first, end) are done again. */
  abstract discardWalks(first: u64, end: u64): void;

  /** Accesses in flight to pages [first, end) land at once. */
  abstract landNow(first: u64, end: u64): void;
}

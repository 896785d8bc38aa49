/** What the IOMMU asks of the devices behind it when it executes an invalidation. */
export abstract class Endpoints {
  constructor(
    /** How many there are; each is sent a command of its own. */
    readonly count: u32,
  ) {}

  /** Drops pages [first, end) from every ATC; returns when the last access through them lands. */
  abstract invalidate(first: u64, end: u64): u64;

  /** Walks under way of pages [first, end) are done again. */
  abstract discardWalks(first: u64, end: u64): void;

  /** Accesses in flight to pages [first, end) land at once. */
  abstract landNow(first: u64, end: u64): void;
}

/**
 * What IOMMU, devices and workers need of an mm; the mm itself does not know them.
 */
import { Taker } from "../abi/vocabulary";

export abstract class AddressSpace {
  // What look() found.
  frame: u32 = 0;
  isWritable: bool = false;
  /** Time that faults of workers have spent in notifier callbacks. */
  spentNs: u64 = 0;

  /** The table frame that walks start at. */
  abstract root(): u32;

  /** Reads the page table as it is now; false: no page is mapped there. */
  abstract look(vpn: u64): bool;

  /** The number of the frame's present life; another number later means that it was reused. */
  abstract life(frame: u32): u32;

  /** What took the frame away from the mm in the life of that number. */
  abstract takerOf(frame: u32, life: u32): Taker;

  /** What took the right to write the frame. */
  abstract protectorOf(frame: u32): Taker;

  /** What freed the table last. */
  abstract takerOfTable(frame: u32): Taker;

  /** handle_mm_fault on behalf of a device; false: the answer is INVALID. */
  abstract fault(vpn: u64, isWrite: bool): bool;

  /** A migration entry stands in the page's place: a fault waits until it is gone. */
  abstract isMigrating(vpn: u64): bool;

  /** No operation of the mm is on its way. */
  abstract isQuiescent(): bool;

  /** Some mm maps the frame. */
  abstract isMapped(frame: u32): bool;

  /** The VMA of the page allows writing. */
  abstract mayWrite(vpn: u64): bool;

  /** A VMA covers the page. */
  abstract covers(vpn: u64): bool;

  /** Pages of all VMAs. */
  abstract pages(): u64;

  /** The page at `index` when the pages of all VMAs are counted through. */
  abstract pageAt(index: u64): u64;

  /**
   * The first populated page at or after `vpn`, from the lowest again after the last; all ones: no
   * page is populated.
   */
  abstract populatedFrom(vpn: u64): u64;

  abstract pin(frame: u32): void;
  abstract unpin(frame: u32): void;
}

/**
 * What one CPU core remembers of page tables: two levels of TLB, and its paging-structure caches.
 *
 * Models:     translations tagged by address space, of 4 KiB and 2 MiB; a second level that is
 *             asked when the first has missed; an access that its translation does not allow, which
 *             drops it, as the page fault does; the flush of single pages, of every page at a
 *             stride, or of an address space, each of which drops all paging-structure entries of
 *             that address space.
 * Simplifies: one TLB for data and code; a fill enters both levels, and what the second level
 *             gives up may stay in the first; nothing is global, nothing is walked ahead of time;
 *             on arm64 as well, a flush of one page drops every paging-structure entry.
 *                                                                            (DEVIATIONS D13)
 * Source:     Intel SDM vol. 3A, 4.10.2 to 4.10.4
 */
import { WalkCache } from "../pgtable/walk_cache";
import {
  NO_SLOT,
  payloadFrame,
  payloadGeneration,
  payloadIsWritable,
  payloadOf,
  Tlb,
} from "../tlb/tlb";

/** Where lookup() found the translation. */
export const NOT_CACHED: u32 = 0;
export const FIRST_LEVEL: u32 = 1;
export const SECOND_LEVEL: u32 = 2;

/** Bits of a frame's life that an entry keeps. */
const LIFE_MASK: u32 = 0x7fffffff;
const PAGE_SHIFT: u64 = 12;

export class Core {
  // What lookup() found.
  frame: u32 = 0;
  life: u32 = 0;

  constructor(
    private readonly first: Tlb,
    private readonly second: Tlb,
    readonly walks: WalkCache,
  ) {}

  /** Looks for a translation that allows the access; no table is consulted: stale ones are hit. */
  lookup(asid: u32, vpn: u64, isWrite: bool): u32 {
    let slot = this.first.lookup(asid, vpn);
    if (slot != NO_SLOT) return this.take(this.first, slot, asid, vpn, isWrite, FIRST_LEVEL);
    slot = this.second.lookup(asid, vpn);
    if (slot == NO_SLOT) return NOT_CACHED;
    const payload = this.second.payload(slot);
    const isHuge = this.second.isHuge(slot);
    const level = this.take(this.second, slot, asid, vpn, isWrite, SECOND_LEVEL);
    if (level != NOT_CACHED) this.first.fill(asid, vpn, payload, isHuge);
    return level;
  }

  private take(tlb: Tlb, slot: u32, asid: u32, vpn: u64, isWrite: bool, level: u32): u32 {
    const payload = tlb.payload(slot);
    if (isWrite && !payloadIsWritable(payload)) {
      this.dropPage(asid, vpn);
      return NOT_CACHED;
    }
    const page: u32 = tlb.isHuge(slot) ? (<u32>vpn) & 511 : 0;
    this.frame = payloadFrame(payload) + page;
    this.life = (payloadGeneration(payload) + page) & LIFE_MASK;
    return level;
  }

  /**
   * Enters the translation of a page to a frame in its present life. The frames of a huge page have
   * begun their lives together, one after the other.
   */
  fill(asid: u32, vpn: u64, frame: u32, life: u32, isWritable: bool, isHuge: bool): void {
    const page: u32 = isHuge ? (<u32>vpn) & 511 : 0;
    const payload = payloadOf(frame - page, isWritable, (life - page) & LIFE_MASK);
    this.first.fill(asid, vpn, payload, isHuge);
    this.second.fill(asid, vpn, payload, isHuge);
  }

  /**
   * Drops what translates the page at every step of 2^strideShift bytes in [start, end); returns
   * how many entries that were, of both levels.
   */
  flush(asid: u32, start: u64, end: u64, strideShift: u64): u32 {
    if (start >= end) return 0;
    this.walks.invalidateAll(asid);
    const first = start >> PAGE_SHIFT;
    const last = ((end - 1) >> PAGE_SHIFT) + 1;
    if (strideShift == PAGE_SHIFT) return this.drop(asid, first, last);
    const stride = (<u64>1) << (strideShift - PAGE_SHIFT);
    let dropped: u32 = 0;
    for (let vpn = first; vpn < last; vpn += stride) dropped += this.dropPage(asid, vpn);
    return dropped;
  }

  /** Drops everything of the address space. */
  flushAll(asid: u32): u32 {
    this.walks.invalidateAll(asid);
    return this.first.invalidateAll(asid) + this.second.invalidateAll(asid);
  }

  private dropPage(asid: u32, vpn: u64): u32 {
    return this.drop(asid, vpn, vpn + 1);
  }

  private drop(asid: u32, first: u64, end: u64): u32 {
    const dropped = this.first.invalidateRange(asid, first, end);
    return dropped + this.second.invalidateRange(asid, first, end);
  }
}

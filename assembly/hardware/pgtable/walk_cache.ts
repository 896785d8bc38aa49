/**
 * A paging-structure cache: remembers the tables that earlier walks went through.
 *
 * Models:     one cache a level above the leaf; an invalidation drops what covers any part of its
 *             range, as page invalidations of all architectures here do.
 * Simplifies: levels without entries are left out by giving them none.
 * Source:     Intel SDM vol. 3A, 4.10.3; linux include/asm-generic/tlb.h (freed_tables)
 */
import { LEVEL_PGD, LEVEL_PMD } from "../../base/page";
import { NO_FRAME } from "../memory/physical_memory";
import { NO_SLOT, payloadFrame, payloadGeneration, payloadOf, Tlb } from "../tlb/tlb";

export class WalkCache {
  /** Level 2 caches pmd entries (a table of ptes), 3 pud entries, 4 pgd entries; null: none. */
  private readonly pmd: Tlb | null;
  private readonly pud: Tlb | null;
  private readonly pgd: Tlb | null;
  /** The generation of the table that the last find() returned. */
  foundGeneration: u32 = 0;
  /** Some level has entries. */
  readonly hasEntries: bool;

  constructor(pmdEntries: u32, pudEntries: u32, pgdEntries: u32) {
    this.pmd = pmdEntries == 0 ? null : new Tlb(1, pmdEntries);
    this.pud = pudEntries == 0 ? null : new Tlb(1, pudEntries);
    this.pgd = pgdEntries == 0 ? null : new Tlb(1, pgdEntries);
    this.hasEntries = (pmdEntries | pudEntries | pgdEntries) != 0;
  }

  /** The table that the entry of `level` for `va` points to, or NO_FRAME. */
  find(asid: u32, va: u64, level: u32): u32 {
    const cache = this.ofLevel(level);
    if (cache == null) return NO_FRAME;
    const slot = cache.lookup(asid, WalkCache.prefix(va, level));
    if (slot == NO_SLOT) return NO_FRAME;
    const payload = cache.payload(slot);
    this.foundGeneration = payloadGeneration(payload);
    return payloadFrame(payload);
  }

  fill(asid: u32, va: u64, level: u32, table: u32, generation: u32): void {
    const cache = this.ofLevel(level);
    if (cache == null) return;
    cache.fill(asid, WalkCache.prefix(va, level), payloadOf(table, true, generation), false);
  }

  /** Drops what covers any of [start, end). */
  invalidateRange(asid: u32, start: u64, end: u64): u32 {
    let dropped: u32 = 0;
    for (let level = LEVEL_PMD; level <= LEVEL_PGD; level++) {
      const cache = this.ofLevel(level);
      if (cache == null) continue;
      dropped += cache.invalidateRange(
        asid,
        WalkCache.prefix(start, level),
        WalkCache.prefix(end - 1, level) + 1,
      );
    }
    return dropped;
  }

  invalidateAll(asid: u32): u32 {
    let dropped: u32 = 0;
    for (let level = LEVEL_PMD; level <= LEVEL_PGD; level++) {
      const cache = this.ofLevel(level);
      if (cache != null) dropped += cache.invalidateAll(asid);
    }
    return dropped;
  }

  /** The cache of one level, or null when it has no entries. */
  ofLevel(level: u32): Tlb | null {
    return level == LEVEL_PMD ? this.pmd : level == LEVEL_PGD ? this.pgd : this.pud;
  }

  /** What of an address the entry of `level` translates. */
  private static prefix(va: u64, level: u32): u64 {
    return va >> (12 + 9 * <u64>(level - 1));
  }
}

/**
 * The hot rooms on their own, for `tlbstorm bench`: look-ups that hit, invalidations of a range and
 * the fills behind them, and walks without caches.
 *
 * Both draw pages from the same sequence as their plain twins in the host, and return a checksum
 * that must agree with theirs.
 */
import { allocate } from "../base/bytes";
import { LEVEL_PGD, LEVEL_PMD, LEVEL_PTE, LEVEL_PUD, tableIndex } from "../base/page";
import { PhysicalMemory } from "../hardware/memory/physical_memory";
import { leafEntry, tableEntry } from "../hardware/pgtable/pte";
import { WalkCache } from "../hardware/pgtable/walk_cache";
import { Walker } from "../hardware/pgtable/walker";
import { NO_SLOT, payloadFrame, payloadOf, Tlb } from "../hardware/tlb/tlb";
import { Oracle } from "../oracle/oracle";

const ASID: u32 = 1;
const SETS: u32 = 64;
const WAYS: u32 = 8;
/** Pages that are looked up: half of what the TLB holds, so that all hit. */
const HOT_PAGES: u32 = 256;
/** Pages of one invalidation. */
const RANGE_PAGES: u32 = 16;
/** Pages that are walked: 64 MiB, 32 tables of ptes. */
const WALKED_PAGES: u32 = 16384;
const LEAF_TABLES: u32 = 32;
const TABLES: u32 = LEAF_TABLES + 3;
const FIRST_LEAF_TABLE: u32 = 3;
const START: u64 = 0x40000000;

/** The next number of the sequence that both sides draw from (Numerical Recipes' generator). */
// @ts-ignore: decorator
@inline
function next(state: u32): u32 {
  return state * 1664525 + 1013904223;
}

export class Kernels {
  private readonly tlb: Tlb = new Tlb(SETS, WAYS);
  private readonly memory: PhysicalMemory;
  private readonly cache: WalkCache = new WalkCache(0, 0, 0);
  private readonly walker: Walker;

  constructor() {
    const owners = allocate(TABLES);
    const lives = allocate((<usize>TABLES) << 2);
    const oracle = new Oracle(TABLES, owners, lives, owners, lives);
    const memory = new PhysicalMemory(0, TABLES);
    this.memory = memory;
    this.walker = new Walker(memory, oracle, lives);
    for (let page: u32 = 0; page < HOT_PAGES; page++) {
      this.tlb.fill(ASID, page, payloadOf(page + 7, true, 0), false);
    }
    this.layTables();
  }

  /** Looks up `count` pages; the sum of the frames found. */
  lookUp(count: u32): u32 {
    const tlb = this.tlb;
    let state: u32 = 1;
    let sum: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      state = next(state);
      const slot = tlb.lookup(ASID, (state >> 16) & (HOT_PAGES - 1));
      if (slot != NO_SLOT) sum += payloadFrame(tlb.payload(slot));
    }
    return sum;
  }

  /** Invalidates `count` ranges and fills them again; the number of entries dropped. */
  invalidate(count: u32): u32 {
    const tlb = this.tlb;
    let state: u32 = 1;
    let dropped: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      state = next(state);
      const first = (state >> 16) & (HOT_PAGES - RANGE_PAGES);
      dropped += tlb.invalidateRange(ASID, first, first + RANGE_PAGES);
      for (let page = first; page < first + RANGE_PAGES; page++) {
        tlb.fill(ASID, page, payloadOf(page + 7, true, 0), false);
      }
    }
    return dropped;
  }

  /** Walks to `count` pages; the sum of the frames found. */
  walk(count: u32): u32 {
    const walker = this.walker;
    let state: u32 = 1;
    let sum: u32 = 0;
    for (let i: u32 = 0; i < count; i++) {
      state = next(state);
      const page = <u64>((state >> 12) & (WALKED_PAGES - 1));
      walker.walk(0, ASID, START + (page << 12), this.cache);
      sum += walker.frame;
    }
    return sum;
  }

  private layTables(): void {
    const memory = this.memory;
    memory.writeEntry(0, tableIndex(START, LEVEL_PGD), tableEntry(1));
    memory.writeEntry(1, tableIndex(START, LEVEL_PUD), tableEntry(2));
    for (let page: u32 = 0; page < WALKED_PAGES; page++) {
      const va = START + ((<u64>page) << 12);
      const leaf = FIRST_LEAF_TABLE + (page >> 9);
      memory.writeEntry(2, tableIndex(va, LEVEL_PMD), tableEntry(leaf));
      memory.writeEntry(leaf, tableIndex(va, LEVEL_PTE), leafEntry(page + 7, true));
    }
  }
}

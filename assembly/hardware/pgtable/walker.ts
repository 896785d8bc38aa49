/**
 * A hardware page walk of four levels, one memory read a step, interruptible between two.
 *
 * Models:     the start at the deepest table that the walk cache knows; the fill of the walk cache
 *             on the way down; 2 MiB leaves; no-access results of absent entries.
 * Simplifies: accessed and dirty bits are set by nobody.                       (DEVIATIONS D4)
 * Source:     Intel SDM vol. 3A, 4.5 and 4.10.3.
 *
 * A hot room: a whole walk at once reads the levels without a loop.
 */
import {
  LEVEL_PGD,
  LEVEL_PMD,
  LEVEL_PTE,
  LEVEL_PUD,
  PAGE_SHIFT,
  tableIndex,
} from "../../base/page";
import { Oracle } from "../../oracle/oracle";
import { NO_FRAME, PhysicalMemory } from "../memory/physical_memory";
import { entryFrame, isHuge, isPresent, isWritable, PTE_PAGE_SIZE, PTE_PRESENT } from "./pte";
import { WalkCache } from "./walk_cache";

/** An index into a table, scaled to the size of an entry. */
const INDEX: u32 = 511 << 3;
/** The lower half of an entry: what tells a table from a huge page or nothing, and its address. */
const KIND: u32 = <u32>(PTE_PRESENT | PTE_PAGE_SIZE);
const TABLE: u32 = <u32>PTE_PRESENT;
const FRAME: u32 = 0xfffff000;

export class Walker {
  // What the last finished walk found; frame NO_FRAME: no translation.
  frame: u32 = NO_FRAME;
  isWritable: bool = false;
  isHuge: bool = false;
  /** Memory reads of all walks. */
  reads: u64 = 0;

  private asid: u32 = 0;
  private va: u64 = 0;
  private table: u32 = 0;
  private tableGeneration: u32 = 0;
  private level: u32 = 0;

  /** `generations` is the kernel's table of frame generations, carried along for the oracle. */
  constructor(
    private readonly memory: PhysicalMemory,
    private readonly oracle: Oracle,
    private readonly generations: usize,
  ) {}

  /** Starts a walk of the table at `root`. */
  begin(root: u32, asid: u32, va: u64, cache: WalkCache): void {
    this.asid = asid;
    this.va = va;
    this.frame = NO_FRAME;
    if (cache.hasEntries) {
      for (let level = LEVEL_PMD; level <= LEVEL_PGD; level++) {
        const table = cache.find(asid, va, level);
        if (table == NO_FRAME) continue;
        this.table = table;
        this.tableGeneration = cache.foundGeneration;
        this.level = level - 1;
        return;
      }
    }
    this.table = root;
    this.tableGeneration = this.generationOf(root);
    this.level = LEVEL_PGD;
  }

  /** Reads one entry; true when the walk is over. */
  step(cache: WalkCache): bool {
    this.oracle.walkReads(this.table, this.tableGeneration);
    return this.read(cache);
  }

  /**
   * A whole walk at once. Only its first table can be known from earlier: the others are read in
   * the same moment as the entries that name them.
   */
  walk(root: u32, asid: u32, va: u64, cache: WalkCache): void {
    if (!cache.hasEntries) {
      this.oracle.walkReads(root, this.generationOf(root));
      this.frame = NO_FRAME;
      this.descend(root, va);
      return;
    }
    this.begin(root, asid, va, cache);
    if (this.step(cache)) return;
    while (!this.read(cache)) continue;
  }

  /**
   * From the top to the leaf, with nothing to remember on the way. Tables lie below 4 GiB, so that
   * the lower half of an entry names the next one.
   */
  private descend(root: u32, va: u64): void {
    const tables = this.memory.tables;
    let at = tables + ((<usize>root) << 12) + ((<u32>(va >> 36)) & INDEX);
    let entry = load<u32>(at);
    if ((entry & KIND) != TABLE) return this.end(at, va, LEVEL_PGD);
    at = tables + (entry & FRAME) + ((<u32>(va >> 27)) & INDEX);
    entry = load<u32>(at);
    if ((entry & KIND) != TABLE) return this.end(at, va, LEVEL_PUD);
    at = tables + (entry & FRAME) + ((<u32>(va >> 18)) & INDEX);
    entry = load<u32>(at);
    if ((entry & KIND) != TABLE) return this.end(at, va, LEVEL_PMD);
    at = tables + (entry & FRAME) + ((<u32>(va >> 9)) & INDEX);
    const leaf = load<u64>(at);
    this.reads += 4;
    if (!isPresent(leaf)) return;
    this.isHuge = false;
    this.frame = entryFrame(leaf);
    this.isWritable = isWritable(leaf);
  }

  /** The walk ends above the leaves: at a huge page, or at nothing. */
  private end(at: usize, va: u64, level: u32): void {
    this.reads += LEVEL_PGD + 1 - level;
    const entry = load<u64>(at);
    if (!isPresent(entry)) return;
    this.isHuge = true;
    this.frame = entryFrame(entry) + ((<u32>(va >> PAGE_SHIFT)) & 511);
    this.isWritable = isWritable(entry);
  }

  /** Reads one entry without a judgement. */
  private read(cache: WalkCache): bool {
    this.reads++;
    const entry = this.memory.readEntry(this.table, tableIndex(this.va, this.level));
    if (!isPresent(entry)) return true;
    const frame = entryFrame(entry);
    if (this.level == LEVEL_PTE || isHuge(entry)) {
      this.isHuge = this.level != LEVEL_PTE;
      this.frame = this.isHuge ? frame + ((<u32>(this.va >> 12)) & 511) : frame;
      this.isWritable = isWritable(entry);
      return true;
    }
    this.tableGeneration = this.generationOf(frame);
    if (cache.hasEntries) cache.fill(this.asid, this.va, this.level, frame, this.tableGeneration);
    this.table = frame;
    this.level--;
    return false;
  }

  private generationOf(frame: u32): u32 {
    return load<u32>(this.generations + ((<usize>frame) << 2));
  }
}

/**
 * A hardware page walk of four levels, one memory read a step, interruptible between two.
 *
 * Models:     the start at the deepest table that the walk cache knows; the fill of the walk cache
 *             on the way down; 2 MiB leaves; no-access results of absent entries.
 * Simplifies: accessed and dirty bits are set by nobody.                       (DEVIATIONS D4)
 * Source:     Intel SDM vol. 3A, 4.5 and 4.10.3.
 */
import { LEVEL_PGD, LEVEL_PMD, LEVEL_PTE, PAGE_SHIFT, tableIndex } from "../../base/page";
import { Oracle } from "../../oracle/oracle";
import { NO_FRAME, PhysicalMemory } from "../memory/physical_memory";
import { entryFrame, isHuge, isPresent, isWritable } from "./pte";
import { WalkCache } from "./walk_cache";

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
    this.begin(root, asid, va, cache);
    if (cache.hasEntries) {
      if (this.step(cache)) return;
      while (!this.read(cache)) continue;
      return;
    }
    this.oracle.walkReads(root, this.tableGeneration);
    this.descend(root, va);
  }

  /** From the top to the leaf, with nothing to remember on the way. */
  private descend(root: u32, va: u64): void {
    const tables = this.memory.tables;
    let entry: u64;
    let at = tables + ((<usize>root) << 12);
    for (let shift: u64 = PAGE_SHIFT + 9 * 3; shift > PAGE_SHIFT; shift -= 9) {
      this.reads++;
      entry = load<u64>(at + (((<usize>(va >> shift)) & 511) << 3));
      if (!isPresent(entry)) return;
      if (isHuge(entry)) {
        this.isHuge = true;
        this.frame = entryFrame(entry) + ((<u32>(va >> PAGE_SHIFT)) & 511);
        this.isWritable = isWritable(entry);
        return;
      }
      at = tables + ((<usize>entryFrame(entry)) << 12);
    }
    this.reads++;
    entry = load<u64>(at + (((<usize>(va >> PAGE_SHIFT)) & 511) << 3));
    if (!isPresent(entry)) return;
    this.isHuge = false;
    this.frame = entryFrame(entry);
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

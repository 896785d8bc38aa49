/**
 * mmu_gather: collects what was unhooked, so that one flush comes before all of it is freed.
 *
 * Models:     the flushed range and its stride (the smallest kind of entry that was cleared), freed
 *             tables, the forced flush when the batches are full (one on the stack, 19 of a page
 *             each; only one while pages wait for their rmap to be removed) or when a page is full
 *             of tables, the flush at the end of each vma where vmas are not merged. Nothing
 *             gathered means no flush. Each gathered page keeps a reference until the flush is
 *             done; tables go first.
 * Simplifies: a batch can always be allocated.
 * Source:     linux 6.18 mm/mmu_gather.c, include/asm-generic/tlb.h, arch/x86/include/asm/tlb.h,
 *             arch/arm64/include/asm/tlb.h
 */
import { Arena } from "../../base/arena";
import { WordList } from "../../base/word_list";
import { EraFacts, FrameMapFlush } from "../era";
import { CpuTlbs } from "./cpu_tlbs";
import { Frames } from "./frames";
import { Mm, mmAt, addressOfMm } from "./mm";
import { PageTables } from "./page_tables";

/** MMU_GATHER_BUNDLE, the batch on the stack. */
const GATHER_BUNDLE: u32 = 8;
/** MAX_GATHER_BATCH: pointers in a page behind a link and two counts. */
const GATHER_BATCH: u32 = (4096 - 16) / 8;
/** MAX_GATHER_BATCH_COUNT. */
const GATHER_BATCHES: u32 = 10000 / GATHER_BATCH;
/** MAX_TABLE_BATCH: pointers in a page behind an rcu_head and a count. */
const TABLE_BATCH: u32 = (4096 - 24) / 8;

export class Gather {
  private mm: u32 = 0;
  private start: u64 = 0;
  private end: u64 = 0;
  private freedTables: bool = false;
  private clearedPtes: bool = false;
  private clearedPmds: bool = false;
  private clearedPuds: bool = false;
  private clearedP4ds: bool = false;
  private isExit: bool = false;
  /** A VMA of frames without pages was zapped, and its flush is still to come. */
  private hasFrames: bool = false;
  /** Places in a batch of a page, and how many such batches there may be. */
  batchPlaces: u32 = GATHER_BATCH;
  batches: u32 = GATHER_BATCHES;
  /** First frames of the folios that wait, one for each entry that was cleared. */
  private readonly pages: WordList;
  private readonly tables: WordList;
  /** The batch in use, 0 for the one on the stack, and how many of its places are taken. */
  private batch: u32 = 0;
  private taken: u32 = 0;
  /** Dirty pages of files wait for the flush before their mapcount drops (tlb_delay_rmap). */
  private delaysRmap: bool = false;

  constructor(
    arena: Arena,
    private readonly tlbs: CpuTlbs,
    private readonly facts: EraFacts,
    private readonly frames: Frames,
    private readonly pageTables: PageTables,
  ) {
    this.pages = new WordList(arena);
    this.tables = new WordList(arena);
  }

  begin(mm: Mm): void {
    this.isExit = false;
    this.hasFrames = false;
    assert(this.mm == 0, "one gather is finished before the next begins");
    this.mm = addressOfMm(mm);
    this.reset();
  }

  finish(): void {
    this.flush();
    this.mm = 0;
  }

  clearedPte(va: u64, count: u64): void {
    this.cover(va, va + (count << 12));
    this.clearedPtes = true;
  }

  clearedPmd(va: u64): void {
    this.cover(va, va + (1 << 21));
    this.clearedPmds = true;
  }

  /** hugetlb: the mm is without a pmd table that others still use (tlb_flush_pmd_range). */
  unsharedPmds(va: u64): void {
    this.cover(va, va + (1 << 30));
    this.clearedPmds = true;
  }

  /**
   * A table was unlinked; only its first page is put in the range, which drops the walk caches'
   * entry.
   */
  freedPteTable(va: u64, table: u32): void {
    this.cover(va, va + 4096);
    this.freedTables = true;
    this.clearedPmds = true;
    this.addTable(table);
  }

  freedPmdTable(va: u64, table: u32): void {
    this.cover(va, va + 4096);
    this.freedTables = true;
    this.clearedPuds = true;
    this.addTable(table);
  }

  freedPudTable(va: u64, table: u32): void {
    this.cover(va, va + 4096);
    this.freedTables = true;
    this.clearedP4ds = true;
    this.addTable(table);
  }

  /** The folded fifth level: a table to free, but no kind of entry to tell the stride. */
  freedP4dTable(va: u64): void {
    this.cover(va, va + 4096);
    this.freedTables = true;
  }

  /**
   * Another gather of the mm ran meanwhile (mm_tlb_flush_nested): everything is flushed at the end.
   */
  requireFullFlush(): void {
    this.cover(0, u64.MAX_VALUE);
    this.freedTables = true;
  }

  /**
   * Ends the gather of an mm that nobody runs any more: what was left to flush is flushed by exit
   * itself.
   */
  finishExit(mm: Mm): void {
    this.tlbs.flushExit(mm, this.tables.length != 0);
    this.reset();
    this.free();
    this.mm = 0;
  }

  /** tlb_remove_table: a full batch of tables is flushed for, and freed, at once. */
  addTable(table: u32): void {
    this.tables.push(table);
    if (!this.facts.batchesTables || this.tables.length < TABLE_BATCH) return;
    this.flushTlbOnly();
    this.freeTables();
  }

  /**
   * __tlb_remove_folio_pages: the pages from `pfn` on, `count` of one folio, wait for the flush;
   * true when no more fit.
   */
  addPages(pfn: u32, count: u32, delaysRmap: bool): bool {
    const head = this.frames.at(pfn).head;
    this.frames.at(head).pins++;
    this.pages.push(head);
    if (delaysRmap && this.facts.gathersFolios) this.delaysRmap = true;
    // a run of pages takes a second place, for its length, and room for one is always kept
    this.taken += count == 1 ? 1 : 2;
    const size = this.batch == 0 ? GATHER_BUNDLE : this.batchPlaces;
    if (this.taken < (this.facts.gathersFolios ? size - 1 : size)) return false;
    return !this.nextBatch();
  }

  /** tlb_next_batch. */
  private nextBatch(): bool {
    if (this.delaysRmap && this.batch != 0) return false;
    if (this.batch == this.batches) return false;
    this.batch++;
    this.taken = 0;
    return true;
  }

  /** tlb_flush_mmu: flushes, and frees what has gathered. */
  flush(): void {
    this.flushTlbOnly();
    this.free();
  }

  /** flush_tlb_batched_pending; the CPU on which an mm ends is lazy by now. */
  flushBatchedPending(): void {
    if (this.mm == 0) return;
    const mm = mmAt(this.mm);
    if (!this.isExit) {
      this.tlbs.flushBatchedPending(mm);
      return;
    }
    if (mm.batched != 0) this.tlbs.flushExit(mm, true);
    mm.batched = 0;
  }

  /** tlb_end_vma. */
  endVma(): void {
    if (this.isExit || this.mm == 0) return;
    const flushesFrames = this.hasFrames && this.facts.frameMapFlush == FrameMapFlush.VmaEnd;
    if (flushesFrames) this.hasFrames = false;
    if (flushesFrames || !this.facts.mergesVmas) this.flushTlbs(this.facts.vmaEndNotifies);
  }

  /** tlb_start_vma of a VMA that maps frames without pages (VM_PFNMAP). */
  startFrameMap(): void {
    this.hasFrames = true;
  }

  /**
   * tlb_free_vmas: once such a VMA is unlinked, a driver that takes its frames back finds nothing
   * to flush.
   */
  freeVmas(): void {
    if (this.hasFrames && !this.isExit && this.facts.frameMapFlush == FrameMapFlush.VmaFree)
      this.flushTlbOnly();
    this.hasFrames = false;
  }

  /** The gather of exit_mmap. */
  beginExit(mm: Mm): void {
    this.begin(mm);
    this.isExit = true;
  }

  /** tlb_flush_mmu_tlbonly. */
  flushTlbOnly(): void {
    this.flushTlbs(true);
  }

  private flushTlbs(notifies: bool): void {
    if (!this.isExit && this.hasCleared()) {
      const mm = mmAt(this.mm);
      const shift = this.strideShift();
      const freed = this.freedTables;
      if (notifies) this.tlbs.flushRangeNotify(mm, this.start, this.end, shift, freed);
      else this.tlbs.flushRange(mm, this.start, this.end, shift, freed);
    }
    this.reset();
  }

  private hasCleared(): bool {
    return (
      this.freedTables ||
      this.clearedPtes ||
      this.clearedPmds ||
      this.clearedPuds ||
      this.clearedP4ds
    );
  }

  /** tlb_flush_mmu_free. */
  private free(): void {
    this.freeTables();
    for (let i: u32 = 0; i < this.pages.length; i++) this.frames.putFlushed(this.pages.at(i));
    this.pages.clear();
    this.batch = 0;
    this.taken = 0;
    this.delaysRmap = false;
  }

  private freeTables(): void {
    for (let i: u32 = 0; i < this.tables.length; i++) this.pageTables.freeTable(this.tables.at(i));
    this.tables.clear();
  }

  private strideShift(): u64 {
    if (this.clearedPtes) return 12;
    if (this.clearedPmds) return 21;
    if (this.clearedPuds) return 30;
    if (this.clearedP4ds) return 39;
    return 12;
  }

  private cover(start: u64, end: u64): void {
    if (start < this.start) this.start = start;
    if (end > this.end) this.end = end;
  }

  private reset(): void {
    this.start = u64.MAX_VALUE;
    this.end = 0;
    this.freedTables = false;
    this.clearedPtes = false;
    this.clearedPmds = false;
    this.clearedPuds = false;
    this.clearedP4ds = false;
  }
}

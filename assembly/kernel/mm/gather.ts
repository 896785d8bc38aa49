/**
 * mmu_gather: collects what was unhooked, so that one flush comes before all of it is freed.
 *
 * Models:     the flushed range and its stride (the smallest kind of entry that was cleared), freed
 *             tables, the forced flush when 8 + 19 x 510 pages are gathered or when dirty pages of
 *             shared memory were cleared, the flush at the end of each vma where vmas are not
 *             merged. Nothing gathered means no flush. Each gathered page keeps a reference until
 *             the flush is done; tables go first.
 * Source:     linux 6.18 mm/mmu_gather.c, include/asm-generic/tlb.h, arch/x86/include/asm/tlb.h,
 *             arch/arm64/include/asm/tlb.h
 */
import { Arena } from "../../base/arena";
import { WordList } from "../../base/word_list";
import { EraFacts } from "../era";
import { CpuTlbs } from "./cpu_tlbs";
import { Frames } from "./frames";
import { Mm, mmAt, addressOfMm } from "./mm";
import { PageTables } from "./page_tables";

/** MMU_GATHER_BUNDLE on the stack, and 10000 / 510 batches of 510 pointers. */
const GATHER_BUNDLE: u32 = 8;
const GATHER_BATCH: u32 = 510;
const GATHER_BATCHES: u32 = 10000 / GATHER_BATCH;

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
  /** First frames of the folios that wait, one for each entry that was cleared. */
  private readonly pages: WordList;
  private readonly tables: WordList;

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

  /**
   * A table was unlinked; only its first page is put in the range, which drops the walk caches'
   * entry.
   */
  freedPteTable(va: u64, table: u32): void {
    this.tables.push(table);
    this.cover(va, va + 4096);
    this.freedTables = true;
    this.clearedPmds = true;
  }

  freedPmdTable(va: u64, table: u32): void {
    this.tables.push(table);
    this.cover(va, va + 4096);
    this.freedTables = true;
    this.clearedPuds = true;
  }

  freedPudTable(va: u64, table: u32): void {
    this.tables.push(table);
    this.cover(va, va + 4096);
    this.freedTables = true;
    this.clearedP4ds = true;
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

  /** A table of an mm that goes away. */
  addTable(table: u32): void {
    this.tables.push(table);
  }

  /** One more entry of the folio of `pfn` is cleared, and its page waits; true when no more fit. */
  addPage(pfn: u32): bool {
    const head = this.frames.at(pfn).head;
    this.frames.at(head).pins++;
    this.pages.push(head);
    return this.pages.length >= GATHER_BUNDLE + GATHER_BATCHES * GATHER_BATCH;
  }

  /** tlb_flush_mmu: flushes, and frees what has gathered. */
  flush(): void {
    this.flushTlbOnly();
    this.free();
  }

  /** tlb_end_vma. */
  endVma(): void {
    if (this.facts.mergesVmas || this.isExit || this.mm == 0) return;
    this.flushTlbs(this.facts.vmaEndNotifies);
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
    for (let i: u32 = 0; i < this.tables.length; i++) this.pageTables.freeTable(this.tables.at(i));
    this.tables.clear();
    for (let i: u32 = 0; i < this.pages.length; i++) this.frames.putFlushed(this.pages.at(i));
    this.pages.clear();
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

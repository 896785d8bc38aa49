/**
 * mmu_gather: collects what was unhooked, so that one flush comes before all of it is freed.
 *
 * Models:     the flushed range and its stride (the smallest kind of entry that was cleared), freed
 *             tables, the forced flush when 8 + 19 x 510 pages are gathered or when dirty pages of
 *             shared memory were cleared. Nothing gathered means no flush.
 * Simplifies: frames are freed by the executor at once; the simulator's plan delays that.
 *                                                                             (DEVIATIONS R1)
 * Source:     linux 6.18 mm/mmu_gather.c, include/asm-generic/tlb.h, arch/x86/include/asm/tlb.h
 */
import { CpuTlbs } from "./cpu_tlbs";
import { Mm, mmAt, addressOfMm } from "./mm";

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
  private pages: u32 = 0;

  constructor(private readonly tlbs: CpuTlbs) {}

  private isExit: bool = false;

  begin(mm: Mm): void {
    this.isExit = false;
    assert(this.mm == 0, "one gather is finished before the next begins");
    this.mm = addressOfMm(mm);
    this.pages = 0;
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
  freedPteTable(va: u64): void {
    this.cover(va, va + 4096);
    this.freedTables = true;
    this.clearedPmds = true;
  }

  freedPmdTable(va: u64): void {
    this.cover(va, va + 4096);
    this.freedTables = true;
    this.clearedPuds = true;
  }

  freedPudTable(va: u64): void {
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

  /** Ends the gather of an mm that nobody runs any more: there is nothing to flush. */
  discard(): void {
    this.reset();
    this.pages = 0;
    this.mm = 0;
  }

  /** One more page waits to be freed; true when no more fit. */
  addPage(): bool {
    this.pages++;
    return this.pages >= GATHER_BUNDLE + GATHER_BATCHES * GATHER_BATCH;
  }

  /** tlb_flush_mmu: flushes, and frees what has gathered. */
  flush(): void {
    this.flushTlbOnly();
    this.pages = 0;
  }

  /** The gather of exit_mmap. */
  beginExit(mm: Mm): void {
    this.begin(mm);
    this.isExit = true;
  }

  /** tlb_flush_mmu_tlbonly. */
  flushTlbOnly(): void {
    if (this.isExit) {
      this.reset();
      return;
    }
    if (
      this.freedTables ||
      this.clearedPtes ||
      this.clearedPmds ||
      this.clearedPuds ||
      this.clearedP4ds
    ) {
      this.tlbs.flushRange(
        mmAt(this.mm),
        this.start,
        this.end,
        this.strideShift(),
        this.freedTables,
      );
    }
    this.reset();
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

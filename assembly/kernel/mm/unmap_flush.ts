/**
 * What the reverse map does to each mapping of a folio: the pair around it, the flush of an entry
 * at once or in a batch, and what waits for that batch.
 *
 * Models:     pte_accessible; whether the architecture batches, and whether other CPUs would have
 *             to be asked for each page; whether a batch holds entries that could be written
 *             through; invalidate_page in place of pairs, behind the page-table lock.
 * Source:     linux 6.18 mm/rmap.c (try_to_unmap_one, try_to_migrate_one, should_defer_flush,
 *             set_tlb_ubc_flush_pending, try_to_unmap_flush_dirty), linux 3.17 mm/rmap.c,
 *             arch/x86/include/asm/tlbflush.h
 */
import { PTE_DIRTY, isPresent } from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { Mm } from "./mm";

/** The start of the pair, where the reverse map has pairs. */
export function startRmap(
  kernel: Kernel,
  mm: Mm,
  event: NotifierEvent,
  start: u64,
  end: u64,
): void {
  if (!kernel.facts.hasInvalidatePage) kernel.sink.rangeStart(mm, event, start, end);
}

export function endRmap(kernel: Kernel, mm: Mm): void {
  if (!kernel.facts.hasInvalidatePage) kernel.sink.rangeEnd(mm);
}

/**
 * try_to_migrate_one: the entry of `va` is cleared; its flush, now or later. What no processor
 * could use, under PROT_NONE, no TLB holds.
 */
export function flushMigrated(kernel: Kernel, mm: Mm, va: u64, old: u64): void {
  if (!isPresent(old)) return;
  if (kernel.tlbs.defersFlush(mm)) kernel.tlbs.addToBatch(mm, va, (old & PTE_DIRTY) != 0);
  else kernel.tlbs.flushPage(mm, va);
}

/**
 * try_to_unmap_one: `count` entries from `va` on are cleared, of which `old` was the first with the
 * dirty bits of all. Since it clears them as one, a range is flushed whatever was in it; only a
 * batch looks at that. `isBatched` is TTU_BATCH_FLUSH.
 */
export function flushUnmapped(
  kernel: Kernel,
  mm: Mm,
  va: u64,
  count: u32,
  old: u64,
  isBatched: bool,
): void {
  if (isBatched && kernel.tlbs.defersFlush(mm)) {
    if (isPresent(old)) kernel.tlbs.addToBatch(mm, va, (old & PTE_DIRTY) != 0);
  } else if (isPresent(old) || kernel.facts.unmapsInRuns) {
    kernel.tlbs.flushRange(mm, va, va + ((<u64>count) << 12), 12, false);
  }
}

/** Keeps a folio that reclaim has unmapped until the batched flush, if one is to come. */
export function holdReclaimed(kernel: Kernel, headPfn: u32): void {
  if (!kernel.tlbs.hasPendingBatch()) return;
  kernel.frames.at(headPfn).pins++;
  kernel.reclaimed.push(headPfn);
}

/** try_to_unmap_flush, and the folios that waited for it go. */
export function flushReclaimed(kernel: Kernel): void {
  kernel.tlbs.flushPendingBatch();
  const waiting = kernel.reclaimed;
  for (let i: u32 = 0; i < waiting.length; i++) kernel.frames.putFlushed(waiting.at(i));
  waiting.clear();
}

/**
 * try_to_unmap_flush_dirty: before a page is written out, nobody may write to it through an entry
 * that was dirty.
 */
export function flushReclaimedDirty(kernel: Kernel): void {
  if (kernel.tlbs.isBatchWritable) flushReclaimed(kernel);
}

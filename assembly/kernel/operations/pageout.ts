/**
 * MADV_PAGEOUT and MADV_WILLNEED: pages leave memory folio by folio, and swapped ones come back to
 * the cache.
 *
 * Models:     the folios of a block are taken off the LRU first, then reclaimed one after another.
 * Source:     linux 6.18 mm/madvise.c (madvise_cold_or_pageout_pte_range), mm/vmscan.c
 *             (shrink_folio_list)
 */
import { entryFrame, isHuge, isSwap } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { mmAt } from "../mm/mm";
import { readIntoSwapCache } from "../mm/reclaim";
import { blockEnd } from "../mm/page_tables";
import { Vma } from "../mm/vma";

export function pageOutRange(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  const tables = kernel.tables;
  let va = tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    kernel.plan.isolateFolios(vma, va, next);
    kernel.plan.reclaimIsolated();
    va = tables.firstPmd(mm, next, end);
  }
}

/** MADV_WILLNEED: reads swapped pages into the swap cache. */
export function swapInRange(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  let va = kernel.tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    const pmd = load<u64>(kernel.tables.pmdAddress);
    if (!isHuge(pmd)) {
      for (let page = va; page < next; page += 4096) {
        const entry = load<u64>(kernel.tables.pteIn(pmd, page));
        if (isSwap(entry)) readIntoSwapCache(kernel, vma, page, entryFrame(entry));
      }
    }
    va = kernel.tables.firstPmd(mm, next, end);
  }
  kernel.pending.drain();
}

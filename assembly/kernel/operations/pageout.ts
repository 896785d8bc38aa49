/**
 * MADV_PAGEOUT and MADV_WILLNEED: pages leave memory folio by folio, and swapped ones come back to
 * the cache.
 *
 * Models:     the folios of a block are taken off the LRU first, then reclaimed one after another;
 *             only folios that are really unmapped are announced; a part of a large folio splits
 *             it; pages that others map too, and anonymous pages without swap, are left alone.
 * Source:     linux 6.18 mm/madvise.c (madvise_cold_or_pageout_pte_range), mm/vmscan.c
 *             (shrink_folio_list)
 */
import { LEVEL_PMD, PMD_SIZE } from "../../base/page";
import { entryFrame, isHuge, isSwap, mapsFrame } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { isMappedShared, runOfFolio } from "../mm/folio_entries";
import { HUGE_ZERO_PFN, isSpecial } from "../mm/frames";
import { isolateFolio, readIntoSwapCache, reclaimIsolated } from "../mm/reclaim";
import { Mm, mmAt } from "../mm/mm";
import { blockEnd } from "../mm/page_tables";
import { Vma } from "../mm/vma";

export function pageOutRange(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  const tables = kernel.tables;
  let va = tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    const address = tables.find(mm, va, LEVEL_PMD);
    if (isHuge(load<u64>(address))) isolateHuge(kernel, mm, load<u64>(address), next - va);
    const pmd = load<u64>(address);
    if (pmd != 0 && !isHuge(pmd)) isolateFromTable(kernel, mm, pmd, va, next);
    reclaimIsolated(kernel);
    va = tables.firstPmd(mm, next, end);
  }
}

/** A 2 MiB folio is taken when all of it is concerned; else it is split, and its pages follow. */
function isolateHuge(kernel: Kernel, mm: Mm, entry: u64, size: u64): void {
  const pfn = entryFrame(entry);
  if (pfn == HUGE_ZERO_PFN || isMappedShared(kernel, mm, pfn)) return;
  if (size == PMD_SIZE) isolateFolio(kernel, pfn);
  else kernel.splitter.split(kernel, pfn);
}

/** Takes the folios that nobody else maps, and that lie whole in `[start, end)`. */
function isolateFromTable(kernel: Kernel, mm: Mm, pmd: u64, start: u64, end: u64): void {
  let va = start;
  while (va < end) {
    const entry = load<u64>(kernel.tables.pteIn(pmd, va));
    if (!mapsFrame(entry) || isSpecial(entryFrame(entry))) {
      va += 4096;
      continue;
    }
    const head = kernel.frames.head(entryFrame(entry));
    const run = runOfFolio(kernel, pmd, va, end);
    const next = va + ((<u64>run) << 12);
    if (run < (<u32>1) << head.order) {
      if (isMappedShared(kernel, mm, head.head) || !kernel.splitter.split(kernel, head.head))
        va = next;
      continue;
    }
    if (head.mappings == run) isolateFolio(kernel, head.head);
    va = next;
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

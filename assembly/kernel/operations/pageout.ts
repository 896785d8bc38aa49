/**
 * MADV_PAGEOUT and MADV_WILLNEED: pages leave memory folio by folio, and swapped ones come back to
 * the cache.
 *
 * Models:     only folios that are really unmapped are announced; a part of a large folio splits it
 *             first; pages that others map too, and anonymous pages without swap, are left alone.
 * Source:     linux 6.18 mm/madvise.c (madvise_cold_or_pageout_pte_range), mm/vmscan.c
 *             (shrink_folio_list)
 */
import { LEVEL_PMD } from "../../base/page";
import { entryFrame, isHuge, isSwap, mapsFrame } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { splitFolio } from "../mm/folio_split";
import { FRAME_ANON, HUGE_ZERO_PFN, isSpecial } from "../mm/frames";
import { readIntoSwapCache, reclaimFolio } from "../mm/reclaim";
import { mmAt } from "../mm/mm";
import { blockEnd } from "../mm/page_tables";
import { flushReclaimed } from "../mm/unmap_flush";
import { Vma } from "../mm/vma";

export function pageOutRange(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  const tables = kernel.tables;
  let va = tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    const address = tables.find(mm, va, LEVEL_PMD);
    if (isHuge(load<u64>(address))) splitHugeFolio(kernel, load<u64>(address));
    const pmd = load<u64>(address);
    if (pmd != 0 && !isHuge(pmd)) pageOutTable(kernel, pmd, va, next);
    va = tables.firstPmd(mm, next, end);
  }
}

/** A 2 MiB folio is split, whether all of it is to go or a part. */
function splitHugeFolio(kernel: Kernel, entry: u64): void {
  const pfn = entryFrame(entry);
  if (pfn == HUGE_ZERO_PFN || kernel.frames.at(pfn).mappings != 1) return;
  splitFolio(kernel, pfn);
}

function pageOutTable(kernel: Kernel, pmd: u64, start: u64, end: u64): void {
  const frames = kernel.frames;
  for (let va = start; va < end; va += 4096) {
    const entry = load<u64>(kernel.tables.pteIn(pmd, va));
    if (!mapsFrame(entry) || isSpecial(entryFrame(entry))) continue;
    const pfn = entryFrame(entry);
    const head = frames.head(pfn);
    const pages = (<u64>1) << head.order;
    if (head.order != 0) {
      const isWhole = pfn == head.head && va + (pages << 12) <= end && head.mappings == <u32>pages;
      if (!isWhole) {
        if (head.mappings > <u32>pages || !splitFolio(kernel, head.head)) continue;
        va -= 4096;
        continue;
      }
    }
    if (head.mappings != <u32>pages) continue;
    if ((head.flags & FRAME_ANON) != 0 && head.order != 0) {
      splitFolio(kernel, head.head);
      va -= 4096;
      continue;
    }
    reclaimFolio(kernel, head.head);
    va += (pages - 1) << 12;
  }
  flushReclaimed(kernel);
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
}

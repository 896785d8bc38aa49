/**
 * Taking folios off the LRU, and reclaiming what was taken.
 *
 * Models:     only folios that are really unmapped are announced; a part of a large folio splits
 *             it; pages that others map too, and anonymous pages without swap, are left alone.
 * Source:     linux 6.18 mm/madvise.c (madvise_cold_or_pageout_pte_range), mm/vmscan.c
 *             (reclaim_pages, shrink_folio_list)
 */
import { LEVEL_PMD, PMD_SIZE } from "../../base/page";
import { entryFrame, isHuge, mapsFrame } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { isMappedShared, runOfFolio } from "./folio_entries";
import { HUGE_ZERO_PFN, isSpecial } from "./frames";
import { Mm, mmAt } from "./mm";
import { reclaimFolio } from "./reclaim";
import { flushReclaimed } from "./unmap_flush";
import { Vma } from "./vma";

/** The folios that the entries of `[start, end)`, which is in one block, map in this mm only. */
export function isolateFolios(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  const address = kernel.tables.find(mm, start, LEVEL_PMD);
  if (isHuge(load<u64>(address))) isolateHuge(kernel, mm, load<u64>(address), end - start);
  const pmd = load<u64>(address);
  if (pmd != 0 && !isHuge(pmd)) isolateFromTable(kernel, mm, pmd, start, end);
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

/** folio_isolate_lru: the folio waits, held, until the list is worked off. */
function isolateFolio(kernel: Kernel, headPfn: u32): void {
  kernel.frames.at(headPfn).pins++;
  kernel.isolated.push(headPfn);
}

/** shrink_folio_list: the folios are reclaimed in the order in which they were put on the list. */
export function reclaimIsolated(kernel: Kernel): void {
  const list = kernel.isolated;
  for (let i: u32 = 0; i < list.length; i++) {
    const pfn = list.at(i);
    kernel.frames.at(pfn).pins--;
    if (kernel.frames.at(pfn).mappings != 0) reclaimFolio(kernel, pfn);
    else kernel.frames.releaseIfUnused(pfn);
  }
  list.clear();
  flushReclaimed(kernel);
}

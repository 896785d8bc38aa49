/**
 * Putting one huge folio of the page cache in place of the pages of a block.
 *
 * Models:     the pages of the block leave every mapping first, with one flush behind them where
 *             flushes are batched.
 * Source:     linux 6.18 mm/khugepaged.c (collapse_file, collapse_pte_mapped_thp)
 */
import { LEVEL_PMD } from "../../base/page";
import { PTE_PAGE_SIZE } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { FRAME_DIRTY, HUGE_ORDER } from "./frames";
import { addFolioToCache, fileEntry } from "./install";
import { mmAt } from "./mm";
import { dropFileFolio } from "./reclaim";
import { flushReclaimed } from "./unmap_flush";
import { Vma } from "./vma";

/** try_to_unmap of each cached page of the block, and try_to_unmap_flush. */
export function unmapCached(kernel: Kernel, file: u32, index: u64): void {
  for (let i: u64 = 0; i < 512; i++) {
    const pfn = kernel.files.cachedPage(file, index + i);
    if (pfn == 0) continue;
    const head = kernel.frames.head(pfn);
    if (head.mappings != 0) kernel.splitter.unmapLater(kernel, head.head);
  }
  flushReclaimed(kernel);
}

/** The cached pages go, and a huge folio comes; returns its first frame. */
export function replaceCached(kernel: Kernel, file: u32, index: u64): u32 {
  const isDirty = dropFolios(kernel, file, index);
  const pfn = addFolioToCache(kernel, file, index, HUGE_ORDER);
  if (isDirty) kernel.frames.at(pfn).flags |= FRAME_DIRTY;
  return pfn;
}

/** Takes the pages of the block out of the cache; whether any of them was dirty. */
function dropFolios(kernel: Kernel, file: u32, index: u64): bool {
  let isDirty = false;
  for (let i: u64 = 0; i < 512; i++) {
    const pfn = kernel.files.cachedPage(file, index + i);
    if (pfn == 0) continue;
    const head = kernel.frames.head(pfn);
    isDirty = isDirty || (head.flags & FRAME_DIRTY) != 0;
    dropFileFolio(kernel, head.head);
  }
  return isDirty;
}

/** collapse_pte_mapped_thp: MADV_COLLAPSE maps the block in the mm that asked for it. */
export function mapCollapsed(kernel: Kernel, vma: Vma, block: u64, pfn: u32): void {
  const address = kernel.tables.make(mmAt(vma.mm), block, LEVEL_PMD);
  if (load<u64>(address) != 0) return;
  kernel.frames.mapHuge(pfn);
  store<u64>(address, fileEntry(kernel, vma, pfn, false) | PTE_PAGE_SIZE);
}

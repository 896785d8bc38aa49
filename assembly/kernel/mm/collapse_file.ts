/**
 * Collapsing a block of shared memory or of a file into one huge folio of the page cache.
 *
 * Models:     the pages of the block leave every mapping first, with one flush behind them where
 *             flushes are batched; then each empty pte table is retracted under a range pair of its
 *             own.
 * Source:     linux 6.18 mm/khugepaged.c (collapse_file, retract_page_tables)
 */
import { LEVEL_PMD, PMD_SIZE } from "../../base/page";
import { PTE_PAGE_SIZE, entryFrame, isHuge } from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { FRAME_DIRTY } from "./frames";
import { addFolioToCache, fileEntry } from "./install";
import { HUGE_ORDER } from "./frames";
import { Mm, mmAt } from "./mm";
import { pushMappers } from "./rmap";
import { dropFileFolio } from "./reclaim";
import { flushReclaimed } from "./unmap_flush";
import { Vma, linearPage, vmaAt } from "./vma";

/**
 * Unmaps each cached page of the block, puts a huge folio in their place and drops the empty pte
 * tables.
 */
export function collapseFileBlock(kernel: Kernel, vma: Vma, block: u64): void {
  const index = linearPage(vma, block);
  if ((index & 511) != 0) return;
  const file = vma.file;
  const first = kernel.files.cachedPage(file, index);
  if (first != 0 && kernel.frames.orderOf(first) == HUGE_ORDER) return;
  for (let i: u64 = 0; i < 512; i++) {
    const pfn = kernel.files.cachedPage(file, index + i);
    if (pfn == 0) continue;
    const head = kernel.frames.head(pfn);
    if (head.mappings != 0) kernel.splitter.unmapLater(kernel, head.head);
  }
  flushReclaimed(kernel);
  const isDirty = dropFolios(kernel, file, index);
  const pfn = addFolioToCache(kernel, file, index, HUGE_ORDER);
  if (isDirty) kernel.frames.at(pfn).flags |= FRAME_DIRTY;
  retractTables(kernel, file, index);
  mapCollapsed(kernel, vma, block, pfn);
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
function mapCollapsed(kernel: Kernel, vma: Vma, block: u64, pfn: u32): void {
  const address = kernel.tables.make(mmAt(vma.mm), block, LEVEL_PMD);
  if (load<u64>(address) != 0) return;
  kernel.frames.mapHuge(pfn);
  store<u64>(address, fileEntry(kernel, vma, pfn, false) | PTE_PAGE_SIZE);
}

function retractTables(kernel: Kernel, file: u32, index: u64): void {
  const base = pushMappers(kernel, file, true, index, index + 1);
  for (let i = base; i < kernel.mappers.length; i++) {
    const vma = vmaAt(kernel.mappers.at(i));
    retractTable(kernel, mmAt(vma.mm), vma, index);
  }
  kernel.mappers.length = base;
}

function retractTable(kernel: Kernel, mm: Mm, vma: Vma, index: u64): void {
  if (index < vma.pgoff || vma.anonVma != 0) return;
  const block = vma.start + ((index - vma.pgoff) << 12);
  if ((block & (PMD_SIZE - 1)) != 0 || block + PMD_SIZE > vma.end) return;
  const address = kernel.tables.find(mm, block, LEVEL_PMD);
  if (address == 0 || load<u64>(address) == 0 || isHuge(load<u64>(address))) return;
  const table = entryFrame(load<u64>(address));
  const isAnnounced = kernel.facts.announcesRetract;
  if (isAnnounced) kernel.sink.rangeStart(mm, NotifierEvent.Clear, block, block + PMD_SIZE);
  store<u64>(address, 0);
  kernel.tlbs.flushRange(mm, block, block + PMD_SIZE, 12, true);
  if (isAnnounced) kernel.sink.rangeEnd(mm);
  kernel.tables.freeTable(table);
}

/**
 * Collapsing a block into one huge page: MADV_COLLAPSE, and what khugepaged does.
 *
 * Models:     anonymous memory: one pair over the block around the removal of its pte table, with a
 *             full flush; shared memory: each mapped page is unmapped first, then the pte table
 *             goes under a pair of the block.
 * Simplifies: regular files, which are open for writing where programs show them, do not collapse.
 * Source:     linux 6.18 mm/khugepaged.c (collapse_huge_page, collapse_file, retract_page_tables)
 */
import { LEVEL_PMD, PMD_SIZE, TABLE_ENTRIES, alignDown, alignUp } from "../../base/page";
import { entryFrame, isHuge, isWritable } from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { HUGE_ORDER } from "../mm/frames";
import { Mm, mmAt } from "../mm/mm";
import { pushMappers } from "../mm/rmap";
import { Vma, isAnonymous, linearPage, vmaAt } from "../mm/vma";
import { VM_NOHUGEPAGE } from "../mm/vm_flags";

export function collapseRange(kernel: Kernel, vma: Vma, start: u64, end: u64): bool {
  // thp_vma_allowable_order: MADV_NOHUGEPAGE counts here, what the system prefers does not
  if ((vma.flags & VM_NOHUGEPAGE) != 0 || mmAt(vma.mm).thpDisabled != 0) return false;
  kernel.pending.drainAll();
  const first = alignUp(start, PMD_SIZE);
  const last = alignDown(end, PMD_SIZE);
  for (let block = first; block < last; block += PMD_SIZE) collapseBlock(kernel, vma, block);
  return true;
}

function collapseBlock(kernel: Kernel, vma: Vma, block: u64): void {
  if (block < vma.start || block + PMD_SIZE > vma.end) return;
  if (isAnonymous(vma)) collapseAnon(kernel, mmAt(vma.mm), vma, block, false);
  else if (kernel.files.isShmem(vma.file)) collapseFile(kernel, vma, block);
}

/** khugepaged, which asks notifiers whether the pages are in use, and takes anonymous memory. */
export function collapseForDaemon(kernel: Kernel, vma: Vma, block: u64): void {
  if (block < vma.start || block + PMD_SIZE > vma.end || !isAnonymous(vma)) return;
  collapseAnon(kernel, mmAt(vma.mm), vma, block, true);
}

function collapseAnon(kernel: Kernel, mm: Mm, vma: Vma, block: u64, isDaemon: bool): void {
  const address = kernel.tables.find(mm, block, LEVEL_PMD);
  if (address == 0 || load<u64>(address) == 0 || isHuge(load<u64>(address))) return;
  if (kernel.facts.collapsesWritable && !hasWritable(kernel, entryFrame(load<u64>(address)))) {
    return;
  }
  if (isDaemon) kernel.plan.testYoungTable(vma, block, entryFrame(load<u64>(address)));
  kernel.plan.mmapLockWrite(mm);
  kernel.plan.rangeStart(mm, NotifierEvent.Clear, block, block + PMD_SIZE);
  const table = kernel.plan.detachTable(vma, block);
  kernel.plan.rangeEnd(mm);
  // __collapse_huge_page_isolate asks again
  if (isDaemon) kernel.plan.testYoungTable(vma, block, table);
  kernel.plan.collapseTable(vma, block, table);
  kernel.plan.mmapUnlock(mm);
}

/**
 * collapse_file: the pages leave every mapping, a huge folio takes their place, and the tables that
 * were left empty go.
 */
function collapseFile(kernel: Kernel, vma: Vma, block: u64): void {
  const index = linearPage(vma, block);
  if ((index & 511) != 0) return;
  const cached = kernel.files.cachedPage(vma.file, index);
  if (cached != 0 && kernel.frames.orderOf(cached) == HUGE_ORDER) return;
  kernel.plan.unmapCached(vma.file, index);
  const pfn = kernel.plan.replaceCached(vma.file, index);
  const base = pushMappers(kernel, vma.file, true, index, index + 1);
  for (let i = base; i < kernel.mappers.length; i++)
    retractTable(kernel, vmaAt(kernel.mappers.at(i)), index);
  kernel.mappers.length = base;
  kernel.plan.mapCollapsed(vma, block, pfn);
}

/** retract_page_tables, for one VMA; none that has private copies. */
function retractTable(kernel: Kernel, vma: Vma, index: u64): void {
  if (index < vma.pgoff || vma.anonVma != 0) return;
  const mm = mmAt(vma.mm);
  const block = vma.start + ((index - vma.pgoff) << 12);
  if ((block & (PMD_SIZE - 1)) != 0 || block + PMD_SIZE > vma.end) return;
  const address = kernel.tables.find(mm, block, LEVEL_PMD);
  if (address == 0 || load<u64>(address) == 0 || isHuge(load<u64>(address))) return;
  const isAnnounced = kernel.facts.announcesRetract;
  if (isAnnounced) kernel.plan.rangeStart(mm, NotifierEvent.Clear, block, block + PMD_SIZE);
  kernel.plan.retractTable(vma, block);
  if (isAnnounced) kernel.plan.rangeEnd(mm);
  kernel.plan.freeRetracted();
}

/** Old kernels give up on a table without any writable entry (SCAN_PAGE_RO). */
function hasWritable(kernel: Kernel, table: u32): bool {
  for (let i: u32 = 0; i < TABLE_ENTRIES; i++) {
    if (isWritable(kernel.tables.memory.readEntry(table, i))) return true;
  }
  return false;
}

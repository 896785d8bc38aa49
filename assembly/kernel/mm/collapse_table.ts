/**
 * Replacing a pte table by one 2 MiB entry.
 *
 * Models:     the pmd entry is cleared and flushed before the pages are copied; the table is freed
 *             last.
 * Source:     linux 6.18 mm/khugepaged.c (collapse_huge_page, __collapse_huge_page_copy)
 */
import { LEVEL_PMD, PMD_SIZE, TABLE_ENTRIES } from "../../base/page";
import {
  PTE_DIRTY,
  PTE_PAGE_SIZE,
  PTE_SOFT_DIRTY,
  PTE_WRITE,
  entryFrame,
  isSwap,
  mapsFrame,
  tableEntry,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { entryFor } from "./entries";
import { FRAME_ZEROED, HUGE_ORDER, isSpecial } from "./frames";
import { newAnonFolio } from "./install";
import { mmAt } from "./mm";
import { dropSwapEntry } from "./swap_entries";
import { Vma } from "./vma";
import { VM_WRITE } from "./vm_flags";

/** pmdp_collapse_flush: the pair around it ends before anything is copied. */
export function detachTable(kernel: Kernel, vma: Vma, block: u64): u32 {
  const mm = mmAt(vma.mm);
  const address = kernel.tables.find(mm, block, LEVEL_PMD);
  const table = entryFrame(load<u64>(address));
  store<u64>(address, 0);
  kernel.tlbs.flushRange(mm, block, block + PMD_SIZE, 12, true);
  return table;
}

/** __collapse_huge_page_isolate gives up on a page that has more references than mappings. */
function hasPinned(kernel: Kernel, table: u32): bool {
  for (let i: u32 = 0; i < TABLE_ENTRIES; i++) {
    const entry = kernel.tables.memory.readEntry(table, i);
    if (!mapsFrame(entry) || isSpecial(entryFrame(entry))) continue;
    if (kernel.frames.head(entryFrame(entry)).dmaPins != 0) return true;
  }
  return false;
}

/**
 * Copies the pages of the detached table into a huge folio and maps that; puts the table back when
 * one of them is pinned.
 */
export function collapseTable(kernel: Kernel, vma: Vma, block: u64, table: u32): void {
  const address = kernel.tables.find(mmAt(vma.mm), block, LEVEL_PMD);
  if (hasPinned(kernel, table)) {
    store<u64>(address, tableEntry(table));
    return;
  }
  const pfn = newAnonFolio(kernel, vma, block, HUGE_ORDER);
  for (let i: u32 = 0; i < TABLE_ENTRIES; i++) {
    const entry = kernel.tables.memory.readEntry(table, i);
    if (isSwap(entry)) dropSwapEntry(kernel, entryFrame(entry));
    if (!mapsFrame(entry) || isSpecial(entryFrame(entry))) continue;
    if ((kernel.frames.at(entryFrame(entry)).flags & FRAME_ZEROED) == 0)
      kernel.frames.at(pfn + i).flags &= ~FRAME_ZEROED;
    kernel.frames.unmap(entryFrame(entry));
  }
  kernel.tables.freeTable(table);
  kernel.frames.mapHuge(pfn);
  const write = (vma.flags & VM_WRITE) != 0 ? PTE_WRITE : 0;
  store<u64>(address, entryFor(vma, pfn) | PTE_PAGE_SIZE | write | PTE_DIRTY | PTE_SOFT_DIRTY);
}

/**
 * Entries that map 2 MiB: setting, clearing and splitting them.
 *
 * Models:     the notifier pair and the full flush of a split; anonymous entries become 512 small
 *             ones, entries of files and shared memory are dropped, the huge zero page becomes 512
 *             zero pages.
 * Source:     linux 6.18 mm/huge_memory.c (__split_huge_pmd, zap_huge_pmd)
 */
import { LEVEL_PMD, PMD_SIZE, TABLE_ENTRIES, alignDown } from "../../base/page";
import {
  PTE_PAGE_SIZE,
  entryFrame,
  invalidEntry,
  isHuge,
  tableEntry,
} from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { FRAME_DIRTY, FRAME_FILE, HUGE_ZERO_PFN, ZERO_PFN } from "./frames";
import { Mm, mmAt } from "./mm";
import { Vma } from "./vma";
import { PTE_DIRTY } from "../../hardware/pgtable/pte";

/** The pmd entry of `va` when it maps 2 MiB, else 0. */
export function hugeEntryOf(kernel: Kernel, mm: Mm, va: u64): u64 {
  const address = kernel.tables.find(mm, va, LEVEL_PMD);
  if (address == 0) return 0;
  const entry = load<u64>(address);
  return isHuge(entry) ? entry : 0;
}

/** __split_huge_pmd: the notifier is called whether or not there is something to split. */
export function splitHugeEntry(kernel: Kernel, vma: Vma, va: u64): void {
  const mm = mmAt(vma.mm);
  const block = alignDown(va, PMD_SIZE);
  kernel.sink.rangeStart(mm, NotifierEvent.Clear, block, block + PMD_SIZE);
  const address = kernel.tables.find(mm, block, LEVEL_PMD);
  if (address != 0 && isHuge(load<u64>(address))) {
    splitLocked(kernel, mm, block, address);
  }
  kernel.sink.rangeOnlyEnd(mm);
}

function splitLocked(kernel: Kernel, mm: Mm, block: u64, address: usize): void {
  const entry = load<u64>(address);
  const pfn = entryFrame(entry);
  const frames = kernel.frames;
  if (pfn != HUGE_ZERO_PFN && (frames.at(pfn).flags & FRAME_FILE) != 0) {
    store<u64>(address, 0);
    kernel.tlbs.flushPmdNotify(mm, block);
    if ((entry & PTE_DIRTY) != 0) frames.at(pfn).flags |= FRAME_DIRTY;
    frames.unmapHuge(pfn);
    return;
  }
  if (pfn != HUGE_ZERO_PFN && (entry & PTE_DIRTY) != 0) frames.at(pfn).flags |= FRAME_DIRTY;
  // pmdp_invalidate: nobody may use the entry while its pages are mapped one by one
  store<u64>(address, invalidEntry(entry));
  if (pfn == HUGE_ZERO_PFN && kernel.facts.notifiesDowngrades) {
    kernel.tlbs.flushPmdNotify(mm, block);
  } else {
    kernel.tlbs.flushPmd(mm, block);
  }
  const table = kernel.tables.newTable();
  const small = entry & ~(0x000ffffffffff000 | PTE_PAGE_SIZE);
  for (let i: u32 = 0; i < TABLE_ENTRIES; i++) {
    const page = pfn == HUGE_ZERO_PFN ? ZERO_PFN : pfn + i;
    kernel.tables.memory.writeEntry(table, i, small | ((<u64>page) << 12));
    frames.map(page);
  }
  store<u64>(address, tableEntry(table));
  frames.unmapHuge(pfn);
}

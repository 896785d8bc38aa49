/**
 * PAGEMAP_SCAN: write-protecting what was written since the last scan.
 *
 * Models:     one flush for each pte table, from the first entry that changed to the end of the
 *             part; empty entries get a marker; a 2 MiB entry is protected and flushed whole.
 * Source:     linux 6.18 fs/proc/task_mmu.c (pagemap_scan_pmd_entry, pagemap_scan_thp_entry)
 */
import { LEVEL_PMD, PMD_SIZE } from "../../base/page";
import { MARKER_UFFD_WP, PTE_UFFD_WP, PTE_WRITE } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { Mm, mmAt } from "./mm";
import { Vma } from "./vma";

export function scanHugeEntry(kernel: Kernel, vma: Vma, block: u64): void {
  const mm = mmAt(vma.mm);
  const address = kernel.tables.find(mm, block, LEVEL_PMD);
  const entry = load<u64>(address);
  if ((entry & PTE_UFFD_WP) != 0) return;
  store<u64>(address, (entry & ~PTE_WRITE) | PTE_UFFD_WP);
  kernel.tlbs.flushRange(mm, block, block + PMD_SIZE, 12, false);
}

export function scanTable(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  const first = protectWritten(kernel, mm, start, end);
  if (first < end) kernel.tlbs.flushRange(mm, first, end, 12, false);
}

/** The first page that was written and is now protected, or `end`. */
function protectWritten(kernel: Kernel, mm: Mm, start: u64, end: u64): u64 {
  let first = end;
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.make(mm, va, 1);
    const entry = load<u64>(address);
    if ((entry & PTE_UFFD_WP) != 0 || entry == MARKER_UFFD_WP) continue;
    store<u64>(address, entry == 0 ? MARKER_UFFD_WP : (entry & ~PTE_WRITE) | PTE_UFFD_WP);
    if (first == end) first = va;
  }
  return first;
}

/**
 * pmd tables of hugetlbfs that several VMAs use: one table maps a GiB of a file wherever it is
 * mapped alike.
 *
 * Models:     which VMAs can share; a table that is linked where a fault finds no table of its own;
 *             its link that goes whole, with all the pages below it, as soon as one of its users
 *             changes anything in it; the last user, whose table it is from then on.
 * Source:     linux 6.18 mm/hugetlb.c (want_pmd_share, page_table_shareable, huge_pmd_share,
 *             huge_pmd_unshare, adjust_range_if_pmd_sharing_possible, hugetlb_unshare_pmds)
 */
import { LEVEL_PMD, LEVEL_PUD, PUD_SIZE, alignDown, alignUp, tableIndex } from "../../base/page";
import { entryFrame, tableEntry } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { Mm, mmAt } from "./mm";
import { pushMappers } from "./rmap";
import { UFFD_WP } from "./uffd_modes";
import { Vma, isHugetlb, isShared, linearPage, vmaAt } from "./vma";
import { VM_LOCKED_MASK } from "./vm_flags";

/** huge_pte_alloc: the entry for the huge page at `block`, in a shared table if there is one. */
export function makeHugetlbEntry(kernel: Kernel, vma: Vma, block: u64): usize {
  const mm = mmAt(vma.mm);
  const pudAddress = kernel.tables.make(mm, block, LEVEL_PUD);
  if (load<u64>(pudAddress) == 0 && wantsShare(vma, block)) {
    const table = sharedTable(kernel, vma, block);
    if (table != 0) {
      kernel.tables.share(table);
      store<u64>(pudAddress, tableEntry(table));
    }
  }
  return kernel.tables.make(mm, block, LEVEL_PMD);
}

/** want_pmd_share: a whole GiB of shared memory, whose entries userfaultfd does not mark. */
function wantsShare(vma: Vma, va: u64): bool {
  return isShared(vma) && (vma.uffd & UFFD_WP) == 0 && coversGiant(vma, va);
}

function coversGiant(vma: Vma, va: u64): bool {
  const start = alignDown(va, PUD_SIZE);
  return vma.start <= start && start + PUD_SIZE <= vma.end;
}

/** The pmd table that another VMA has for the page of the file at `va`, or 0. */
function sharedTable(kernel: Kernel, vma: Vma, va: u64): u32 {
  const index = linearPage(vma, va);
  const base = pushMappers(kernel, vma.file, true, index, index + 1);
  let table: u32 = 0;
  for (let i = base; i < kernel.mappers.length && table == 0; i++) {
    const other = vmaAt(kernel.mappers.at(i));
    if (other == vma) continue;
    const place = other.start + ((index - other.pgoff) << 12);
    if (tableIndex(place, LEVEL_PMD) != tableIndex(va, LEVEL_PMD)) continue;
    if (((other.flags ^ vma.flags) & ~VM_LOCKED_MASK) != 0 || !coversGiant(other, place)) continue;
    const pudAddress = kernel.tables.find(mmAt(other.mm), place, LEVEL_PUD);
    if (pudAddress != 0 && load<u64>(pudAddress) != 0) table = entryFrame(load<u64>(pudAddress));
  }
  kernel.mappers.length = base;
  return table;
}

/** huge_pmd_unshare: whether the table of `va` was shared; this mm is without it then. */
export function unshareTable(kernel: Kernel, mm: Mm, va: u64): bool {
  const pudAddress = kernel.tables.find(mm, va, LEVEL_PUD);
  if (pudAddress == 0 || load<u64>(pudAddress) == 0) return false;
  const table = entryFrame(load<u64>(pudAddress));
  if (!kernel.tables.isShared(table)) return false;
  store<u64>(pudAddress, 0);
  kernel.tables.unshare(table);
  return true;
}

/** hugetlb_unshare_pmds, inside its pair. */
export function unshareTables(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  for (let va = start; va < end; va += PUD_SIZE) unshareTable(kernel, mm, va);
  kernel.tlbs.flushRange(mm, start, end, 21, false);
}

/** Where the range begins that may lose its pmd table whole, since another mm may share it. */
export function sharedStart(kernel: Kernel, vma: Vma, start: u64, end: u64): u64 {
  if (!reachesShared(kernel, vma, start, end)) return start;
  return start > alignUp(vma.start, PUD_SIZE) ? alignDown(start, PUD_SIZE) : start;
}

/** ... and where it ends. */
export function sharedEnd(kernel: Kernel, vma: Vma, start: u64, end: u64): u64 {
  if (!reachesShared(kernel, vma, start, end)) return end;
  return end < alignDown(vma.end, PUD_SIZE) ? alignUp(end, PUD_SIZE) : end;
}

/** Whether a part of the range lies in a whole GiB of a VMA that is shared. */
function reachesShared(kernel: Kernel, vma: Vma, start: u64, end: u64): bool {
  if (!kernel.facts.widensShared || !isHugetlb(vma) || !isShared(vma)) return false;
  const first = alignUp(vma.start, PUD_SIZE);
  const last = alignDown(vma.end, PUD_SIZE);
  return last > first && end > first && start < last;
}

/**
 * Touching a range on the program's behalf: MAP_POPULATE, mlock, MADV_POPULATE, /proc/self/mem.
 *
 * Models:     one fault for each page that needs one, until the first that cannot be had.
 * Source:     linux 6.18 mm/gup.c (populate_vma_page_range, faultin_page), mm/madvise.c
 *             (madvise_populate)
 */
import { PMD_SIZE, LEVEL_PMD } from "../../base/page";
import { isHuge } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { Mm, findVma, indexOf, vmaOf } from "../mm/mm";
import { isShared } from "../mm/vma";
import { VM_ACCESS_FLAGS, VM_LOCKONFAULT, VM_WRITE } from "../mm/vm_flags";
import { Access } from "../mm/access";
import { handleFault, wouldFault } from "./fault";

/** mm_populate: private writable memory is written to, all else read. */
export function populateRange(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  let va = start;
  while (va < end) {
    const index = indexOf(mm, va);
    if (index == mm.count || vmaOf(mm, index).start >= end) return;
    const vma = vmaOf(mm, index);
    const stop = min(vma.end, end);
    const from = max(va, vma.start);
    if ((vma.flags & VM_ACCESS_FLAGS) != 0 && (vma.flags & VM_LOCKONFAULT) == 0) {
      const writes = (vma.flags & VM_WRITE) != 0 && !isShared(vma);
      touchRange(kernel, mm, from, stop, writes ? Access.Write : Access.Read, true);
    }
    va = stop;
  }
}

/** Takes the fault path for each page that needs it; stops at the first that cannot be had. */
export function touchRange(
  kernel: Kernel,
  mm: Mm,
  start: u64,
  end: u64,
  access: Access,
  force: bool,
): bool {
  let va = start;
  while (va < end) {
    if (wouldFault(kernel, mm, va, access) && handleFault(kernel, mm, va, access, force) != 0)
      return false;
    const pmd = kernel.tables.find(mm, va, LEVEL_PMD);
    const isHugePage = pmd != 0 && isHuge(load<u64>(pmd));
    va = isHugePage ? (va | (PMD_SIZE - 1)) + 1 : va + 4096;
  }
  return true;
}

/** madvise(MADV_POPULATE_READ or _WRITE); the CPU's pending lists are drained at the end. */
export function populateAdvice(kernel: Kernel, mm: Mm, start: u64, end: u64, access: Access): void {
  let va = start;
  while (va < end) {
    const vma = findVma(mm, va);
    if (vma == null) break;
    const stop = min(vma.end, end);
    if (!touchRange(kernel, mm, va, stop, access, false)) break;
    va = stop;
  }
  kernel.pending.drain();
}

/**
 * Touching a range on the program's behalf: MAP_POPULATE, mlock, MADV_POPULATE, /proc/self/mem.
 *
 * Models:     one fault for each page that needs one, until the first that cannot be had; the
 *             CPU's pending lists are drained behind each VMA.
 * Source:     linux 6.18 mm/gup.c (populate_vma_page_range, faultin_page), mm/madvise.c
 *             (madvise_populate)
 */
import { PMD_SIZE, LEVEL_PMD } from "../../base/page";
import { isHuge } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { Mm, findVma, indexOf, vmaOf } from "../mm/mm";
import { Vma, isShared } from "../mm/vma";
import { VM_ACCESS_FLAGS, VM_LOCKONFAULT, VM_PFNMAP, VM_WRITE } from "../mm/vm_flags";
import { Access } from "../mm/access";
import { handleFault, wouldFault } from "./fault";

/** mm_populate: goes on with the next VMA where one cannot be had. */
export function populateRange(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  populateVmas(kernel, mm, start, end, true);
}

/** __mm_populate as mlock calls it: ends with the first page that cannot be had. */
export function populateStrictly(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  populateVmas(kernel, mm, start, end, false);
}

function populateVmas(kernel: Kernel, mm: Mm, start: u64, end: u64, ignoresErrors: bool): void {
  let va = start;
  while (va < end) {
    const index = indexOf(mm, va);
    if (index == mm.count || vmaOf(mm, index).start >= end) return;
    const vma = vmaOf(mm, index);
    const stop = min(vma.end, end);
    const from = max(va, vma.start);
    if ((vma.flags & VM_PFNMAP) == 0 && !populateVma(kernel, mm, vma, from, stop) && !ignoresErrors)
      return;
    va = stop;
  }
}

/**
 * populate_vma_page_range: private writable memory is written to, all else read; nothing is done
 * for memory without access or locked on fault. The CPU's pending lists are drained at the end.
 */
function populateVma(kernel: Kernel, mm: Mm, vma: Vma, start: u64, end: u64): bool {
  if ((vma.flags & VM_LOCKONFAULT) != 0) return true;
  if ((vma.flags & VM_ACCESS_FLAGS) == 0) return false;
  const writes = (vma.flags & VM_WRITE) != 0 && !isShared(vma);
  const access = writes ? Access.Write : Access.Read;
  const isComplete = touchRange(kernel, mm, start, end, access, true);
  kernel.pending.drain();
  return isComplete;
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
export function populateAdvice(kernel: Kernel, mm: Mm, start: u64, end: u64, access: Access): bool {
  let va = start;
  while (va < end) {
    const vma = findVma(mm, va);
    if (vma == null) break;
    const stop = min(vma.end, end);
    if (!touchRange(kernel, mm, va, stop, access, false)) break;
    va = stop;
  }
  kernel.pending.drain();
  return va >= end;
}

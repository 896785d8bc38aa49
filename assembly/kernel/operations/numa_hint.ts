/**
 * NUMA balancing: entries of a range are made unusable, so that the next access tells by its fault
 * where the page is used.
 *
 * Models:     which VMAs are scanned; mprotect's pair and flush, VMA by VMA; the range reaches to
 *             the end of a 2 MiB block.
 * Simplifies: when and how much is scanned is up to the caller.
 * Source:     linux 6.18 kernel/sched/fair.c (task_numa_work), mm/mempolicy.c (change_prot_numa)
 */
import { PMD_SIZE, alignUp } from "../../base/page";
import { Kernel } from "../kernel";
import { Mm, indexOf, vmaOf } from "../mm/mm";
import { Vma } from "../mm/vma";
import { VM_ACCESS_FLAGS, VM_HUGETLB, VM_PFNMAP, VM_READ, VM_WRITE } from "../mm/vm_flags";

export function hintRange(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  kernel.plan.mmapLockRead(mm);
  for (let i = indexOf(mm, start); i < mm.count && vmaOf(mm, i).start < end; i++) {
    const vma = vmaOf(mm, i);
    if (!isScanned(vma)) continue;
    kernel.plan.beginGather(mm);
    kernel.plan.hintNuma(vma, max(start, vma.start), min(alignUp(end, PMD_SIZE), vma.end));
    kernel.plan.finishGather();
  }
  kernel.plan.mmapUnlock(mm);
}

/** Code and read-only data of files are most likely copied or shared already. */
function isScanned(vma: Vma): bool {
  if ((vma.flags & (VM_HUGETLB | VM_PFNMAP)) != 0) return false;
  if ((vma.flags & VM_ACCESS_FLAGS) == 0) return false;
  return vma.file == 0 || (vma.flags & (VM_READ | VM_WRITE)) != VM_READ;
}

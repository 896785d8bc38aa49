/**
 * munmap, and every other way in which a range stops being mapped.
 *
 * Models:     one notifier pair over the whole request; one gather for pages and tables; boundaries
 *             first, up to a sealed VMA that forbids the rest; tables go as far as the neighbouring
 *             VMAs allow.
 * Source:     linux 6.18 mm/vma.c (do_vmi_align_munmap, vms_gather_munmap_vmas, vms_clear_ptes)
 */
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { Mm, detachVma, indexOf, vmaOf } from "../mm/mm";
import { PMD_SIZE } from "../../base/page";
import { splitVma } from "../mm/vma_split";
import { Vma, isHugetlb } from "../mm/vma";
import { VM_SEALED } from "../mm/vm_flags";
import { ZapKind } from "../plan";

/** False when a sealed VMA forbids it; boundaries made before it is found stay. */
export function unmapRange(kernel: Kernel, mm: Mm, start: u64, end: u64): bool {
  let first = indexOf(mm, start);
  if (first == mm.count || vmaOf(mm, first).start >= end) return true;
  kernel.plan.mmapLockWrite(mm);
  if (vmaOf(mm, first).start < start) {
    if (isSealed(vmaOf(mm, first))) return refuse(kernel, mm);
    splitVma(kernel, vmaOf(mm, first), start, true);
    first++;
  }
  let last = first;
  while (last < mm.count && vmaOf(mm, last).start < end) {
    if (isSealed(vmaOf(mm, last))) return refuse(kernel, mm);
    if (vmaOf(mm, last).end > end) splitVma(kernel, vmaOf(mm, last), end, false);
    last++;
  }
  const floor = first == 0 ? 0 : vmaOf(mm, first - 1).end;
  const ceiling = last == mm.count ? 0 : vmaOf(mm, last).start;
  kernel.plan.detach(mm, start, end);
  kernel.plan.beginGather(mm);
  kernel.plan.rangeStart(mm, NotifierEvent.Unmap, start, end);
  for (let i = first; i < last; i++) {
    const vma = vmaOf(mm, i);
    kernel.plan.zap(vma, vma.start, vma.end, ZapKind.Unmap);
  }
  kernel.plan.rangeEnd(mm);
  kernel.plan.freeVmas();
  freeTablesOf(kernel, mm, first, last, floor, ceiling);
  kernel.plan.finishGather();
  for (let i = first; i < last; i++) {
    const vma = vmaOf(mm, first);
    detachVma(mm, vma);
    kernel.freeVma(vma);
  }
  kernel.plan.mmapUnlock(mm);
  return true;
}

function isSealed(vma: Vma): bool {
  return (vma.flags & VM_SEALED) != 0;
}

function refuse(kernel: Kernel, mm: Mm): bool {
  kernel.plan.mmapUnlock(mm);
  return false;
}

/** free_pgtables: VMAs less than a block apart are handled as one, but for those of hugetlbfs. */
function freeTablesOf(
  kernel: Kernel,
  mm: Mm,
  first: u32,
  last: u32,
  floor: u64,
  ceiling: u64,
): void {
  let i = first;
  while (i < last) {
    const start = vmaOf(mm, i).start;
    while (i + 1 < last && isNear(vmaOf(mm, i), vmaOf(mm, i + 1))) i++;
    const end = vmaOf(mm, i).end;
    i++;
    kernel.plan.freeTables(mm, start, end, floor, i < last ? vmaOf(mm, i).start : ceiling);
  }
}

function isNear(vma: Vma, next: Vma): bool {
  return next.start <= vma.end + PMD_SIZE && !isHugetlb(vma) && !isHugetlb(next);
}

/**
 * munmap, and every other way in which a range stops being mapped.
 *
 * Models:     one notifier pair over the whole request; one gather for pages and tables; boundaries
 *             first; tables go as far as the neighbouring VMAs allow.
 * Source:     linux 6.18 mm/vma.c (do_vmi_align_munmap, vms_gather_munmap_vmas, vms_clear_ptes)
 */
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { Mm, detachVma, indexOf, vmaOf } from "../mm/mm";
import { PMD_SIZE } from "../../base/page";
import { splitVma } from "../mm/vma_split";
import { VM_SEALED } from "../mm/vm_flags";
import { ZapKind } from "../plan";

/** False when a sealed VMA forbids it. */
export function unmapRange(kernel: Kernel, mm: Mm, start: u64, end: u64): bool {
  let first = indexOf(mm, start);
  if (first == mm.count || vmaOf(mm, first).start >= end) return true;
  if (isSealedIn(mm, first, end)) return false;
  kernel.plan.mmapLockWrite(mm);
  if (vmaOf(mm, first).start < start) {
    splitVma(kernel, vmaOf(mm, first), start, true);
    first++;
  }
  let last = first;
  while (last < mm.count && vmaOf(mm, last).start < end) {
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

function isSealedIn(mm: Mm, first: u32, end: u64): bool {
  for (let i = first; i < mm.count && vmaOf(mm, i).start < end; i++) {
    if ((vmaOf(mm, i).flags & VM_SEALED) != 0) return true;
  }
  return false;
}

/** free_pgtables: VMAs less than a block apart are handled as one. */
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
    while (i + 1 < last && vmaOf(mm, i + 1).start <= vmaOf(mm, i).end + PMD_SIZE) i++;
    const end = vmaOf(mm, i).end;
    i++;
    kernel.plan.freeTables(mm, start, end, floor, i < last ? vmaOf(mm, i).start : ceiling);
  }
}

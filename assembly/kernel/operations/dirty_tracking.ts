/**
 * Drivers that learn of writes to memory which they have mapped for programs.
 *
 * Models:     a pair for each VMA that shares the range; one flush inside it.
 * Simplifies: a file that is shared may be written to (VM_MAYWRITE).
 * Source:     linux 6.18 mm/mapping_dirty_helpers.c (wp_shared_mapping_range,
 *             clean_record_shared_mapping_range), mm/pagewalk.c (walk_page_mapping)
 */
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { mmAt } from "../mm/mm";
import { pushMappers } from "../mm/rmap";
import { Vma, isHugetlb, isShared, vmaAt } from "../mm/vma";

/** Pages `[first, end)` of a file are write-protected, or, with `cleans`, no longer dirty. */
export function trackWrites(kernel: Kernel, id: u32, first: u64, end: u64, cleans: bool): void {
  const base = pushMappers(kernel, id, true, first, end);
  for (let i = base; i < kernel.mappers.length; i++) {
    const vma = vmaAt(kernel.mappers.at(i));
    if (isShared(vma) && !isHugetlb(vma)) trackVma(kernel, vma, first, end, cleans);
  }
  kernel.mappers.length = base;
}

function trackVma(kernel: Kernel, vma: Vma, first: u64, end: u64, cleans: bool): void {
  const mm = mmAt(vma.mm);
  const from = max(first, vma.pgoff) - vma.pgoff;
  const start = vma.start + (from << 12);
  const stop = min(vma.end, vma.start + ((end - vma.pgoff) << 12));
  kernel.plan.rangeStart(mm, NotifierEvent.ProtectionPage, start, stop);
  kernel.plan.trackWrites(vma, start, stop, cleans);
  kernel.plan.rangeEnd(mm);
}

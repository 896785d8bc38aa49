/**
 * The OOM reaper, and process_mrelease: the private memory of an mm that is about to die is taken
 * before its tasks get round to it.
 *
 * Models:     one pair and one gather for each VMA that is anonymous or private; notifiers may not
 *             block, and a VMA for which one refuses is passed over without an end; older kernels
 *             leave an mm with a notifier alone.
 * Source:     linux 6.18 mm/oom_kill.c (__oom_reap_task_mm, process_mrelease), linux 4.15 (the
 *             same: mm_has_notifiers)
 */
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { Mm, vmaOf } from "../mm/mm";
import { Vma, isAnonymous, isShared } from "../mm/vma";
import { VM_HUGETLB, VM_PFNMAP } from "../mm/vm_flags";
import { ZapKind } from "../plan";

/** False when something was left that a later attempt may take. */
export function reapMm(kernel: Kernel, mm: Mm): bool {
  if (mm.hasNotifier != 0 && !kernel.facts.reapsNotified) return false;
  kernel.plan.mmapLockRead(mm);
  mm.isUnstable = 1;
  kernel.pending.drain();
  let isDone = true;
  for (let i: u32 = 0; i < mm.count; i++) {
    const vma = vmaOf(mm, kernel.facts.reapsBackwards ? mm.count - 1 - i : i);
    if (mayReap(vma) && !reapVma(kernel, mm, vma)) isDone = false;
  }
  kernel.plan.mmapUnlock(mm);
  return isDone;
}

function mayReap(vma: Vma): bool {
  if ((vma.flags & (VM_HUGETLB | VM_PFNMAP)) != 0) return false;
  return isAnonymous(vma) || !isShared(vma);
}

function reapVma(kernel: Kernel, mm: Mm, vma: Vma): bool {
  kernel.plan.beginGather(mm);
  const isHeard = kernel.plan.rangeStartNonblock(mm, NotifierEvent.Unmap, vma.start, vma.end);
  if (isHeard) {
    kernel.plan.zap(vma, vma.start, vma.end, ZapKind.Reap);
    kernel.plan.rangeEnd(mm);
  }
  kernel.plan.finishGather();
  return isHeard;
}

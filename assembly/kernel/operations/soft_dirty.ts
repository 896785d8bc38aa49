/**
 * clear_refs 4: every entry is write-protected to learn of the next write, where the kernel was
 * built to track that (CONFIG_MEM_SOFT_DIRTY); announced and flushed in any case.
 *
 * Models:     one range pair over everything, and one flush of everything.
 * Source:     linux 6.18 fs/proc/task_mmu.c (clear_refs_write)
 */
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { Mm, vmaOf } from "../mm/mm";
import { VM_SOFTDIRTY } from "../mm/vm_flags";

export function clearSoftDirty(kernel: Kernel, mm: Mm): void {
  kernel.plan.mmapLockWrite(mm);
  for (let i: u32 = 0; i < mm.count && kernel.tracksSoftDirty; i++)
    vmaOf(mm, i).flags &= ~VM_SOFTDIRTY;
  kernel.plan.rangeStart(mm, NotifierEvent.SoftDirty, 0, u64.MAX_VALUE);
  for (let i: u32 = 0; i < mm.count && kernel.tracksSoftDirty; i++) {
    const vma = vmaOf(mm, i);
    kernel.plan.clearSoftDirty(vma, vma.start, vma.end);
  }
  kernel.plan.rangeEnd(mm);
  kernel.plan.flushMm(mm);
  kernel.plan.mmapUnlock(mm);
}

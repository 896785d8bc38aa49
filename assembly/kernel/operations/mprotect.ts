/**
 * mprotect: VMA by VMA, with one gather for the whole call.
 *
 * Models:     nothing where the protection already is the requested one; a hole ends the call after
 *             what was before it; a private VMA that was never written gives its commit charge back
 *             with its write permission, and then no longer merges with one that was.
 * Source:     linux 6.18 mm/mprotect.c (do_mprotect_pkey, mprotect_fixup)
 */
import { Kernel } from "../kernel";
import { Mm, indexOf, vmaOf } from "../mm/mm";
import { Vma, isAnonymous } from "../mm/vma";
import {
  VM_ACCESS_FLAGS,
  VM_ACCOUNT,
  VM_HUGETLB,
  VM_LOCKED,
  VM_NORESERVE,
  VM_SEALED,
  VM_SHARED,
  VM_WRITE,
  flagsOfProt,
} from "../mm/vm_flags";
import { modifyVma } from "../mm/vma_modify";
import { populateRange } from "./populate";

export function protectRange(kernel: Kernel, mm: Mm, start: u64, end: u64, prot: u32): void {
  let index = indexOf(mm, start);
  if (index == mm.count || vmaOf(mm, index).start > start) return;
  kernel.plan.mmapLockWrite(mm);
  kernel.plan.beginGather(mm);
  let va = start;
  while (va < end) {
    index = indexOf(mm, va);
    if (index == mm.count) break;
    const vma = vmaOf(mm, index);
    if (vma.start > va || (vma.flags & VM_SEALED) != 0) break;
    const stop = min(vma.end, end);
    protectVma(kernel, mm, vma, va, stop, prot);
    va = stop;
  }
  kernel.plan.finishGather();
  kernel.plan.mmapUnlock(mm);
}

/** mprotect_fixup. */
function protectVma(kernel: Kernel, mm: Mm, vma: Vma, start: u64, end: u64, prot: u32): void {
  const old = vma.flags;
  let flags = (old & ~VM_ACCESS_FLAGS) | flagsOfProt(prot);
  if (flags == old) return;
  if ((flags & VM_WRITE) != 0) {
    if ((old & (VM_ACCOUNT | VM_WRITE | VM_HUGETLB | VM_SHARED | VM_NORESERVE)) == 0)
      flags |= VM_ACCOUNT;
  } else if ((old & VM_ACCOUNT) != 0 && isAnonymous(vma) && vma.anonVma == 0) {
    flags &= ~VM_ACCOUNT;
  }
  const changed = modifyVma(kernel, vma, start, end, flags);
  kernel.plan.changeProtection(changed, start, end);
  if ((old & (VM_WRITE | VM_SHARED | VM_LOCKED)) == VM_LOCKED && (flags & VM_WRITE) != 0) {
    populateRange(kernel, mm, start, end);
  }
}

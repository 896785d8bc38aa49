/**
 * mprotect: VMA by VMA, with one gather for the whole call.
 *
 * Models:     nothing where the protection already is the requested one; a hole ends the call after
 *             what was before it, as does a VMA that may not have the protection; PROT_GROWSDOWN
 *             begins at the start of the stack; a private VMA that was never written gives its
 *             commit charge back with its write permission, and then no longer merges with one that
 *             was.
 * Source:     linux 6.18 mm/mprotect.c (do_mprotect_pkey, mprotect_fixup)
 */
import { Kernel } from "../kernel";
import { Mm, indexOf, vmaOf } from "../mm/mm";
import { Vma, isAnonymous, isShared } from "../mm/vma";
import {
  VM_ACCESS_FLAGS,
  VM_ACCOUNT,
  VM_EXEC,
  VM_GROWSDOWN,
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

const PROT_GROWSDOWN: u32 = 0x01000000;

/** `isDenied`: the call failed with EACCES, at the first VMA that may lack the permission. */
export function protectRange(
  kernel: Kernel,
  mm: Mm,
  start: u64,
  end: u64,
  prot: u32,
  isDenied: bool = false,
): void {
  let index = indexOf(mm, start);
  let va = start;
  if ((prot & PROT_GROWSDOWN) != 0) {
    if (index == mm.count || vmaOf(mm, index).start >= end) return;
    if ((vmaOf(mm, index).flags & VM_GROWSDOWN) == 0) return;
    va = vmaOf(mm, index).start;
  }
  if (index == mm.count || vmaOf(mm, index).start > va) return;
  kernel.plan.mmapLockWrite(mm);
  kernel.plan.beginGather(mm);
  while (va < end) {
    index = indexOf(mm, va);
    if (index == mm.count) break;
    const vma = vmaOf(mm, index);
    if (vma.start > va || (vma.flags & VM_SEALED) != 0) break;
    if (isDenied && mayBeDenied(vma, prot)) break;
    const stop = min(vma.end, end);
    protectVma(kernel, mm, vma, va, stop, prot);
    va = stop;
  }
  kernel.plan.finishGather();
  kernel.plan.mmapUnlock(mm);
}

/**
 * Whether the VMA may lack VM_MAYWRITE or VM_MAYEXEC, which depends on how its file was opened and
 * mounted.
 */
function mayBeDenied(vma: Vma, prot: u32): bool {
  const wanted = flagsOfProt(prot) & ~vma.flags;
  if (isAnonymous(vma)) return false;
  return (wanted & VM_EXEC) != 0 || ((wanted & VM_WRITE) != 0 && isShared(vma));
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

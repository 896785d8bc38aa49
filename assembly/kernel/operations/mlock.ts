/**
 * mlock, munlock, mseal and mbind: calls that only change VMAs, and then perhaps touch the pages.
 *
 * Models:     the split and merge of VMAs at the ends of the range, and the faults that locking
 *             takes.
 * Source:     linux 6.18 mm/mlock.c (apply_vma_lock_flags, do_mlock), mm/mseal.c, mm/mempolicy.c
 *             (mbind_range)
 */
import { Kernel } from "../kernel";
import { Mm, indexOf, vmaOf } from "../mm/mm";
import { Vma, isHugetlb } from "../mm/vma";
import {
  VM_DONTEXPAND,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_LOCKONFAULT,
  VM_PFNMAP,
  VM_SEALED,
} from "../mm/vm_flags";
import { modifyVma, modifyVmaAnd } from "../mm/vma_modify";
import { populateRange, populateStrictly } from "./populate";

/** Changes the flags of each VMA in the range; stops at a hole, and is then false. */
function changeFlags(kernel: Kernel, mm: Mm, start: u64, end: u64, clear: u64, set: u64): bool {
  let va = start;
  while (va < end) {
    const index = indexOf(mm, va);
    if (index == mm.count || vmaOf(mm, index).start > va) return false;
    const vma = vmaOf(mm, index);
    const stop = min(vma.end, end);
    const flags = (vma.flags & ~clear) | set;
    if (flags != vma.flags) modifyVma(kernel, vma, va, stop, flags).flags = flags;
    va = stop;
  }
  return true;
}

/**
 * apply_vma_lock_flags, mlock_fixup: huge pages of hugetlbfs and special mappings are never locked;
 * pages that become locked or unlocked come off the CPU's pending lists. False at a hole.
 */
function changeLock(kernel: Kernel, mm: Mm, start: u64, end: u64, set: u64): bool {
  let va = start;
  while (va < end) {
    const index = indexOf(mm, va);
    if (index == mm.count || vmaOf(mm, index).start > va) return false;
    const vma = vmaOf(mm, index);
    const stop = min(vma.end, end);
    const old = vma.flags;
    const flags = (old & ~VM_LOCKED_MASK) | set;
    if (flags != old && isLockable(vma)) {
      modifyVma(kernel, vma, va, stop, flags).flags = flags;
      if ((flags & old & VM_LOCKED) == 0) kernel.pending.drain();
    }
    va = stop;
  }
  return true;
}

function isLockable(vma: Vma): bool {
  return (vma.flags & (VM_PFNMAP | VM_DONTEXPAND)) == 0 && !isHugetlb(vma);
}

export function lockRange(kernel: Kernel, mm: Mm, start: u64, end: u64, onFault: bool): void {
  const flags = onFault ? VM_LOCKED | VM_LOCKONFAULT : VM_LOCKED;
  if (changeLock(kernel, mm, start, end, flags)) populateStrictly(kernel, mm, start, end);
}

export function unlockRange(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  changeLock(kernel, mm, start, end, 0);
}

const MCL_CURRENT: u32 = 1;
const MCL_FUTURE: u32 = 2;
const MCL_ONFAULT: u32 = 4;

export function lockAll(kernel: Kernel, mm: Mm, flags: u32): void {
  const set = (flags & MCL_ONFAULT) != 0 ? VM_LOCKED | VM_LOCKONFAULT : VM_LOCKED;
  mm.defFlags = (flags & MCL_FUTURE) != 0 ? set : 0;
  if ((flags & MCL_CURRENT) == 0) return;
  lockEach(kernel, mm, set);
  populateRange(kernel, mm, 0, u64.MAX_VALUE & ~4095);
}

export function unlockAll(kernel: Kernel, mm: Mm): void {
  mm.defFlags = 0;
  lockEach(kernel, mm, 0);
}

function lockEach(kernel: Kernel, mm: Mm, set: u64): void {
  let va: u64 = 0;
  // a VMA may join its neighbours: the next is found by address
  for (let index = indexOf(mm, va); index < mm.count; index = indexOf(mm, va)) {
    const vma = vmaOf(mm, index);
    va = vma.end;
    changeLock(kernel, mm, vma.start, va, set);
  }
}

export function sealRange(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  changeFlags(kernel, mm, start, end, 0, VM_SEALED);
}

/** mbind: a policy is a number, equal for equal mode and nodes. */
export function bindRange(kernel: Kernel, mm: Mm, start: u64, end: u64, policy: u32): void {
  let va = start;
  while (va < end) {
    const index = indexOf(mm, va);
    if (index == mm.count || vmaOf(mm, index).start >= end) return;
    const vma = vmaOf(mm, index);
    const from = max(va, vma.start);
    const stop = min(vma.end, end);
    if (vma.policy != policy && !isHugetlb(vma))
      modifyVmaAnd(kernel, vma, from, stop, vma.flags, vma.uffd, policy);
    va = stop;
  }
}

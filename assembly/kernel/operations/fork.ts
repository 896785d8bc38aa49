/**
 * fork: a copy of the address space.
 *
 * Models:     one notifier pair for each private VMA that was ever written, whole; none for VMAs
 *             that need no copying; one full flush of the parent at the end.
 * Source:     linux 6.18 mm/mmap.c (dup_mmap), mm/memory.c (vma_needs_copy, copy_page_range),
 *             mm/rmap.c
 */
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { FileKind } from "../mm/files";
import { Mm, insertVma, vmaOf } from "../mm/mm";
import { Vma, isHugetlb, isShared } from "../mm/vma";
import { VM_DONTCOPY, VM_LOCKED_MASK, VM_WIPEONFORK } from "../mm/vm_flags";

export function forkMm(kernel: Kernel, parent: Mm, childId: u32): Mm {
  const child = kernel.makeMm(childId);
  child.brk = parent.brk;
  child.startBrk = parent.startBrk;
  child.known = parent.known;
  child.thpDisabled = parent.thpDisabled;
  child.ksmAll = parent.ksmAll;
  kernel.plan.mmapLockWrite(parent);
  for (let i: u32 = 0; i < parent.count; i++) {
    const vma = vmaOf(parent, i);
    if ((vma.flags & VM_DONTCOPY) != 0) continue;
    copyVma(kernel, parent, child, vma);
  }
  kernel.plan.flushMm(parent);
  kernel.plan.mmapUnlock(parent);
  return child;
}

function copyVma(kernel: Kernel, parent: Mm, child: Mm, vma: Vma): void {
  const copy = kernel.copyOfVma(vma);
  copy.flags &= ~VM_LOCKED_MASK;
  copy.uffd = 0;
  if ((vma.flags & VM_WIPEONFORK) != 0) {
    copy.anonVma = 0;
    copy.anonRoot = 0;
    copy.forkChild = 0;
  } else if (vma.anonVma != 0) {
    copy.anonVma = kernel.newAnonVma(vma.anonVma);
    copy.forkChild = 1;
  }
  insertVma(kernel.arena, child, copy);
  if ((vma.flags & VM_WIPEONFORK) != 0) return;
  // vma_needs_copy: the child has no userfaultfd registration of its own
  if (vma.anonVma == 0 && !mapsDevice(kernel, vma)) return;
  const isCow = !isShared(vma);
  if (isCow) {
    const event = isHugetlb(vma) ? NotifierEvent.Clear : NotifierEvent.ProtectionPage;
    kernel.plan.rangeStart(parent, event, vma.start, vma.end);
  }
  kernel.plan.copyRange(vma, copy);
  if (isCow) kernel.plan.rangeEnd(parent);
}

/** Frames of a device are found again by no fault. */
function mapsDevice(kernel: Kernel, vma: Vma): bool {
  return vma.file != 0 && kernel.files.at(vma.file).kind == FileKind.Device;
}

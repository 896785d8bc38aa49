/**
 * Which areas userfaultfd accepts for its ioctls.
 *
 * Models:     the kinds of VMA that may be registered; copying and moving inside one VMA each;
 *             moving only between private anonymous memory that is alike.
 * Source:     linux 6.18 fs/userfaultfd.c (userfaultfd_register), include/linux/userfaultfd_k.h
 *             (vma_can_userfault), mm/userfaultfd.c (mfill_atomic, validate_move_areas)
 */
import { PMD_SIZE } from "../../base/page";
import { Kernel } from "../kernel";
import { Mm, findVma, indexOf, vmaOf } from "../mm/mm";
import { UFFD_WP_ASYNC } from "../mm/uffd_modes";
import { Vma, isAnonymous, isHugetlb } from "../mm/vma";
import { VM_ACCESS_FLAGS, VM_DROPPABLE, VM_LOCKED, VM_PFNMAP, VM_WRITE } from "../mm/vm_flags";

/** Every VMA of the range can be registered, and no huge page of hugetlbfs would be cut. */
export function mayRegister(kernel: Kernel, mm: Mm, start: u64, end: u64, modes: u32): bool {
  for (let i = indexOf(mm, start); i < mm.count && vmaOf(mm, i).start < end; i++) {
    const vma = vmaOf(mm, i);
    if (cutsHuge(vma, start) || cutsHuge(vma, end)) return false;
    if (modes != 0 && !canUserfault(kernel, vma, modes)) return false;
  }
  return true;
}

function cutsHuge(vma: Vma, va: u64): bool {
  return isHugetlb(vma) && vma.start < va && va < vma.end && (va & (PMD_SIZE - 1)) != 0;
}

/** vma_can_userfault. */
function canUserfault(kernel: Kernel, vma: Vma, modes: u32): bool {
  if ((vma.flags & VM_DROPPABLE) != 0) return false;
  if ((modes & UFFD_WP_ASYNC) != 0) return true;
  return isAnonymous(vma) || isHugetlb(vma) || kernel.files.isShmem(vma.file);
}

/** The VMA that holds the whole range; that it is registered, an ioctl that succeeded shows. */
export function areaOf(mm: Mm, start: u64, end: u64): Vma | null {
  const vma = findVma(mm, start);
  if (vma == null || end > vma.end || cutsHuge(vma, start) || cutsHuge(vma, end)) return null;
  return vma;
}

/** validate_move_areas: whether pages may move from `source` to `target`. */
export function mayMoveBetween(source: Vma, target: Vma): bool {
  if (!isAnonymous(source) || !isAnonymous(target)) return false;
  if (((source.flags | target.flags) & VM_PFNMAP) != 0) return false;
  const difference = source.flags ^ target.flags;
  return (difference & (VM_ACCESS_FLAGS | VM_LOCKED)) == 0 && (source.flags & VM_WRITE) != 0;
}

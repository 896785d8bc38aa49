/**
 * One mapped interval of an mm.
 *
 * Models:     bounds, offset, flags, file, userfaultfd registration, memory policy, and the
 *             identity of its anon_vma: which VMAs share one, which family of forked mms it belongs
 *             to, and whether the VMA was cloned from a parent.
 * Simplifies: an anon_vma is a number and its family (`anonRoot`) another; no chains are kept,
 *             because the reverse map finds the VMAs of an anon_vma by looking through the mms.
 * Source:     linux 6.18 include/linux/mm_types.h, mm/rmap.c (anon_vma_prepare, anon_vma_fork)
 */
import { VM_HUGETLB, VM_SHARED } from "./vm_flags";


@unmanaged
export class Vma {
  start: u64;
  end: u64;
  /** The page of the file, or of the anonymous linear address space, that `start` maps. */
  pgoff: u64;
  flags: u64;
  mm: u32;
  /** 0 for anonymous private memory; shared anonymous memory has a file of its own. */
  file: u32;
  /** 0 until the first private page was faulted in for writing. */
  anonVma: u32;
  anonRoot: u32;
  /** Cloned from a parent: its chain has more than one anon_vma. */
  forkChild: u32;
  uffd: u32;
  policy: u32;
  /** Position among the VMAs that map the same file, for the order of the reverse map. */
  age: u32;
}

/** Neither a file nor shared memory behind it. */
// @ts-ignore: decorator
@inline
export function isAnonymous(vma: Vma): bool {
  return vma.file == 0;
}

// @ts-ignore: decorator
@inline
export function isShared(vma: Vma): bool {
  return (vma.flags & VM_SHARED) != 0;
}

// @ts-ignore: decorator
@inline
export function isHugetlb(vma: Vma): bool {
  return (vma.flags & VM_HUGETLB) != 0;
}

/** The page offset that `va` has in the file or in the anonymous linear space. */
// @ts-ignore: decorator
@inline
export function linearPage(vma: Vma, va: u64): u64 {
  return vma.pgoff + ((va - vma.start) >> 12);
}

// @ts-ignore: decorator
@inline
export function vmaAt(address: u32): Vma {
  return changetype<Vma>(<usize>address);
}

// @ts-ignore: decorator
@inline
export function addressOf(vma: Vma): u32 {
  return <u32>changetype<usize>(vma);
}

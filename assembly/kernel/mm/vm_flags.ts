/**
 * The flags of a VMA.
 *
 * Models:     the kernel's names and bit positions, as far as operations look at them.
 * Source:     linux 6.18 include/linux/mm.h
 */
export const VM_READ: u64 = 0x1;
export const VM_WRITE: u64 = 0x2;
export const VM_EXEC: u64 = 0x4;
export const VM_SHARED: u64 = 0x8;
export const VM_GROWSDOWN: u64 = 0x100;
export const VM_UFFD_MISSING: u64 = 0x200;
export const VM_PFNMAP: u64 = 0x400;
export const VM_UFFD_WP: u64 = 0x1000;
export const VM_LOCKED: u64 = 0x2000;
export const VM_SEQ_READ: u64 = 0x8000;
export const VM_RAND_READ: u64 = 0x10000;
export const VM_DONTCOPY: u64 = 0x20000;
export const VM_DONTEXPAND: u64 = 0x40000;
export const VM_LOCKONFAULT: u64 = 0x80000;
export const VM_ACCOUNT: u64 = 0x100000;
export const VM_NORESERVE: u64 = 0x200000;
export const VM_HUGETLB: u64 = 0x400000;
export const VM_SYNC: u64 = 0x800000;
export const VM_WIPEONFORK: u64 = 0x2000000;
export const VM_DONTDUMP: u64 = 0x4000000;
export const VM_SOFTDIRTY: u64 = 0x8000000;
export const VM_HUGEPAGE: u64 = 0x20000000;
export const VM_NOHUGEPAGE: u64 = 0x40000000;
export const VM_MERGEABLE: u64 = 0x80000000;
export const VM_DROPPABLE: u64 = 1 << 40;
export const VM_SEALED: u64 = 1 << 42;

export const VM_ACCESS_FLAGS: u64 = VM_READ | VM_WRITE | VM_EXEC;
export const VM_LOCKED_MASK: u64 = VM_LOCKED | VM_LOCKONFAULT;

/**
 * The protection argument of mmap and mprotect as flags: PROT_READ, PROT_WRITE and PROT_EXEC are
 * the low bits.
 */
// @ts-ignore: decorator
@inline
export function flagsOfProt(prot: u32): u64 {
  return <u64>(prot & 7);
}

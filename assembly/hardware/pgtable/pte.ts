/**
 * One x86-64 page table entry: the only file that knows bit positions.
 *
 *   63  62..59  58..52   51..12   11..9  8  7   6  5  4    3    2  1  0
 *   NX  pkey    (soft)   pfn      soft   G  PS  D  A  PCD  PWT  U  W  P
 *
 * Models:     present, writable, user, accessed, dirty, page size and no-execute; a non-present
 *             entry that is not zero is a swap or migration entry, as in Linux.
 * Simplifies: the encoding of non-present entries is our own: bit 9 marks migration, bit 10 a
 *             marker, bit 11 a swap entry, bits 12..51 hold the frame, swap slot or kind of
 *             marker; the software bits 52 to 54 stand for Linux's own.        (DEVIATIONS D2)
 * Source:     Intel SDM vol. 3A, table 4-20; linux arch/x86/include/asm/pgtable_types.h
 */
export const PTE_PRESENT: u64 = 1 << 0;
export const PTE_WRITE: u64 = 1 << 1;
export const PTE_USER: u64 = 1 << 2;
export const PTE_ACCESSED: u64 = 1 << 5;
export const PTE_DIRTY: u64 = 1 << 6;
/** In a pmd or pud entry: it maps a huge page. */
export const PTE_PAGE_SIZE: u64 = 1 << 7;
/** Not architectural: the entry of a page under PROT_NONE is present to the kernel only. */
export const PTE_PROTNONE: u64 = 1 << 8;
export const PTE_MIGRATION: u64 = 1 << 9;
export const PTE_MARKER: u64 = 1 << 10;
/** In an entry that is not present: a page in swap. */
export const PTE_SWAP: u64 = 1 << 11;
/** Software: write-protected by userfaultfd. */
export const PTE_UFFD_WP: u64 = 1 << 52;
/** Software: written since the last clear of the soft-dirty bits. */
export const PTE_SOFT_DIRTY: u64 = 1 << 53;
/** Software, in a swap or migration entry: the page was exclusive to this mm. */
export const PTE_SWAP_EXCLUSIVE: u64 = 1 << 54;
/** The marker of a guard region, and of a write-protected hole under userfaultfd. */
export const MARKER_GUARD: u64 = PTE_MARKER | (1 << 12);
export const MARKER_UFFD_WP: u64 = PTE_MARKER | (2 << 12);
export const PTE_NO_EXECUTE: u64 = 1 << 63;

const PFN_MASK: u64 = 0x000ffffffffff000;

/** A present entry that points to a table. */
// @ts-ignore: decorator
@inline
export function tableEntry(frame: u32): u64 {
  return ((<u64>frame) << 12) | PTE_PRESENT | PTE_WRITE | PTE_USER | PTE_ACCESSED;
}

/** A present leaf entry. */
// @ts-ignore: decorator
@inline
export function leafEntry(pfn: u32, writable: bool): u64 {
  return ((<u64>pfn) << 12) | PTE_PRESENT | PTE_USER | (writable ? PTE_WRITE : 0);
}

/** The entry that stands in place of a page under migration. */
// @ts-ignore: decorator
@inline
export function migrationEntry(pfn: u32): u64 {
  return ((<u64>pfn) << 12) | PTE_MIGRATION;
}

/** The frame or table frame that an entry names. */
// @ts-ignore: decorator
@inline
export function entryFrame(entry: u64): u32 {
  return <u32>((entry & PFN_MASK) >> 12);
}

// @ts-ignore: decorator
@inline
export function isPresent(entry: u64): bool {
  return (entry & PTE_PRESENT) != 0;
}

// @ts-ignore: decorator
@inline
export function isWritable(entry: u64): bool {
  return (entry & PTE_WRITE) != 0;
}

// @ts-ignore: decorator
@inline
export function isHuge(entry: u64): bool {
  return (entry & PTE_PAGE_SIZE) != 0;
}

// @ts-ignore: decorator
@inline
export function isMigration(entry: u64): bool {
  return (entry & (PTE_PRESENT | PTE_MIGRATION)) == PTE_MIGRATION;
}

/** The kernel finds a page here, although under PROT_NONE the processor does not. */
// @ts-ignore: decorator
@inline
export function mapsFrame(entry: u64): bool {
  return (entry & (PTE_PRESENT | PTE_PROTNONE)) != 0;
}

/** The entry as the kernel still finds it and the processor does not. */
// @ts-ignore: decorator
@inline
export function invalidEntry(entry: u64): u64 {
  return (entry & ~PTE_PRESENT) | PTE_PROTNONE;
}

/** The entry that `invalidEntry` has made of one that the processor could use. */
// @ts-ignore: decorator
@inline
export function validEntry(entry: u64): u64 {
  return (entry & ~PTE_PROTNONE) | PTE_PRESENT;
}

// @ts-ignore: decorator
@inline
export function isSwap(entry: u64): bool {
  return (entry & (PTE_PRESENT | PTE_PROTNONE | PTE_SWAP)) == PTE_SWAP;
}

// @ts-ignore: decorator
@inline
export function isGuard(entry: u64): bool {
  return (entry & ~(PTE_UFFD_WP | PTE_SOFT_DIRTY)) == MARKER_GUARD;
}

/** A swap entry for `slot`. */
// @ts-ignore: decorator
@inline
export function swapEntry(slot: u32): u64 {
  return ((<u64>slot) << 12) | PTE_SWAP;
}

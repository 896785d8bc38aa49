/**
 * Page arithmetic of x86-64 with 4 KiB pages: sizes, and the table index of an address per level.
 *
 * Levels are numbered from the leaf: 1 is the pte level, 2 pmd, 3 pud, 4 pgd.
 * Source: Intel SDM vol. 3A, 4.5 (4-level paging).
 */
export const PAGE_SHIFT: u64 = 12;
export const PAGE_SIZE: u64 = 1 << 12;
/** Bytes that one pmd entry covers, 2 MiB: the reach of a page table page. */
export const PMD_SIZE: u64 = 1 << 21;
/** Bytes that one pud entry covers, 1 GiB. */
export const PUD_SIZE: u64 = 1 << 30;
/** Bytes that one pgd entry covers, 512 GiB. */
export const PGD_SIZE: u64 = 1 << 39;
/** Entries in one table. */
export const TABLE_ENTRIES: u32 = 512;
export const LEVEL_PTE: u32 = 1;
export const LEVEL_PMD: u32 = 2;
export const LEVEL_PUD: u32 = 3;
export const LEVEL_PGD: u32 = 4;

/** The index into the table of `level` that translates `va`. */
// @ts-ignore: decorator
@inline
export function tableIndex(va: u64, level: u32): u32 {
  return (<u32>(va >> (PAGE_SHIFT + 9 * <u64>(level - 1)))) & 511;
}

/** Bytes that one entry of the table of `level` covers. */
// @ts-ignore: decorator
@inline
export function entryReach(level: u32): u64 {
  return (<u64>1) << (PAGE_SHIFT + 9 * <u64>(level - 1));
}

/** `value` rounded down to a multiple of `size`, a power of two. */
// @ts-ignore: decorator
@inline
export function alignDown(value: u64, size: u64): u64 {
  return value & ~(size - 1);
}

/** `value` rounded up to a multiple of `size`, a power of two. */
// @ts-ignore: decorator
@inline
export function alignUp(value: u64, size: u64): u64 {
  return (value + size - 1) & ~(size - 1);
}

/**
 * The page table entries that a VMA's pages get, and what a change of one costs the TLB.
 *
 * Models:     the bits that a VMA decides, those an entry keeps, and the changes that need a flush.
 * Source:     linux 6.18 mm/mmap.c (vm_get_page_prot), arch/x86/include/asm/tlbflush.h
 *             (pte_needs_flush)
 */
import {
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_NO_EXECUTE,
  PTE_PAGE_SIZE,
  PTE_PRESENT,
  PTE_PROTNONE,
  PTE_SOFT_DIRTY,
  PTE_UFFD_WP,
  PTE_USER,
  PTE_WRITE,
} from "../../hardware/pgtable/pte";
import { Vma } from "./vma";
import { VM_ACCESS_FLAGS, VM_EXEC, VM_WRITE } from "./vm_flags";

/** What an entry says of its page (_PAGE_CHG_MASK). */
const PAGE_BITS: u64 =
  0x000ffffffffff000 | PTE_ACCESSED | PTE_DIRTY | PTE_PAGE_SIZE | PTE_SOFT_DIRTY | PTE_UFFD_WP;

/** The bits that the protection of `vma` decides; never writable. */
export function protectionBits(vma: Vma): u64 {
  const access = (vma.flags & VM_ACCESS_FLAGS) != 0 ? PTE_PRESENT | PTE_USER : PTE_PROTNONE;
  return access | ((vma.flags & VM_EXEC) != 0 ? 0 : PTE_NO_EXECUTE);
}

/** A young entry for `pfn` in `vma`, without write permission. */
export function entryFor(vma: Vma, pfn: u32): u64 {
  return ((<u64>pfn) << 12) | protectionBits(vma) | PTE_ACCESSED;
}

/** maybe_mkwrite: the write bit, where the VMA may be written at all. */
export function writeBit(vma: Vma): u64 {
  return (vma.flags & VM_WRITE) != 0 ? PTE_WRITE : 0;
}

/** pte_modify: the protection changes, what the entry knows about its page stays. */
export function withProtectionOf(vma: Vma, entry: u64): u64 {
  return (entry & PAGE_BITS) | protectionBits(vma);
}

/** The same with PAGE_NONE: the processor may not use the entry, whatever its VMA says. */
export function withoutAccess(entry: u64): u64 {
  return (entry & PAGE_BITS) | PTE_PROTNONE | PTE_NO_EXECUTE;
}

/** Whether a TLB may hold something that the new entry forbids or spells differently. */
export function needsFlush(old: u64, fresh: u64): bool {
  if ((old & PTE_PRESENT) == 0) return false;
  const change = old ^ fresh;
  if ((change & old & (PTE_DIRTY | PTE_PRESENT)) != 0) return true;
  return (change & (PTE_WRITE | PTE_USER | PTE_NO_EXECUTE)) != 0;
}

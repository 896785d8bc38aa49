/**
 * fork: the child's entries for one VMA.
 *
 * Models:     upper tables wherever the parent has them, even over nothing;
 *             private pages become shared and read-only on both sides, without a flush here; swap
 *             entries gain a user; guard markers are copied; huge entries are shared whole; a page
 *             that a device has pinned is copied for the child.
 * Source:     linux 6.18 mm/memory.c (copy_page_range, copy_pte_range), mm/huge_memory.c
 *             (copy_huge_pmd)
 */
import { LEVEL_PGD, LEVEL_PMD, LEVEL_PUD, PGD_SIZE, PMD_SIZE, PUD_SIZE } from "../../base/page";
import {
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_SWAP_EXCLUSIVE,
  PTE_UFFD_WP,
  PTE_WRITE,
  entryFrame,
  isGuard,
  isHuge,
  isMigration,
  isSwap,
  isWritable,
  leafEntry,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { FRAME_ANON, FRAME_EXCLUSIVE, HUGE_ORDER, isSpecial } from "./frames";
import { newAnonFolio } from "./install";
import { isDeviceExclusive, restoreExclusive } from "./device_exclusive";
import { Mm, mmAt } from "./mm";
import { blockEnd } from "./page_tables";
import { Vma, isAnonymous, isHugetlb, isShared } from "./vma";

export function copyRange(kernel: Kernel, parent: Vma, child: Vma): void {
  const source = mmAt(parent.mm);
  const target = mmAt(child.mm);
  const tables = kernel.tables;
  makeUpperTables(kernel, source, target, parent);
  let va = tables.firstPmd(source, parent.start, parent.end);
  while (va < parent.end) {
    const next = blockEnd(va, parent.end);
    const address = tables.pmdAddress;
    if (isHuge(load<u64>(address))) {
      if (isAnonymous(parent) || isHugetlb(parent)) copyHuge(kernel, parent, target, address, va);
    } else {
      copyTable(kernel, parent, child, load<u64>(address), va, next);
    }
    va = tables.firstPmd(source, next, parent.end);
  }
}

/** copy_p4d_range, copy_pud_range: wherever the parent has upper tables, so does the child. */
function makeUpperTables(kernel: Kernel, source: Mm, target: Mm, parent: Vma): void {
  const tables = kernel.tables;
  let va = parent.start;
  while (va < parent.end) {
    if (load<u64>(tables.find(source, va, LEVEL_PGD)) == 0) {
      va = (va | (PGD_SIZE - 1)) + 1;
      continue;
    }
    tables.make(target, va, LEVEL_PUD);
    if (load<u64>(tables.find(source, va, LEVEL_PUD)) != 0) tables.make(target, va, LEVEL_PMD);
    va = (va | (PUD_SIZE - 1)) + 1;
  }
}

function copyHuge(kernel: Kernel, parent: Vma, target: Mm, address: usize, va: u64): void {
  let entry = load<u64>(address);
  const pfn = entryFrame(entry);
  const frames = kernel.frames;
  if (!isShared(parent)) {
    entry &= ~PTE_WRITE;
    kernel.frames.protectHuge(pfn);
    store<u64>(address, entry);
    if (isHugetlb(parent) && kernel.facts.notifiesDowngrades) {
      kernel.sink.secondaryFlush(mmAt(parent.mm), parent.start, parent.end);
    }
    if (!isSpecial(pfn)) {
      for (let i: u32 = 0; i < 1 << HUGE_ORDER; i++) frames.at(pfn + i).flags &= ~FRAME_EXCLUSIVE;
    }
  }
  store<u64>(kernel.tables.make(target, va, LEVEL_PMD), entry & ~PTE_ACCESSED);
  frames.mapHuge(pfn);
}

function copyTable(kernel: Kernel, parent: Vma, child: Vma, pmd: u64, start: u64, end: u64): void {
  const tables = kernel.tables;
  const target = mmAt(child.mm);
  for (let va = start; va < end; va += 4096) {
    const from = tables.pteIn(pmd, va);
    if (isDeviceExclusive(load<u64>(from))) restoreExclusive(kernel, parent, va);
    const entry = load<u64>(from);
    const to = tables.make(target, va, 1);
    if (entry == 0) continue;
    if (isPinned(kernel, parent, entry)) copyPinned(kernel, child, va, to, entry);
    else store<u64>(to, copyOf(kernel, parent, from, entry));
  }
}

/** A private page that a device has pinned stays the parent's alone. */
function isPinned(kernel: Kernel, parent: Vma, entry: u64): bool {
  if (isShared(parent) || !mapsFrame(entry)) return false;
  const pfn = entryFrame(entry);
  return !isSpecial(pfn) && kernel.frames.head(pfn).dmaPins != 0;
}

/** copy_present_page: the child gets a copy at once, and the parent's entry is left alone. */
function copyPinned(kernel: Kernel, child: Vma, va: u64, to: usize, entry: u64): void {
  const copy = newAnonFolio(kernel, child, va, 0);
  kernel.frames.map(copy);
  store<u64>(to, leafEntry(copy, isWritable(entry)));
}

/** The child's entry; write-protects the parent's where the page is private. */
function copyOf(kernel: Kernel, parent: Vma, from: usize, entry: u64): u64 {
  if (!mapsFrame(entry)) return copyOfAbsent(kernel, from, entry);
  const pfn = entryFrame(entry);
  kernel.frames.map(pfn);
  if (isShared(parent)) return entry & ~(PTE_DIRTY | PTE_ACCESSED | PTE_UFFD_WP);
  if (!isSpecial(pfn) && (kernel.frames.at(pfn).flags & FRAME_ANON) != 0) {
    kernel.frames.at(pfn).flags &= ~FRAME_EXCLUSIVE;
  }
  kernel.frames.protect(pfn);
  store<u64>(from, entry & ~PTE_WRITE);
  return entry & ~(PTE_WRITE | PTE_ACCESSED | PTE_UFFD_WP);
}

function copyOfAbsent(kernel: Kernel, from: usize, entry: u64): u64 {
  if (isSwap(entry)) {
    kernel.swap.share(entryFrame(entry));
    store<u64>(from, entry & ~PTE_SWAP_EXCLUSIVE);
    return entry & ~PTE_SWAP_EXCLUSIVE;
  }
  if (isMigration(entry) || isGuard(entry)) return entry;
  return 0;
}

/** Whether `va` begins a whole block of `[start, end)`. */
export function isWholeBlock(va: u64, end: u64): bool {
  return (va & (PMD_SIZE - 1)) == 0 && va + PMD_SIZE <= end;
}

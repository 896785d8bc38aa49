/**
 * Pages of hugetlbfs: 2 MiB at a time, never split.
 *
 * Models:     strides of 2 MiB; mprotect flushes its range itself, inside the pair, and the gather
 *             once more in full; copy-on-write of a whole huge page; tables of a GiB that others
 *             share, which go whole, and are flushed as a GiB.
 * Simplifies: one huge page size; huge pages do not migrate.                   (DEVIATIONS D12)
 * Source:     linux 6.18 mm/hugetlb.c
 */
import { LEVEL_PMD, PMD_SIZE, PUD_SIZE, alignDown } from "../../base/page";
import {
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_PAGE_SIZE,
  PTE_UFFD_WP,
  PTE_WRITE,
  entryFrame,
  isWritable,
} from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { entryFor, withProtectionOf, writeBit } from "./entries";
import { FRAME_ANON, FRAME_EXCLUSIVE, FRAME_FILE, FRAME_HUGETLB, HUGE_ORDER } from "./frames";
import { makeHugetlbEntry, sharedEnd, sharedStart, unshareTable } from "./hugetlb_sharing";
import { Mm, mmAt } from "./mm";
import { ProtectKind } from "../plan";
import { UFFD_WP_ASYNC } from "./uffd_modes";
import { Vma, isShared, linearPage } from "./vma";
import { VM_WRITE } from "./vm_flags";

/** Whether a table was unshared, and its flush is due before the locks of its file are dropped. */
export function zapHugetlb(kernel: Kernel, vma: Vma, start: u64, end: u64): bool {
  const mm = mmAt(vma.mm);
  let isUnshared = false;
  for (let va = start; va < end; va += PMD_SIZE) {
    const address = kernel.tables.find(mm, va, LEVEL_PMD);
    if (address != 0 && unshareTable(kernel, mm, va)) {
      if (kernel.facts.flushesUnshared) kernel.gather.unsharedPmds(alignDown(va, PUD_SIZE));
      isUnshared = true;
      va = lastBlock(va);
      continue;
    }
    if (address == 0 || load<u64>(address) == 0) continue;
    const pfn = entryFrame(load<u64>(address));
    store<u64>(address, 0);
    kernel.gather.clearedPmd(va);
    const isFull = kernel.gather.addPages(pfn, 1, false);
    kernel.frames.unmapHuge(pfn);
    if (isFull) kernel.gather.flush();
  }
  return isUnshared && kernel.facts.flushesUnshared;
}

/** The last block of the GiB of `va` (hugetlb_mask_last_page). */
function lastBlock(va: u64): u64 {
  return alignDown(va, PUD_SIZE) + PUD_SIZE - PMD_SIZE;
}

/** hugetlb_change_protection; userfaultfd `marks` entries, or takes its mark. */
export function protectHugetlb(
  kernel: Kernel,
  vma: Vma,
  start: u64,
  end: u64,
  kind: ProtectKind,
): void {
  const mm = mmAt(vma.mm);
  const from = sharedStart(kernel, vma, start, end);
  const to = sharedEnd(kernel, vma, start, end);
  let isUnshared = false;
  kernel.sink.rangeStart(mm, NotifierEvent.ProtectionVma, from, to);
  for (let va = start; va < end; va += PMD_SIZE) {
    const address = kernel.tables.find(mm, va, LEVEL_PMD);
    if (address != 0 && unshareTable(kernel, mm, va)) {
      isUnshared = true;
      va = lastBlock(va);
      continue;
    }
    if (address == 0 || load<u64>(address) == 0) continue;
    store<u64>(address, protectedEntry(vma, load<u64>(address), kind));
  }
  // what was unshared may be freed by others as soon as the locks are dropped
  const isWide = isUnshared && kernel.facts.widensShared;
  const first = isWide ? from : start;
  const last = isWide ? to : end;
  if (kernel.facts.notifiesDowngrades) kernel.tlbs.flushRangeNotify(mm, first, last, 21, false);
  else kernel.tlbs.flushRange(mm, first, last, 21, false);
  kernel.sink.rangeEnd(mm);
  if (kernel.facts.nestsHugetlbGather) kernel.gather.requireFullFlush();
}

/** Entries of shared memory are writable with their VMA: nothing of hugetlbfs is written back. */
function protectedEntry(vma: Vma, old: u64, kind: ProtectKind): u64 {
  let entry = withProtectionOf(vma, old);
  if (kind == ProtectKind.UffdProtect) entry |= PTE_UFFD_WP;
  if (kind == ProtectKind.UffdResolve) entry &= ~PTE_UFFD_WP;
  if (isShared(vma) && (entry & PTE_UFFD_WP) == 0) entry |= writeBit(vma);
  return entry;
}

/** move_hugetlb_page_tables: a table that is shared is left behind, with its pages. */
export function moveHugetlb(
  kernel: Kernel,
  vma: Vma,
  start: u64,
  targetStart: u64,
  end: u64,
  targetVma: Vma,
): void {
  const mm = mmAt(vma.mm);
  let isUnshared = false;
  for (let va = start; va < end; va += PMD_SIZE) {
    const from = kernel.tables.find(mm, va, LEVEL_PMD);
    if (from == 0 || load<u64>(from) == 0) continue;
    if (unshareTable(kernel, mm, va)) {
      isUnshared = true;
      va = lastBlock(va);
      continue;
    }
    const to = makeHugetlbEntry(kernel, targetVma, targetStart + (va - start));
    const entry = load<u64>(from);
    store<u64>(from, 0);
    store<u64>(to, entry);
  }
  const isWide = isUnshared && kernel.facts.widensShared;
  const first = isWide ? sharedStart(kernel, vma, start, end) : start;
  const last = isWide ? sharedEnd(kernel, vma, start, end) : end;
  kernel.tlbs.flushRange(mm, first, last, 21, false);
}

/** hugetlb_fault: maps, or makes private, the huge page of `va`. */
export function faultHugetlb(kernel: Kernel, vma: Vma, va: u64, isWrite: bool): void {
  const mm = mmAt(vma.mm);
  const block = va & ~(PMD_SIZE - 1);
  const address = makeHugetlbEntry(kernel, vma, block);
  const entry = load<u64>(address);
  if (entry == 0) {
    store<u64>(address, newEntry(kernel, vma, block, isWrite));
    return;
  }
  if (!isWrite || isWritable(entry)) return;
  if (isShared(vma)) store<u64>(address, (entry & ~PTE_UFFD_WP) | PTE_WRITE | PTE_DIRTY);
  else makePrivate(kernel, mm, vma, block, address);
}

/** A write to the huge page at `va` waits for userfaultfd to lift its protection. */
export function isHugetlbProtected(kernel: Kernel, mm: Mm, vma: Vma, va: u64): bool {
  if ((vma.uffd & UFFD_WP_ASYNC) != 0) return false;
  const address = kernel.tables.find(mm, va, LEVEL_PMD);
  return address != 0 && (load<u64>(address) & PTE_UFFD_WP) != 0;
}

function newEntry(kernel: Kernel, vma: Vma, block: u64, isWrite: bool): u64 {
  const pfn = isShared(vma) ? cachedHugePage(kernel, vma, block) : newHugePage(kernel, vma);
  kernel.frames.mapHuge(pfn);
  const writable = (vma.flags & VM_WRITE) != 0 && (isWrite || isShared(vma));
  return entryFor(vma, pfn) | PTE_PAGE_SIZE | (writable ? PTE_WRITE | PTE_DIRTY : 0);
}

function newHugePage(kernel: Kernel, vma: Vma): u32 {
  const pfn = kernel.frames.allocate(HUGE_ORDER, FRAME_ANON | FRAME_HUGETLB);
  kernel.frames.at(pfn).flags |= FRAME_EXCLUSIVE;
  kernel.frames.at(pfn).owner = vma.anonVma;
  return pfn;
}

function cachedHugePage(kernel: Kernel, vma: Vma, block: u64): u32 {
  const index = linearPage(vma, block);
  const cached = kernel.files.cachedPage(vma.file, index);
  if (cached != 0) return cached;
  const pfn = kernel.frames.allocate(HUGE_ORDER, FRAME_FILE | FRAME_HUGETLB);
  kernel.frames.at(pfn).owner = vma.file;
  kernel.frames.at(pfn).index = index;
  kernel.files.addToCache(vma.file, index, pfn);
  return pfn;
}

/**
 * hugetlb_wp: takes the page over when nobody else maps it, else copies it inside a notifier pair.
 */
function makePrivate(kernel: Kernel, mm: Mm, vma: Vma, block: u64, address: usize): void {
  const old = load<u64>(address);
  const pfn = entryFrame(old);
  if (kernel.frames.at(pfn).hugeMapcount == 1 && (kernel.frames.at(pfn).flags & FRAME_ANON) != 0) {
    kernel.frames.at(pfn).flags |= FRAME_EXCLUSIVE;
    store<u64>(address, old | PTE_WRITE | PTE_DIRTY | PTE_ACCESSED);
    return;
  }
  kernel.sink.rangeStart(mm, NotifierEvent.Clear, block, block + PMD_SIZE);
  kernel.holdReplaced(pfn);
  store<u64>(address, 0);
  kernel.tlbs.flushRangeNotify(mm, block, block + PMD_SIZE, 21, false);
  store<u64>(address, newEntry(kernel, vma, block, true));
  kernel.frames.unmapHuge(pfn);
  kernel.sink.rangeEnd(mm);
  kernel.putReplaced();
}

/**
 * Pages of hugetlbfs: 2 MiB at a time, never split.
 *
 * Models:     strides of 2 MiB; mprotect flushes its range itself, inside the pair, and the gather
 *             once more in full; copy-on-write of a whole huge page; ranges that reach to where a
 *             table of 1 GiB may be shared.
 * Simplifies: one huge page size; no table is in fact shared.                  (DEVIATIONS D12)
 * Source:     linux 6.18 mm/hugetlb.c
 */
import { LEVEL_PMD, PMD_SIZE, PUD_SIZE, alignDown, alignUp } from "../../base/page";
import {
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_PAGE_SIZE,
  PTE_WRITE,
  entryFrame,
  isWritable,
} from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { entryFor, withProtectionOf } from "./entries";
import { FRAME_ANON, FRAME_EXCLUSIVE, FRAME_FILE, FRAME_HUGETLB, HUGE_ORDER } from "./frames";
import { Mm, mmAt } from "./mm";
import { Vma, isHugetlb, isShared, linearPage } from "./vma";
import { VM_WRITE } from "./vm_flags";

export function zapHugetlb(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  for (let va = start; va < end; va += PMD_SIZE) {
    const address = kernel.tables.find(mm, va, LEVEL_PMD);
    if (address == 0 || load<u64>(address) == 0) continue;
    const pfn = entryFrame(load<u64>(address));
    store<u64>(address, 0);
    kernel.gather.clearedPmd(va);
    const isFull = kernel.gather.addPages(pfn, 1, false);
    kernel.frames.unmapHuge(pfn);
    if (isFull) kernel.gather.flush();
  }
}

/**
 * adjust_range_if_pmd_sharing_possible: where the range begins that may lose its pmd table whole,
 * since another mm may share it.
 */
export function sharedStart(kernel: Kernel, vma: Vma, start: u64, end: u64): u64 {
  if (!reachesShared(kernel, vma, start, end)) return start;
  return start > alignUp(vma.start, PUD_SIZE) ? alignDown(start, PUD_SIZE) : start;
}

/** ... and where it ends. */
export function sharedEnd(kernel: Kernel, vma: Vma, start: u64, end: u64): u64 {
  if (!reachesShared(kernel, vma, start, end)) return end;
  return end < alignDown(vma.end, PUD_SIZE) ? alignUp(end, PUD_SIZE) : end;
}

/** Whether a part of the range lies in a whole GiB of a VMA that is shared. */
function reachesShared(kernel: Kernel, vma: Vma, start: u64, end: u64): bool {
  if (!kernel.facts.widensShared || !isHugetlb(vma) || !isShared(vma)) return false;
  const first = alignUp(vma.start, PUD_SIZE);
  const last = alignDown(vma.end, PUD_SIZE);
  return last > first && end > first && start < last;
}

export function protectHugetlb(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  const from = sharedStart(kernel, vma, start, end);
  const to = sharedEnd(kernel, vma, start, end);
  kernel.sink.rangeStart(mm, NotifierEvent.ProtectionVma, from, to);
  for (let va = start; va < end; va += PMD_SIZE) {
    const address = kernel.tables.find(mm, va, LEVEL_PMD);
    if (address == 0 || load<u64>(address) == 0) continue;
    store<u64>(address, withProtectionOf(vma, load<u64>(address)));
  }
  if (kernel.facts.notifiesDowngrades) kernel.tlbs.flushRangeNotify(mm, start, end, 21, false);
  else kernel.tlbs.flushRange(mm, start, end, 21, false);
  kernel.sink.rangeEnd(mm);
  if (kernel.facts.nestsHugetlbGather) kernel.gather.requireFullFlush();
}

export function moveHugetlb(
  kernel: Kernel,
  vma: Vma,
  start: u64,
  targetStart: u64,
  end: u64,
): void {
  const mm = mmAt(vma.mm);
  let target = targetStart;
  for (let va = start; va < end; va += PMD_SIZE) {
    const from = kernel.tables.find(mm, va, LEVEL_PMD);
    if (from != 0 && load<u64>(from) != 0) {
      store<u64>(kernel.tables.make(mm, target, LEVEL_PMD), load<u64>(from));
      store<u64>(from, 0);
    }
    target += PMD_SIZE;
  }
  kernel.tlbs.flushRange(mm, start, end, 21, false);
}

/** hugetlb_fault: maps, or makes private, the huge page of `va`. */
export function faultHugetlb(kernel: Kernel, vma: Vma, va: u64, isWrite: bool): void {
  const mm = mmAt(vma.mm);
  const block = va & ~(PMD_SIZE - 1);
  const address = kernel.tables.make(mm, block, LEVEL_PMD);
  const entry = load<u64>(address);
  if (entry == 0) {
    store<u64>(address, newEntry(kernel, vma, block, isWrite));
    return;
  }
  if (isWrite && !isWritable(entry)) makePrivate(kernel, mm, vma, block, address);
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

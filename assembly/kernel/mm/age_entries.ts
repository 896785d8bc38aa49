/**
 * MADV_FREE and MADV_COLD: entries stay, but lose their accessed and dirty bits.
 *
 * Models:     zero pages are left alone, by MADV_COLD also pages that others map, by MADV_FREE
 *             those of them that are dirty or in the swap cache; a large folio of which only a part
 *             is concerned is split first, and left alone when it cannot be; a 2 MiB entry is
 *             flushed at once and by the gather.
 * Source:     linux 6.18 mm/madvise.c (madvise_free_pte_range, madvise_cold_or_pageout_pte_range),
 *             mm/huge_memory.c (madvise_free_huge_pmd)
 */
import { PMD_SIZE } from "../../base/page";
import {
  PTE_ACCESSED,
  PTE_DIRTY,
  entryFrame,
  invalidEntry,
  isHuge,
  isSwap,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { isMappedShared, runOfFolio } from "./folio_entries";
import {
  FRAME_DIRTY,
  FRAME_LAZYFREE,
  FRAME_SWAPCACHE,
  Frame,
  HUGE_ZERO_PFN,
  isSpecial,
} from "./frames";
import { mmAt } from "./mm";
import { blockEnd } from "./page_tables";
import { dropSwapCache, dropSwapEntry } from "./swap_entries";
import { Vma } from "./vma";

export function markLazyFree(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  ageRange(kernel, vma, start, end, true);
}

export function markCold(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  ageRange(kernel, vma, start, end, false);
}

function ageRange(kernel: Kernel, vma: Vma, start: u64, end: u64, lazyFree: bool): void {
  const mm = mmAt(vma.mm);
  const tables = kernel.tables;
  let va = tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    const address = tables.pmdAddress;
    if (isHuge(load<u64>(address))) ageHuge(kernel, vma, address, va, next, lazyFree);
    const entry = load<u64>(address);
    if (entry != 0 && !isHuge(entry)) ageTable(kernel, vma, entry, va, next, lazyFree);
    va = tables.firstPmd(mm, next, end);
  }
  kernel.gather.endVma();
}

/** A 2 MiB entry; splits its folio when only a part is concerned. */
function ageHuge(
  kernel: Kernel,
  vma: Vma,
  address: usize,
  va: u64,
  next: u64,
  lazyFree: bool,
): void {
  const entry = load<u64>(address);
  const pfn = entryFrame(entry);
  const mm = mmAt(vma.mm);
  if (pfn == HUGE_ZERO_PFN || isMappedShared(kernel, mm, pfn)) return;
  if (next - va != PMD_SIZE) {
    kernel.splitter.split(kernel, pfn);
    return;
  }
  if (lazyFree) kernel.frames.at(pfn).flags &= ~FRAME_DIRTY;
  const cleared = lazyFree ? PTE_ACCESSED | PTE_DIRTY : PTE_ACCESSED;
  if ((entry & cleared) != 0) {
    // pmdp_invalidate, which flushes by itself
    store<u64>(address, invalidEntry(entry));
    kernel.tlbs.flushPmd(mm, va);
    store<u64>(address, entry & ~cleared);
    kernel.gather.clearedPmd(va);
  }
  if (lazyFree) becomeLazyFree(kernel, pfn);
}

function ageTable(kernel: Kernel, vma: Vma, pmd: u64, start: u64, end: u64, lazyFree: bool): void {
  const mm = mmAt(vma.mm);
  kernel.tlbs.flushBatchedPending(mm);
  let va = start;
  while (va < end) {
    const address = kernel.tables.pteIn(pmd, va);
    const entry = load<u64>(address);
    if (!mapsFrame(entry) || isSpecial(entryFrame(entry))) {
      if (lazyFree && isSwap(entry)) {
        store<u64>(address, 0);
        dropSwapEntry(kernel, entryFrame(entry));
      }
      va += 4096;
      continue;
    }
    const head = kernel.frames.head(entryFrame(entry));
    const run = runOfFolio(kernel, pmd, va, end);
    const next = va + ((<u64>run) << 12);
    if (run < (<u32>1) << head.order) {
      // only a part is concerned: the pages are looked at one by one once the folio is split
      if (isMappedShared(kernel, mm, head.head) || !kernel.splitter.split(kernel, head.head))
        va = next;
      continue;
    }
    const mayAge = lazyFree ? mayBecomeLazyFree(kernel, head) : head.mappings == run;
    if (mayAge) ageRun(kernel, pmd, va, run, lazyFree);
    if (mayAge && lazyFree) becomeLazyFree(kernel, head.head);
    va = next;
  }
}

/**
 * A page with a copy in swap, or one that is known to be dirty, is given up only when nobody else
 * maps it and its swap slot can go.
 */
function mayBecomeLazyFree(kernel: Kernel, head: Frame): bool {
  const isCached = (head.flags & FRAME_SWAPCACHE) != 0;
  if (!isCached && (head.flags & FRAME_DIRTY) == 0) return true;
  if (head.mappings != (<u32>1) << head.order) return false;
  if (isCached) {
    if (kernel.swap.countOf(head.slot) != 0) return false;
    dropSwapCache(kernel, head.slot);
  }
  head.flags &= ~FRAME_DIRTY;
  return true;
}

/** The entries of one folio are looked at, and change, as one. */
function ageRun(kernel: Kernel, pmd: u64, va: u64, count: u32, lazyFree: bool): void {
  const cleared = lazyFree ? PTE_ACCESSED | PTE_DIRTY : PTE_ACCESSED;
  let bits: u64 = 0;
  for (let i: u32 = 0; i < count; i++)
    bits |= load<u64>(kernel.tables.pteIn(pmd, va + ((<u64>i) << 12)));
  if ((bits & cleared) == 0) return;
  for (let i: u32 = 0; i < count; i++) {
    const address = kernel.tables.pteIn(pmd, va + ((<u64>i) << 12));
    store<u64>(address, load<u64>(address) & ~cleared);
  }
  kernel.gather.clearedPte(va, count);
}

/** folio_mark_lazyfree: the folio waits on the CPU's list, which holds a reference. */
function becomeLazyFree(kernel: Kernel, pfn: u32): void {
  const frame = kernel.frames.at(pfn);
  if ((frame.flags & FRAME_LAZYFREE) != 0) return;
  frame.flags |= FRAME_LAZYFREE;
  kernel.pending.addLazyFree(pfn);
}

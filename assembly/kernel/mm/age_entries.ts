/**
 * MADV_FREE and MADV_COLD: entries stay, but lose their accessed and dirty bits.
 *
 * Models:     zero pages and pages that others map too are left alone; a large folio of which only
 *             a part is concerned is split first.
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
import { splitFolio } from "./folio_split";
import { FRAME_DIRTY, FRAME_LAZYFREE, FRAME_SWAPCACHE, HUGE_ZERO_PFN, isSpecial } from "./frames";
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
  if (pfn == HUGE_ZERO_PFN || kernel.frames.at(pfn).mappings != 1) return;
  if (next - va != PMD_SIZE) {
    splitFolio(kernel, pfn);
    return;
  }
  if (lazyFree) kernel.frames.at(pfn).flags &= ~FRAME_DIRTY;
  const cleared = lazyFree ? PTE_ACCESSED | PTE_DIRTY : PTE_ACCESSED;
  if ((entry & cleared) != 0) {
    // pmdp_invalidate: MADV_FREE flushes at once, MADV_COLD lets the gather do it
    if (lazyFree) {
      store<u64>(address, invalidEntry(entry));
      kernel.tlbs.flushPmd(mmAt(vma.mm), va);
    }
    store<u64>(address, entry & ~cleared);
    kernel.gather.clearedPmd(va);
  }
  if (lazyFree) becomeLazyFree(kernel, pfn);
}

function ageTable(kernel: Kernel, vma: Vma, pmd: u64, start: u64, end: u64, lazyFree: bool): void {
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.pteIn(pmd, va);
    const entry = load<u64>(address);
    if (!mapsFrame(entry)) {
      if (lazyFree && isSwap(entry)) {
        store<u64>(address, 0);
        dropSwapEntry(kernel, entryFrame(entry));
      }
      continue;
    }
    const pfn = entryFrame(entry);
    if (isSpecial(pfn)) continue;
    const head = kernel.frames.head(pfn);
    if (head.order != 0) {
      if (head.mappings > (<u32>1) << head.order) continue;
      const whole = isWholeFolioMapped(kernel, pmd, va, end, head.head, head.order);
      if (
        !whole &&
        pfn != head.head &&
        isTailOfWhole(kernel, pmd, start, end, va, head.head, head.order)
      ) {
        // already handled with the folio's first page
      } else if (!whole) {
        splitFolio(kernel, head.head);
        va -= 4096;
        continue;
      }
    }
    ageOne(kernel, address, va, lazyFree);
  }
}

function ageOne(kernel: Kernel, address: usize, va: u64, lazyFree: bool): void {
  const entry = load<u64>(address);
  const pfn = entryFrame(entry);
  const head = kernel.frames.head(pfn);
  if (head.order == 0 && head.mapcount != 1) return;
  const cleared = lazyFree ? PTE_ACCESSED | PTE_DIRTY : PTE_ACCESSED;
  if (lazyFree && (head.flags & FRAME_SWAPCACHE) != 0 && kernel.swap.countOf(head.slot) == 0)
    dropSwapCache(kernel, head.slot);
  if ((entry & cleared) != 0) {
    store<u64>(address, entry & ~cleared);
    kernel.gather.clearedPte(va, 1);
  }
  if (lazyFree) {
    head.flags &= ~FRAME_DIRTY;
    if (pfn == head.head) becomeLazyFree(kernel, pfn);
  }
}

/** folio_mark_lazyfree: the folio waits on the CPU's list, which holds a reference. */
function becomeLazyFree(kernel: Kernel, pfn: u32): void {
  const frame = kernel.frames.at(pfn);
  if ((frame.flags & FRAME_LAZYFREE) != 0) return;
  frame.flags |= FRAME_LAZYFREE;
  kernel.pending.addLazyFree(pfn);
}

/** Whether the entries from `va` on, up to `end`, map the whole folio that starts at `headPfn`. */
function isWholeFolioMapped(
  kernel: Kernel,
  pmd: u64,
  va: u64,
  end: u64,
  headPfn: u32,
  order: u32,
): bool {
  if (va + ((<u64>4096) << order) > end) return false;
  for (let i: u32 = 0; i < 1 << order; i++) {
    const entry = load<u64>(kernel.tables.pteIn(pmd, va + ((<u64>i) << 12)));
    if (!mapsFrame(entry) || entryFrame(entry) != headPfn + i) return false;
  }
  return true;
}

/** Whether the page at `va` belongs to a folio that lies whole in `[start, end)`. */
function isTailOfWhole(
  kernel: Kernel,
  pmd: u64,
  start: u64,
  end: u64,
  va: u64,
  headPfn: u32,
  order: u32,
): bool {
  const pfn = entryFrame(load<u64>(kernel.tables.pteIn(pmd, va)));
  const offset = (<u64>(pfn - headPfn)) << 12;
  if (va - start < offset) return false;
  return isWholeFolioMapped(kernel, pmd, va - offset, end, headPfn, order);
}

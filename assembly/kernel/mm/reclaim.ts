/**
 * Taking a folio out of memory: unmapping it everywhere, then giving its content away.
 *
 * Models:     one notifier pair for each mapping; swap entries that remember whether the page was
 *             exclusive; the flush of dirty pages before they are written; folios of MADV_FREE that
 *             were not written since are dropped; dirty pages of a disk's files stay in the cache.
 * Simplifies: swap has no slots for large folios, as on a swap file: they are split.
 * Source:     linux 6.18 mm/vmscan.c (shrink_folio_list), mm/rmap.c (try_to_unmap_one)
 */
import { LEVEL_PMD, PMD_SIZE, alignDown } from "../../base/page";
import {
  PTE_DIRTY,
  PTE_SWAP_EXCLUSIVE,
  PTE_UFFD_WP,
  entryFrame,
  invalidEntry,
  isHuge,
  isPresent,
  mapsFrame,
  swapEntry,
  validEntry,
} from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { runOfFolio } from "./folio_entries";
import {
  FRAME_ANON,
  FRAME_DIRTY,
  FRAME_EXCLUSIVE,
  FRAME_FILE,
  FRAME_LAZYFREE,
  FRAME_SWAPCACHE,
  FRAME_USED,
} from "./frames";
import { newAnonFolio } from "./install";
import { Mm } from "./mm";
import { blockEnd } from "./page_tables";
import { RmapVisitor, walkFolio } from "./rmap";
import { dropSwapCache } from "./swap_entries";
import {
  endRmap,
  flushReclaimedDirty,
  flushUnmapped,
  holdReclaimed,
  startRmap,
} from "./unmap_flush";
import { Vma } from "./vma";

/**
 * try_to_unmap_one for anonymous memory: a single page that goes to swap, or a lazily freed folio
 * of any size.
 */
export class SwapOutPage extends RmapVisitor {
  /** 0: the folio is lazily freed. */
  slot: u32 = 0;

  visit(kernel: Kernel, mm: Mm, vma: Vma, va: u64, headPfn: u32, first: u32, count: u32): bool {
    startRmap(kernel, mm, NotifierEvent.Clear, va, va + ((<u64>count) << 12));
    const isUnmapped = this.unmapRange(kernel, mm, va, headPfn, first, count);
    endRmap(kernel, mm);
    return isUnmapped && kernel.frames.at(headPfn).mappings != 0;
  }

  private unmapRange(kernel: Kernel, mm: Mm, va: u64, headPfn: u32, first: u32, count: u32): bool {
    const address = kernel.tables.find(mm, va, LEVEL_PMD);
    if (address == 0 || load<u64>(address) == 0) return true;
    if (isHuge(load<u64>(address))) {
      if (entryFrame(load<u64>(address)) != headPfn) return true;
      return this.discardHuge(kernel, mm, va, address, headPfn);
    }
    let i: u32 = 0;
    while (i < count) {
      const at = va + ((<u64>i) << 12);
      const pmdAddress = kernel.tables.find(mm, at, LEVEL_PMD);
      const pmd = pmdAddress == 0 ? 0 : load<u64>(pmdAddress);
      const entry = pmd == 0 ? 0 : load<u64>(kernel.tables.pteIn(pmd, at));
      if (!mapsFrame(entry) || entryFrame(entry) != headPfn + first + i) {
        i++;
        continue;
      }
      const run = runOfFolio(kernel, pmd, at, blockEnd(at, va + ((<u64>count) << 12)));
      if (!this.unmapRun(kernel, mm, at, pmd, run, headPfn)) return false;
      i += run;
    }
    return true;
  }

  /** False when the pages were written since MADV_FREE: they are ordinary ones again. */
  private unmapRun(kernel: Kernel, mm: Mm, va: u64, pmd: u64, count: u32, headPfn: u32): bool {
    const tables = kernel.tables;
    const head = kernel.frames.at(headPfn);
    const old = load<u64>(tables.pteIn(pmd, va));
    let dirty: u64 = 0;
    for (let i: u32 = 0; i < count; i++) {
      // get_and_clear_ptes: no walk may find the page from before the flush on
      const address = tables.pteIn(pmd, va + ((<u64>i) << 12));
      dirty |= load<u64>(address) & PTE_DIRTY;
      store<u64>(address, invalidEntry(load<u64>(address)));
    }
    flushUnmapped(kernel, mm, va, count, old | dirty, true);
    if (dirty != 0) head.flags |= FRAME_DIRTY;
    if (this.slot == 0 && (head.flags & FRAME_DIRTY) != 0) {
      head.flags &= ~FRAME_LAZYFREE;
      for (let i: u32 = 0; i < count; i++) {
        const address = tables.pteIn(pmd, va + ((<u64>i) << 12));
        store<u64>(address, isPresent(old) ? validEntry(load<u64>(address)) : load<u64>(address));
      }
      return false;
    }
    for (let i: u32 = 0; i < count; i++) {
      const at = va + ((<u64>i) << 12);
      const address = tables.pteIn(pmd, at);
      const entry = load<u64>(address);
      const pfn = entryFrame(entry);
      store<u64>(address, this.slot == 0 ? 0 : this.swapped(kernel, pfn, entry));
      if (kernel.facts.hasInvalidatePage) kernel.sink.invalidatePage(mm, at);
      else kernel.tlbs.notifySecondary(mm, at, at + 4096);
      kernel.frames.unmap(pfn);
    }
    return true;
  }

  private swapped(kernel: Kernel, pfn: u32, entry: u64): u64 {
    const isExclusive = (kernel.frames.at(pfn).flags & FRAME_EXCLUSIVE) != 0;
    kernel.swap.share(this.slot);
    return swapEntry(this.slot) | (isExclusive ? PTE_SWAP_EXCLUSIVE : 0) | (entry & PTE_UFFD_WP);
  }

  /** unmap_huge_pmd_locked. */
  private discardHuge(kernel: Kernel, mm: Mm, va: u64, address: usize, headPfn: u32): bool {
    const entry = load<u64>(address);
    const head = kernel.frames.at(headPfn);
    store<u64>(address, invalidEntry(entry));
    kernel.tlbs.flushPmdNotify(mm, alignDown(va, PMD_SIZE));
    if ((entry & PTE_DIRTY) != 0) head.flags |= FRAME_DIRTY;
    if ((head.flags & FRAME_DIRTY) != 0) {
      head.flags &= ~FRAME_LAZYFREE;
      store<u64>(address, entry);
      return false;
    }
    store<u64>(address, 0);
    kernel.frames.unmapHuge(headPfn);
    return true;
  }
}

/** Unmaps the folio that starts at `headPfn` and lets its frames go, as far as its kind allows. */
export function reclaimFolio(kernel: Kernel, headPfn: u32): void {
  const head = kernel.frames.at(headPfn);
  if ((head.flags & FRAME_FILE) != 0) {
    reclaimFileFolio(kernel, headPfn);
    return;
  }
  if (head.dmaPins != 0) return;
  const isLazy = (head.flags & FRAME_LAZYFREE) != 0;
  if (!isLazy && head.order != 0) swapOutInPieces(kernel, headPfn);
  else if (isLazy || kernel.hasSwap) swapOut(kernel, headPfn, isLazy);
}

/**
 * No swap slots for a large folio: it is split. Its pages join the list at the end that is worked
 * off next, so that after the first of them the last comes first.
 */
function swapOutInPieces(kernel: Kernel, headPfn: u32): void {
  const pages: u32 = 1 << kernel.frames.at(headPfn).order;
  if (!kernel.splitter.split(kernel, headPfn) || !kernel.hasSwap) return;
  swapOutIfMapped(kernel, headPfn);
  for (let i = pages - 1; i > 0; i--) swapOutIfMapped(kernel, headPfn + i);
}

function swapOutIfMapped(kernel: Kernel, pfn: u32): void {
  const frame = kernel.frames.at(pfn);
  if ((frame.flags & FRAME_USED) != 0 && frame.mappings != 0) swapOut(kernel, pfn, false);
}

function swapOut(kernel: Kernel, pfn: u32, isLazy: bool): void {
  const frames = kernel.frames;
  const frame = frames.at(pfn);
  const visitor = kernel.swapOutPage;
  visitor.slot = 0;
  if (!isLazy) {
    if ((frame.flags & FRAME_SWAPCACHE) == 0) {
      frame.slot = kernel.swap.allocate(pfn);
      frame.flags |= FRAME_SWAPCACHE | FRAME_DIRTY;
    }
    visitor.slot = frame.slot;
  }
  frame.pins++;
  walkFolio(kernel, pfn, visitor);
  frame.pins--;
  const slot = visitor.slot;
  if (slot != 0 && frame.mappings == 0 && (frame.flags & FRAME_DIRTY) != 0) {
    flushReclaimedDirty(kernel);
    frame.flags &= ~FRAME_DIRTY;
  }
  if (slot != 0 && frame.mappings == 0 && frame.pins == 0) {
    kernel.swap.setPage(slot, 0);
    frame.flags &= ~FRAME_SWAPCACHE;
    frame.slot = 0;
  }
  holdReclaimed(kernel, pfn);
  frames.releaseIfUnused(pfn);
}

function reclaimFileFolio(kernel: Kernel, headPfn: u32): void {
  const head = kernel.frames.at(headPfn);
  kernel.splitter.unmapLater(kernel, headPfn);
  if (head.mappings != 0 || head.dmaPins != 0) return;
  if ((head.flags & FRAME_DIRTY) != 0) {
    // dirty pages of a disk's file are left to the flusher; those of shared memory go to swap
    if (!kernel.files.isShmem(head.owner) || !kernel.hasSwap) return;
    flushReclaimedDirty(kernel);
  }
  holdReclaimed(kernel, headPfn);
  dropFileFolio(kernel, headPfn);
}

/** Takes a folio that nobody maps out of the page cache and frees it. */
export function dropFileFolio(kernel: Kernel, headPfn: u32): void {
  const head = kernel.frames.at(headPfn);
  for (let i: u64 = 0; i < (<u64>1) << head.order; i++)
    kernel.files.dropFromCache(head.owner, head.index + i);
  head.flags &= ~(FRAME_FILE | FRAME_DIRTY);
  for (let i: u32 = 1; i < 1 << head.order; i++) kernel.frames.at(headPfn + i).flags &= ~FRAME_FILE;
  kernel.frames.releaseIfUnused(headPfn);
}

/** read_swap_cache_async: the page of `slot` is in memory, mapped by nobody yet. */
export function readIntoSwapCache(kernel: Kernel, vma: Vma, va: u64, slot: u32): void {
  if (kernel.swap.pageOf(slot) != 0) return;
  const pfn = newAnonFolio(kernel, vma, va, 0);
  const frame = kernel.frames.at(pfn);
  frame.flags = (frame.flags & ~FRAME_EXCLUSIVE) | FRAME_SWAPCACHE | FRAME_ANON;
  frame.slot = slot;
  kernel.swap.setPage(slot, pfn);
}

/** Whether the block of `va` is mapped by one entry. */
export function isHugeAt(kernel: Kernel, mm: Mm, va: u64): bool {
  const address = kernel.tables.find(mm, va, LEVEL_PMD);
  return address != 0 && isHuge(load<u64>(address));
}

/** Forgets the swap cache's page of a slot that nothing names any more. */
export function forgetSlot(kernel: Kernel, slot: u32): void {
  if (kernel.swap.pageOf(slot) != 0 && kernel.swap.countOf(slot) == 0) dropSwapCache(kernel, slot);
}

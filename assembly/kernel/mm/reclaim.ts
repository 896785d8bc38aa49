/**
 * Taking a folio out of memory: unmapping it everywhere, then giving its content away.
 *
 * Models:     one notifier pair for each mapping; swap entries that remember whether the page was
 *             exclusive; the flush of dirty pages before they are written; pages of MADV_FREE that
 *             were not written since are dropped; dirty pages of a disk's files stay in the cache.
 * Source:     linux 6.18 mm/vmscan.c (shrink_folio_list), mm/rmap.c (try_to_unmap_one)
 */
import { LEVEL_PMD } from "../../base/page";
import {
  PTE_DIRTY,
  PTE_SWAP_EXCLUSIVE,
  PTE_UFFD_WP,
  entryFrame,
  isHuge,
  mapsFrame,
  swapEntry,
} from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import {
  FRAME_ANON,
  FRAME_DIRTY,
  FRAME_EXCLUSIVE,
  FRAME_FILE,
  FRAME_LAZYFREE,
  FRAME_SWAPCACHE,
} from "./frames";
import { newAnonFolio } from "./install";
import { Mm } from "./mm";
import { RmapVisitor, walkFolio } from "./rmap";
import { dropSwapCache } from "./swap_entries";
import { endRmap, flushReclaimed, flushUnmapped, holdReclaimed, startRmap } from "./unmap_flush";
import { Vma } from "./vma";

/** try_to_unmap_one for a single anonymous page. */
export class SwapOutPage extends RmapVisitor {
  slot: u32 = 0;
  isDirty: bool = false;

  visit(kernel: Kernel, mm: Mm, vma: Vma, va: u64, headPfn: u32, first: u32, count: u32): bool {
    startRmap(kernel, mm, NotifierEvent.Clear, va, va + 4096);
    const address = kernel.tables.findPte(mm, va);
    const entry = address == 0 ? 0 : load<u64>(address);
    if (mapsFrame(entry) && entryFrame(entry) == headPfn)
      this.unmap(kernel, mm, va, address, headPfn);
    endRmap(kernel, mm);
    return kernel.frames.at(headPfn).mappings != 0;
  }

  private unmap(kernel: Kernel, mm: Mm, va: u64, address: usize, pfn: u32): void {
    const entry = load<u64>(address);
    const frame = kernel.frames.at(pfn);
    if (this.slot == 0 && (entry & PTE_DIRTY) != 0) {
      // written since MADV_FREE: it is an ordinary page again
      store<u64>(address, 0);
      flushUnmapped(kernel, mm, va, entry);
      store<u64>(address, entry);
      frame.flags &= ~FRAME_LAZYFREE;
      return;
    }
    store<u64>(address, 0);
    flushUnmapped(kernel, mm, va, entry);
    this.isDirty = this.isDirty || (entry & PTE_DIRTY) != 0;
    if (this.slot != 0) {
      const exclusive = (frame.flags & FRAME_EXCLUSIVE) != 0 ? PTE_SWAP_EXCLUSIVE : 0;
      store<u64>(address, swapEntry(this.slot) | exclusive | (entry & PTE_UFFD_WP));
      kernel.swap.share(this.slot);
    }
    if (kernel.facts.hasInvalidatePage) kernel.sink.invalidatePage(mm, va);
    else kernel.tlbs.notifySecondary(mm, va, va + 4096);
    kernel.frames.unmap(pfn);
  }
}

/** Unmaps the folio that starts at `headPfn` and lets its frames go, as far as its kind allows. */
export function reclaimFolio(kernel: Kernel, headPfn: u32): void {
  const head = kernel.frames.at(headPfn);
  if ((head.flags & FRAME_FILE) != 0) {
    reclaimFileFolio(kernel, headPfn);
    return;
  }
  const isLazy = (head.flags & FRAME_LAZYFREE) != 0;
  if (!isLazy && !kernel.hasSwap) return;
  swapOut(kernel, headPfn, isLazy);
}

function swapOut(kernel: Kernel, pfn: u32, isLazy: bool): void {
  const frames = kernel.frames;
  const frame = frames.at(pfn);
  const visitor = kernel.swapOutPage;
  visitor.isDirty = false;
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
  if (visitor.isDirty) flushReclaimed(kernel);
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
  if (head.mappings != 0) return;
  const isShmem = kernel.files.isShmem(head.owner);
  if ((head.flags & FRAME_DIRTY) != 0 || isShmem) {
    if (!isShmem || !kernel.hasSwap) return;
    flushReclaimed(kernel);
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

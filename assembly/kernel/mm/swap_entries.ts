/**
 * Swap entries in page tables coming and going.
 *
 * Models:     the slot and its unmapped page go with the last entry that names it.
 * Source:     linux 6.18 mm/swapfile.c (free_swap_and_cache_nr, swap_free_nr), mm/swap_state.c
 */
import { Kernel } from "../kernel";
import { FRAME_SWAPCACHE } from "./frames";

/** One entry for `slot` was cleared; with the last one the slot goes, and its unmapped page. */
export function dropSwapEntry(kernel: Kernel, slot: u32): void {
  if (!kernel.swap.drop(slot)) return;
  const pfn = kernel.swap.pageOf(slot);
  if (pfn == 0) kernel.swap.release(slot);
  else if (kernel.frames.head(pfn).mappings == 0) dropSwapCache(kernel, slot);
}

/** A page table entry for `slot` became a mapping of its page, which stays in the swap cache. */
export function swapEntryMapped(kernel: Kernel, slot: u32): void {
  kernel.swap.drop(slot);
}

/** Takes the page of `slot`, which no entry names, out of the swap cache. */
export function dropSwapCache(kernel: Kernel, slot: u32): void {
  const pfn = kernel.swap.pageOf(slot);
  const frame = kernel.frames.head(pfn);
  frame.flags &= ~FRAME_SWAPCACHE;
  frame.slot = 0;
  kernel.swap.release(slot);
  kernel.frames.releaseIfUnused(frame.head);
}

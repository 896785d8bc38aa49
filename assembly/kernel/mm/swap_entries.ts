/**
 * Swap entries in page tables coming and going.
 *
 * Source: linux 6.18 mm/swapfile.c (free_swap_and_cache_nr), mm/swap_state.c
 */
import { Kernel } from "../kernel";
import { FRAME_SWAPCACHE } from "./frames";

/** One entry for `slot` was cleared; the last one frees the slot and its page in the swap cache. */
export function dropSwapEntry(kernel: Kernel, slot: u32): void {
  if (!kernel.swap.drop(slot)) return;
  dropSwapCache(kernel, slot);
  kernel.swap.release(slot);
}

/** Takes the page of `slot` out of the swap cache. */
export function dropSwapCache(kernel: Kernel, slot: u32): void {
  const pfn = kernel.swap.pageOf(slot);
  if (pfn == 0) return;
  kernel.swap.setPage(slot, 0);
  const frame = kernel.frames.head(pfn);
  frame.flags &= ~FRAME_SWAPCACHE;
  frame.slot = 0;
  kernel.frames.releaseIfUnused(frame.head);
}

/**
 * The flush of an entry that reclaim or a split unmaps: at once, or in a batch when other CPUs
 * would have to be asked for each page.
 *
 * Models:     whether other CPUs run the mm decides.
 * Source:     linux 6.18 mm/rmap.c (should_defer_flush, set_tlb_ubc_flush_pending),
 *             arch/x86/include/asm/tlbflush.h
 */
import { Kernel } from "../kernel";
import { Mm } from "./mm";

export function flushUnmapped(kernel: Kernel, mm: Mm, va: u64): void {
  if (kernel.tlbs.defersFlush(mm)) kernel.tlbs.addToBatch(mm, va);
  else kernel.tlbs.flushPage(mm, va);
}

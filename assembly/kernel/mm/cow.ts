/**
 * Writing to a page that is mapped read-only: take it over, or copy it.
 *
 * Models:     an exclusive page is taken over; so is an anonymous page that nobody else maps or
 *             holds (after the CPU's pending lists were drained for a page that is not on the LRU
 *             yet); all else is copied, with the old translation flushed between clearing and
 *             setting the entry.
 * Source:     linux 6.18 mm/memory.c (do_wp_page, wp_can_reuse_anon_folio, wp_page_copy),
 *             mm/huge_memory.c (do_huge_pmd_wp_page)
 */
import { LEVEL_PMD, PMD_SIZE, alignDown } from "../../base/page";
import {
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_PAGE_SIZE,
  PTE_SOFT_DIRTY,
  PTE_WRITE,
  entryFrame,
  isPresent,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { entryFor, writeBit } from "./entries";
import {
  FRAME_ANON,
  FRAME_DIRTY,
  FRAME_EXCLUSIVE,
  FRAME_FILE,
  FRAME_KSM,
  FRAME_NOT_LRU,
  FRAME_SWAPCACHE,
  HUGE_ORDER,
  HUGE_ZERO_PFN,
  isSpecial,
} from "./frames";
import { newAnonFolio } from "./install";
import { Mm, findVma, mmAt } from "./mm";
import { dropSwapCache } from "./swap_entries";
import { Vma } from "./vma";

/** Whether the write to the page that `entry` maps may go to the page itself. */
export function mayReuse(kernel: Kernel, mm: Mm, va: u64, entry: u64): bool {
  const pfn = entryFrame(entry);
  if (isSpecial(pfn)) return false;
  const frame = kernel.frames.at(pfn);
  if ((frame.flags & FRAME_ANON) == 0) return false;
  if ((frame.flags & FRAME_EXCLUSIVE) != 0) return true;
  const head = kernel.frames.at(frame.head);
  if ((head.flags & FRAME_KSM) != 0) return false;
  if (head.order != 0) {
    // a folio of which one page is left is rather copied, and freed
    if (head.mappings <= 1) return false;
    if (head.pins != 0 || !isMappedByOneMm(kernel, mm, va, frame.head)) return false;
    frame.flags |= FRAME_EXCLUSIVE;
    return true;
  }
  const isCached = (head.flags & FRAME_SWAPCACHE) != 0;
  // with so many references draining would be in vain
  if (head.mappings + head.pins + <u32>isCached > 3) return false;
  if ((head.flags & FRAME_NOT_LRU) != 0) kernel.pending.drain();
  if (head.mappings + head.pins > 1) return false;
  if (isCached) {
    if (kernel.swap.countOf(head.slot) > 0) return false;
    dropSwapCache(kernel, head.slot);
  }
  frame.flags |= FRAME_EXCLUSIVE;
  // folio_move_anon_rmap
  const vma = findVma(mm, va);
  if (vma != null && vma.anonVma != 0) head.owner = vma.anonVma;
  return true;
}

/** Whether all mappings of the large folio are this mm's, around `va`. */
function isMappedByOneMm(kernel: Kernel, mm: Mm, va: u64, headPfn: u32): bool {
  const head = kernel.frames.at(headPfn);
  if (head.hugeMapcount != 0) return false;
  const block = alignDown(va, PMD_SIZE);
  let mine: u32 = 0;
  for (let i: u64 = 0; i < 512; i++) {
    const address = kernel.tables.findPte(mm, block + (i << 12));
    if (address == 0) continue;
    const entry = load<u64>(address);
    if (
      mapsFrame(entry) &&
      !isSpecial(entryFrame(entry)) &&
      kernel.frames.at(entryFrame(entry)).head == headPfn
    )
      mine++;
  }
  return mine == head.mappings;
}

/** wp_page_reuse. */
export function makeWritable(kernel: Kernel, vma: Vma, va: u64): void {
  const address = kernel.tables.findPte(mmAt(vma.mm), va);
  const entry = load<u64>(address);
  const head = kernel.frames.head(entryFrame(entry));
  if ((head.flags & FRAME_FILE) != 0) head.flags |= FRAME_DIRTY;
  store<u64>(address, entry | writeBit(vma) | PTE_DIRTY | PTE_ACCESSED | PTE_SOFT_DIRTY);
  kernel.tlbs.flushUpgrade(mmAt(vma.mm), va);
}

/**
 * wp_page_copy, between the notifier's start and end: clear and flush the old entry, then set the
 * new.
 */
export function replacePage(kernel: Kernel, vma: Vma, va: u64): void {
  const mm = mmAt(vma.mm);
  const page = alignDown(va, 4096);
  const address = kernel.tables.findPte(mm, page);
  if (address == 0 || !mapsFrame(load<u64>(address))) return;
  const old = entryFrame(load<u64>(address));
  const pfn = newAnonFolio(kernel, vma, page, 0);
  kernel.holdReplaced(old);
  // ptep_clear_flush: what no processor could use, under PROT_NONE, no TLB holds
  const isAccessible = isPresent(load<u64>(address));
  store<u64>(address, 0);
  if (isAccessible) kernel.tlbs.flushPageNotify(mm, page);
  else kernel.tlbs.notifySecondary(mm, page, page + 4096);
  kernel.frames.map(pfn);
  kernel.sink.changePte(mm, page);
  store<u64>(address, entryFor(vma, pfn) | writeBit(vma) | PTE_DIRTY | PTE_SOFT_DIRTY);
  kernel.frames.unmap(old);
}

/** __uprobe_write: nobody may use the page while its contents change. */
export function rewritePage(kernel: Kernel, vma: Vma, va: u64, isDropped: bool): void {
  const mm = mmAt(vma.mm);
  const address = kernel.tables.findPte(mm, va);
  const entry = load<u64>(address);
  store<u64>(address, 0);
  kernel.tlbs.flushPageNotify(mm, va);
  if (!isDropped) {
    store<u64>(address, entry | PTE_DIRTY | PTE_SOFT_DIRTY);
    return;
  }
  kernel.holdReplaced(entryFrame(entry));
  kernel.frames.unmap(entryFrame(entry));
}

/** Whether a write to the 2 MiB page that `entry` maps may go to the page itself. */
export function mayReuseHuge(kernel: Kernel, entry: u64): bool {
  const pfn = entryFrame(entry);
  if (pfn == HUGE_ZERO_PFN) return false;
  const head = kernel.frames.at(pfn);
  if ((head.flags & FRAME_FILE) != 0) return true;
  if ((head.flags & FRAME_EXCLUSIVE) != 0) return true;
  if ((head.flags & FRAME_NOT_LRU) != 0) kernel.pending.drain();
  if (head.mappings + head.pins > 1) return false;
  for (let i: u32 = 0; i < 1 << HUGE_ORDER; i++) kernel.frames.at(pfn + i).flags |= FRAME_EXCLUSIVE;
  return true;
}

export function makeHugeWritable(kernel: Kernel, mm: Mm, va: u64): void {
  const address = kernel.tables.find(mm, va, LEVEL_PMD);
  store<u64>(address, load<u64>(address) | PTE_WRITE | PTE_DIRTY | PTE_ACCESSED | PTE_SOFT_DIRTY);
  kernel.tlbs.flushUpgrade(mm, va);
}

/**
 * do_huge_zero_wp_pmd, in old kernels do_huge_pmd_wp_page, between the notifier's start and end.
 */
export function replaceHugePage(kernel: Kernel, vma: Vma, va: u64): void {
  const mm = mmAt(vma.mm);
  const block = alignDown(va, PMD_SIZE);
  const address = kernel.tables.find(mm, block, LEVEL_PMD);
  const old = entryFrame(load<u64>(address));
  const pfn = newAnonFolio(kernel, vma, block, HUGE_ORDER);
  kernel.holdReplaced(old);
  store<u64>(address, 0);
  kernel.tlbs.flushPmdNotify(mm, block);
  kernel.frames.mapHuge(pfn);
  store<u64>(address, entryFor(vma, pfn) | PTE_PAGE_SIZE | PTE_WRITE | PTE_DIRTY | PTE_SOFT_DIRTY);
  kernel.frames.unmapHuge(old);
}

/**
 * UFFDIO_MOVE: entries of private memory that is this mm's alone go to holes elsewhere.
 *
 * Models:     a run of single pages moves with one flush behind it; a zero page moves alone, and so
 *             does an entry in swap, without a flush, and a hole; a large folio is split first; a
 *             2 MiB entry moves whole.
 * Source:     linux 6.18 mm/userfaultfd.c (move_pages_ptes, move_present_ptes, move_swap_pte,
 *             move_zeropage_pte), mm/huge_memory.c (move_pages_huge_pmd)
 */
import { LEVEL_PMD, PMD_SIZE } from "../../base/page";
import {
  PTE_DIRTY,
  PTE_PAGE_SIZE,
  PTE_SOFT_DIRTY,
  PTE_SWAP_EXCLUSIVE,
  PTE_WRITE,
  entryFrame,
  isSwap,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { entryFor } from "./entries";
import { FRAME_EXCLUSIVE, Frame, HUGE_ZERO_PFN, isSpecial } from "./frames";
import { isUnderMigration } from "./migration";
import { Mm, mmAt } from "./mm";
import { blockEnd } from "./page_tables";
import { Vma, linearPage } from "./vma";

/**
 * Moves what lies at `source`, and single pages that follow it in the same table, to `target` in
 * `vma`; how many bytes that were. 0: the page cannot move, or something is at `target`.
 */
export function moveUserPages(
  kernel: Kernel,
  vma: Vma,
  source: u64,
  target: u64,
  length: u64,
): u64 {
  const mm = mmAt(vma.mm);
  const from = kernel.tables.findPte(mm, source);
  const to = kernel.tables.findPte(mm, target);
  if (load<u64>(to) != 0) return 0;
  let entry = load<u64>(from);
  if (entry == 0) return 4096;
  if (!mapsFrame(entry)) return moveSwapped(kernel, vma, from, to, target) ? 4096 : 0;
  if (!isMovable(kernel, entry)) return 0;
  const head = kernel.frames.head(entryFrame(entry));
  if (head.order != 0) {
    if (!kernel.splitter.split(kernel, head.head)) return 0;
    // the split may have found that the page holds only zeroes
    entry = load<u64>(from);
  }
  if (isSpecial(entryFrame(entry))) {
    store<u64>(from, 0);
    kernel.tlbs.flushPage(mm, source);
    store<u64>(to, entryFor(vma, entryFrame(entry)));
    return 4096;
  }
  const end = min(
    blockEnd(source, source + length),
    source + (blockEnd(target, target + length) - target),
  );
  return moveRun(kernel, mm, vma, source, target, end);
}

/** move_present_ptes, of which the first page was looked at. */
function moveRun(kernel: Kernel, mm: Mm, vma: Vma, source: u64, target: u64, end: u64): u64 {
  let va = source;
  let place = target;
  do {
    const from = kernel.tables.findPte(mm, va);
    const entry = load<u64>(from);
    store<u64>(from, 0);
    take(kernel, vma, kernel.frames.at(entryFrame(entry)), place);
    kernel.frames.move(entryFrame(entry));
    const bits = PTE_WRITE | PTE_SOFT_DIRTY | (entry & PTE_DIRTY);
    store<u64>(kernel.tables.findPte(mm, place), entryFor(vma, entryFrame(entry)) | bits);
    va += 4096;
    place += 4096;
  } while (va < end && joinsRun(kernel, mm, va, place));
  kernel.tlbs.flushRange(mm, source, va, 12, false);
  return va - source;
}

/** check_ptes_for_batched_move. */
function joinsRun(kernel: Kernel, mm: Mm, source: u64, target: u64): bool {
  const entry = load<u64>(kernel.tables.findPte(mm, source));
  if (!mapsFrame(entry) || isSpecial(entryFrame(entry)) || !isMovable(kernel, entry)) return false;
  if (load<u64>(kernel.tables.findPte(mm, target)) != 0) return false;
  return kernel.frames.orderOf(entryFrame(entry)) == 0;
}

/** PageAnonExclusive, and not pinned; a zero page always. */
function isMovable(kernel: Kernel, entry: u64): bool {
  const pfn = entryFrame(entry);
  if (isSpecial(pfn)) return true;
  if (isUnderMigration(entry) || kernel.frames.head(pfn).dmaPins != 0) return false;
  return (kernel.frames.at(pfn).flags & FRAME_EXCLUSIVE) != 0;
}

/** The page belongs to `vma` from now on, at `va`. */
function take(kernel: Kernel, vma: Vma, frame: Frame, va: u64): void {
  frame.owner = vma.anonVma;
  frame.index = linearPage(vma, va);
}

/** An entry in swap moves as it is; its page, where the swap cache has it, goes along. */
function moveSwapped(kernel: Kernel, vma: Vma, from: usize, to: usize, target: u64): bool {
  const entry = load<u64>(from);
  if (!isSwap(entry) || (entry & PTE_SWAP_EXCLUSIVE) == 0) return false;
  const cached = kernel.swap.pageOf(entryFrame(entry));
  if (cached != 0) {
    if (kernel.frames.orderOf(cached) != 0) return false;
    take(kernel, vma, kernel.frames.at(cached), target);
  }
  store<u64>(from, 0);
  store<u64>(to, entry | PTE_SOFT_DIRTY);
  return true;
}

/** A 2 MiB entry that a move has to leave where it is: others map its folio, or hold it. */
export function mayMoveHuge(kernel: Kernel, entry: u64): bool {
  if (entryFrame(entry) == HUGE_ZERO_PFN) return true;
  return (kernel.frames.at(entryFrame(entry)).flags & FRAME_EXCLUSIVE) != 0;
}

/** move_pages_huge_pmd: both ends are whole blocks; false when the folio is pinned. */
export function moveUserBlock(kernel: Kernel, vma: Vma, source: u64, target: u64): bool {
  const mm = mmAt(vma.mm);
  const from = kernel.tables.find(mm, source, LEVEL_PMD);
  const to = kernel.tables.make(mm, target, LEVEL_PMD);
  const pfn = entryFrame(load<u64>(from));
  if (pfn != HUGE_ZERO_PFN && kernel.frames.at(pfn).dmaPins != 0) return false;
  store<u64>(from, 0);
  kernel.tlbs.flushPmd(mm, source);
  let bits = PTE_PAGE_SIZE;
  if (pfn != HUGE_ZERO_PFN) {
    take(kernel, vma, kernel.frames.at(pfn), target);
    for (let i: u32 = 0; i < <u32>(PMD_SIZE >> 12); i++) kernel.frames.move(pfn + i);
    bits |= PTE_WRITE | PTE_DIRTY | PTE_SOFT_DIRTY;
  }
  store<u64>(to, entryFor(vma, pfn) | bits);
  return true;
}

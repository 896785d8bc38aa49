/**
 * mremap: growing, shrinking and moving.
 *
 * Models:     target unmapped, source tail unmapped, tables moved inside one pair over the source,
 *             source unmapped with a second pair; the start moves down to the block when nothing
 *             else is there.
 * Source:     linux 6.18 mm/mremap.c (mremap_to, move_vma, try_realign_addr), mm/vma.c (copy_vma)
 */
import { PMD_SIZE, alignDown, alignUp } from "../../base/page";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { Mm, findVma, indexOf, insertVma, vmaOf } from "../mm/mm";
import { unmergeRange } from "../mm/ksm";
import { sharedEnd, sharedStart } from "../mm/hugetlb_sharing";
import { Vma, isAnonymous, isHugetlb } from "../mm/vma";
import { VM_LOCKED, VM_LOCKED_MASK, VM_SEALED } from "../mm/vm_flags";
import { mergeNewRange } from "../mm/vma_merge";
import { extendVma } from "./mmap";
import { unmapRange } from "./munmap";
import { populateRange } from "./populate";

const MREMAP_FIXED: u32 = 2;
const MREMAP_DONTUNMAP: u32 = 4;

/** A call that succeeded with `result`. */
export function remapRange(
  kernel: Kernel,
  mm: Mm,
  start: u64,
  oldLength: u64,
  newLength: u64,
  flags: u32,
  result: u64,
): void {
  const vma = findVma(mm, start);
  const unit = vma != null && isHugetlb(vma) ? PMD_SIZE : 4096;
  const oldSize = alignUp(oldLength, unit);
  const newSize = alignUp(newLength, unit);
  if ((flags & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0) {
    moveEach(kernel, mm, start, oldSize, newSize, flags, result);
    return;
  }
  if (result == start && newSize <= oldSize) {
    if (newSize < oldSize) unmapRange(kernel, mm, start + newSize, start + oldSize);
    return;
  }
  if (vma == null) return;
  if (result == start && oldSize != 0) {
    const grown = extendVma(kernel, mm, vma, start + newSize);
    if ((grown.flags & VM_LOCKED) != 0) populateRange(kernel, mm, start + oldSize, start + newSize);
    return;
  }
  moveVma(kernel, mm, vma, start, oldSize, newSize, 0, result);
}

/** mremap to a given place; a pure move may cover several VMAs, each of which moves on its own. */
function moveEach(
  kernel: Kernel,
  mm: Mm,
  start: u64,
  oldSize: u64,
  newSize: u64,
  flags: u32,
  result: u64,
): void {
  if (oldSize != newSize) {
    moveTo(kernel, mm, start, oldSize, newSize, flags, result);
    return;
  }
  const end = start + oldSize;
  let va = start;
  while (va < end) {
    const index = indexOf(mm, va);
    if (index == mm.count || vmaOf(mm, index).start >= end) return;
    const vma = vmaOf(mm, index);
    // a gap is kept between VMAs, but none may come first
    if (va == start && vma.start > start) return;
    const from = max(va, vma.start);
    const stop = min(vma.end, end);
    if (!moveTo(kernel, mm, from, stop - from, stop - from, flags, result + (from - start))) return;
    va = stop;
  }
}

function moveTo(
  kernel: Kernel,
  mm: Mm,
  start: u64,
  oldSize: u64,
  newSize: u64,
  flags: u32,
  target: u64,
): bool {
  const before = findVma(mm, start);
  if (before == null || (before.flags & VM_SEALED) != 0) return false;
  if ((flags & MREMAP_FIXED) != 0 && !unmapRange(kernel, mm, target, target + newSize))
    return false;
  let size = oldSize;
  if (newSize < oldSize) {
    unmapRange(kernel, mm, start + newSize, start + oldSize);
    size = newSize;
  }
  const vma = findVma(mm, start);
  if (vma == null) return false;
  moveVma(kernel, mm, vma, start, size, newSize, flags, target);
  return true;
}

function moveVma(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  start: u64,
  oldSize: u64,
  newSize: u64,
  flags: u32,
  target: u64,
): void {
  kernel.plan.mmapLockWrite(mm);
  unmergeRange(kernel, vma, start, start + oldSize);
  const isLocked = (vma.flags & VM_LOCKED) != 0;
  const fresh = copyVma(kernel, mm, vma, start, target, newSize);
  const source = findVma(mm, start);
  if (oldSize != 0 && source != null) {
    moveData(kernel, mm, source, fresh, start, target, oldSize);
    if ((flags & MREMAP_DONTUNMAP) != 0) leaveEmpty(source, fresh, start, start + oldSize);
    else unmapRange(kernel, mm, start, start + oldSize);
  }
  if (isLocked && newSize > oldSize) populateRange(kernel, mm, target + oldSize, target + newSize);
  kernel.plan.mmapUnlock(mm);
}

/** copy_vma: the target joins a neighbour that fits, or becomes a VMA of its own. */
function copyVma(kernel: Kernel, mm: Mm, vma: Vma, start: u64, target: u64, size: u64): Vma {
  const merge = kernel.merge;
  merge.takeFrom(vma);
  merge.start = target;
  merge.end = target + size;
  merge.pgoff = vma.pgoff + ((start - vma.start) >> 12);
  if (isAnonymous(vma) && vma.anonVma == 0) merge.pgoff = target >> 12;
  const pgoff = merge.pgoff;
  const merged = mergeNewRange(kernel, mm);
  if (merged != null) return merged;
  const copy = kernel.copyOfVma(vma);
  copy.start = target;
  copy.end = target + size;
  copy.pgoff = pgoff;
  insertVma(kernel.arena, mm, copy);
  return copy;
}

function moveData(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  fresh: Vma,
  start: u64,
  target: u64,
  size: u64,
): void {
  let from = start;
  let to = target;
  const mayBegin = !isHugetlb(vma) && kernel.facts.realignsMoves;
  if (mayBegin && mayRealign(mm, vma, fresh, start, target, size)) {
    from = alignDown(start, PMD_SIZE);
    to = alignDown(target, PMD_SIZE);
  }
  const event = isHugetlb(vma) ? NotifierEvent.Clear : NotifierEvent.Unmap;
  const end = start + size;
  const first = sharedStart(kernel, vma, from, end);
  kernel.plan.rangeStart(mm, event, first, sharedEnd(kernel, vma, from, end));
  kernel.plan.moveTables(vma, from, to, start + size, fresh);
  kernel.plan.rangeEnd(mm);
}

/**
 * try_realign_addr: both sides lie equally in their blocks, and nothing else is in the heads of the
 * blocks.
 */
function mayRealign(mm: Mm, vma: Vma, fresh: Vma, start: u64, target: u64, size: u64): bool {
  const offset = start & (PMD_SIZE - 1);
  if (offset == 0 || offset != (target & (PMD_SIZE - 1))) return false;
  if (size < PMD_SIZE - offset) return false;
  return isHeadFree(mm, vma, start) && isHeadFree(mm, fresh, target);
}

function isHeadFree(mm: Mm, vma: Vma, va: u64): bool {
  if (vma.start != va) return false;
  const index = indexOf(mm, va);
  return index == 0 || vmaOf(mm, index - 1).end <= alignDown(va, PMD_SIZE);
}

/**
 * MREMAP_DONTUNMAP: the old VMA stays, without pages, locks and, when it moved whole, its anon_vma.
 */
function leaveEmpty(vma: Vma, fresh: Vma, start: u64, end: u64): void {
  vma.flags &= ~VM_LOCKED_MASK;
  if (fresh == vma || start != vma.start || end != vma.end) return;
  vma.anonVma = 0;
  vma.anonRoot = 0;
  vma.forkChild = 0;
}

/**
 * Operations on files that reach the mms which map them: truncate, hole punch, cleaning of dirty
 * pages.
 *
 * Models:     truncate announces each mapping from the first whole page cut to its end, twice; a
 *             hole leaves private copies; a large folio that is cut in two is unmapped whole;
 *             cleaning announces each dirty folio's extent and flushes each writable entry;
 *             collapsing and inserting a range of a file truncates what is cached behind it.
 * Source:     linux 6.18 mm/truncate.c (truncate_pagecache, truncate_inode_pages_range),
 *             mm/memory.c (unmap_mapping_range), mm/rmap.c (folio_mkclean), mm/shmem.c,
 *             fs/ext4/inode.c (ext4_punch_hole), fs/ext4/extents.c (ext4_fallocate)
 */
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { FileKind } from "../mm/files";
import { FRAME_DIRTY, HUGE_ORDER } from "../mm/frames";
import { sharedEnd, sharedStart } from "../mm/hugetlb_sharing";
import { Mm, addressOfMm, mmAt, vmaOf } from "../mm/mm";
import { dropFileFolio } from "../mm/reclaim";
import { pushMappers } from "../mm/rmap";
import { Vma, vmaAt } from "../mm/vma";
import { ZapKind } from "../plan";

/** Past the last page that a file can have. */
const NO_END: u64 = 1 << 52;

export function truncateFile(kernel: Kernel, id: u32, size: u64): void {
  const file = kernel.files.at(id);
  const oldPages = file.pages;
  const grows = size > file.size;
  const first = (size + 4095) >> 12;
  const isShmem = kernel.files.isShmem(id);
  file.size = size;
  file.pages = first;
  const isUnknown = file.kind == FileKind.Unknown;
  if (isUnknown) {
    // its size was not known before: take it for cut down, and for cached as far as it is mapped
    file.kind = FileKind.Ext4;
    truncateRange(kernel, id, first, size, highestMapped(kernel, id));
    file.kind = FileKind.Unknown;
    file.pages = 1 << 38;
    return;
  }
  if (file.kind == FileKind.Hugetlb) {
    // hugetlb_vmtruncate: once
    unmapFileRange(kernel, id, first, NO_END, ZapKind.File);
    return;
  }
  if (isShmem && (grows || oldPages <= first)) return;
  truncateRange(kernel, id, first, size, oldPages);
}

/** truncate_pagecache. */
function truncateRange(kernel: Kernel, id: u32, first: u64, size: u64, oldPages: u64): void {
  unmapFileRange(kernel, id, first, NO_END, ZapKind.File);
  truncatePages(kernel, id, size >> 12, (size & 4095) == 0, oldPages);
  unmapFileRange(kernel, id, first, NO_END, ZapKind.File);
}

/** The operations of fallocate(2), by the bits of its mode. */
const FALLOC_FL_KEEP_SIZE: u64 = 1;
const FALLOC_FL_PUNCH_HOLE: u64 = 2;
const FALLOC_FL_COLLAPSE_RANGE: u64 = 8;
const FALLOC_FL_ZERO_RANGE: u64 = 0x10;
const FALLOC_FL_INSERT_RANGE: u64 = 0x20;

/** fallocate of `[offset, offset + length)`, in bytes; false when nothing here knows the mode. */
export function allocateFile(kernel: Kernel, id: u32, mode: u64, offset: u64, length: u64): bool {
  const operation = mode & ~FALLOC_FL_KEEP_SIZE;
  const end = offset + length;
  switch (operation) {
    case 0:
    case FALLOC_FL_ZERO_RANGE:
      if (operation != 0) punchHole(kernel, id, (offset + 4095) >> 12, end >> 12);
      if ((mode & FALLOC_FL_KEEP_SIZE) == 0) growFile(kernel, id, end);
      return true;
    case FALLOC_FL_PUNCH_HOLE:
      punchHole(kernel, id, (offset + 4095) >> 12, end >> 12);
      return true;
    case FALLOC_FL_COLLAPSE_RANGE:
      // the page at the cut, and what moves down, is written before it leaves the cache
      cleanFile(kernel, id, offset >> 12, (offset >> 12) + 1);
      cleanFile(kernel, id, end >> 12, NO_END);
      shiftFile(kernel, id, offset >> 12, 0 - length);
      return true;
    case FALLOC_FL_INSERT_RANGE:
      cleanFile(kernel, id, offset >> 12, NO_END);
      shiftFile(kernel, id, offset >> 12, length);
      return true;
    default:
      return false;
  }
}

function growFile(kernel: Kernel, id: u32, size: u64): void {
  const file = kernel.files.at(id);
  if (file.kind == FileKind.Unknown || size <= file.size) return;
  file.size = size;
  file.pages = (size + 4095) >> 12;
}

/** ext4_collapse_range, ext4_insert_range: all from page `first` on leaves the cache, and moves. */
function shiftFile(kernel: Kernel, id: u32, first: u64, difference: u64): void {
  const file = kernel.files.at(id);
  const isUnknown = file.kind == FileKind.Unknown;
  truncateRange(kernel, id, first, first << 12, isUnknown ? highestMapped(kernel, id) : file.pages);
  if (isUnknown) return;
  file.size += difference;
  file.pages = (file.size + 4095) >> 12;
}

/** fallocate(PUNCH_HOLE) of whole pages `[first, end)`, and MADV_REMOVE. */
export function punchHole(kernel: Kernel, id: u32, first: u64, end: u64): void {
  const file = kernel.files.at(id);
  if (file.kind == FileKind.Unknown) {
    unmapFileRange(kernel, id, first, end, ZapKind.FileOnly);
    return;
  }
  // a disk's file has no hole to punch behind its end
  const stop = kernel.files.isShmem(id) ? end : min(end, file.pages);
  if (first >= stop) return;
  unmapFileRange(kernel, id, first, stop, ZapKind.FileOnly);
  removePages(kernel, id, first, stop);
}

/** unmap_mapping_range: zaps the range in every VMA that maps it. */
export function unmapFileRange(kernel: Kernel, id: u32, first: u64, end: u64, kind: ZapKind): void {
  const base = pushMappers(kernel, id, true, first, end);
  for (let i = base; i < kernel.mappers.length; i++) {
    const vma = vmaAt(kernel.mappers.at(i));
    unmapFromVma(kernel, mmAt(vma.mm), vma, first, end, kind);
  }
  kernel.mappers.length = base;
}

function unmapFromVma(kernel: Kernel, mm: Mm, vma: Vma, first: u64, end: u64, kind: ZapKind): void {
  const last = vma.pgoff + ((vma.end - vma.start) >> 12);
  const from = max(first, vma.pgoff);
  const to = min(end, last);
  if (from >= to) return;
  const start = vma.start + ((from - vma.pgoff) << 12);
  const stop = vma.start + ((to - vma.pgoff) << 12);
  kernel.plan.beginGather(mm);
  const shared = sharedStart(kernel, vma, start, stop);
  kernel.plan.rangeStart(mm, NotifierEvent.Clear, shared, sharedEnd(kernel, vma, start, stop));
  kernel.plan.zap(vma, start, stop, kind);
  kernel.plan.rangeEnd(mm);
  kernel.plan.finishGather();
}

/** Drops the cached pages from `first` on; `isWhole` when `first` itself goes too. */
function truncatePages(kernel: Kernel, id: u32, first: u64, isWhole: bool, oldPages: u64): void {
  const files = kernel.files;
  const boundary = files.cachedPage(id, first);
  if (boundary != 0) cutFolio(kernel, boundary, first, NO_END);
  const stop = min(oldPages, files.at(id).cachedEnd);
  for (let index = isWhole ? first : first + 1; index < stop; index++)
    dropPage(kernel, id, index, first, NO_END);
}

function removePages(kernel: Kernel, id: u32, first: u64, end: u64): void {
  const files = kernel.files;
  const low = files.cachedPage(id, first);
  const high = end > first ? files.cachedPage(id, end - 1) : 0;
  const sameFolio =
    low != 0 && high != 0 && kernel.frames.at(low).head == kernel.frames.at(high).head;
  if (low != 0) cutFolio(kernel, low, first, end);
  if (high != 0 && !sameFolio) cutFolio(kernel, high, first, end);
  const stop = min(end, files.at(id).cachedEnd);
  for (let index = first; index < stop; index++) dropPage(kernel, id, index, first, end);
}

/**
 * truncate_inode_partial_folio: a large folio that only partly lies in `[first, end)` is split, or
 * unmapped.
 */
function cutFolio(kernel: Kernel, pfn: u32, first: u64, end: u64): void {
  const head = kernel.frames.head(pfn);
  if (head.order == 0) return;
  const folioFirst = head.index;
  const folioEnd = head.index + ((<u64>1) << head.order);
  if (first <= folioFirst && end >= folioEnd) return;
  const isShmem = kernel.files.isShmem(head.owner);
  const owner = head.owner;
  const headPfn = head.head;
  const at = max(first, folioFirst) - folioFirst;
  if (!kernel.plan.splitFileFolio(headPfn, <i32>at)) {
    if (!isShmem) kernel.plan.unmapFileFolio(headPfn);
    return;
  }
  if (end >= folioEnd) return;
  const above = kernel.files.cachedPage(owner, end);
  if (above == 0 || kernel.frames.orderOf(above) == 0) return;
  const upper = kernel.frames.head(above);
  kernel.plan.splitFileFolio(upper.head, <i32>(end - upper.index));
}

/**
 * Takes the folio that begins at page `index` out of the cache when it lies whole in
 * `[first, end)`; a folio left large stays.
 */
function dropPage(kernel: Kernel, id: u32, index: u64, first: u64, end: u64): void {
  const pfn = kernel.files.cachedPage(id, index);
  if (pfn == 0) return;
  const head = kernel.frames.head(pfn);
  if (head.index != index || head.mappings != 0) return;
  if (head.index < first || head.index + ((<u64>1) << head.order) > end) return;
  dropFileFolio(kernel, head.head);
}

/** Writes back the dirty folios of `[first, end)`: msync, fsync, sync_file_range. */
export function cleanFile(kernel: Kernel, id: u32, first: u64, end: u64): void {
  const files = kernel.files;
  if (files.isShmem(id) || files.at(id).kind == FileKind.Hugetlb) return;
  let stop =
    files.at(id).kind == FileKind.Unknown
      ? min(end, highestMapped(kernel, id))
      : min(end, files.at(id).pages);
  stop = min(stop, files.at(id).cachedEnd);
  let index = first;
  while (index < stop) {
    const pfn = files.cachedPage(id, index);
    if (pfn == 0) {
      index++;
      continue;
    }
    const head = kernel.frames.head(pfn);
    if ((head.flags & FRAME_DIRTY) != 0) cleanFolio(kernel, head.head);
    index = head.index + ((<u64>1) << head.order);
  }
}

/** Writing one folio back: its mappings learn of the next write. */
export function cleanFolio(kernel: Kernel, headPfn: u32): void {
  const head = kernel.frames.at(headPfn);
  head.flags &= ~FRAME_DIRTY;
  if (head.mappings != 0) kernel.plan.cleanFileFolio(headPfn);
}

function highestMapped(kernel: Kernel, id: u32): u64 {
  let highest: u64 = 0;
  for (let m: u32 = 0; m < kernel.mms.length; m++) {
    const mm = mmAt(kernel.mms.at(m));
    for (let i: u32 = 0; i < mm.count; i++) {
      const vma = vmaOf(mm, i);
      if (vma.file == id) highest = max(highest, vma.pgoff + ((vma.end - vma.start) >> 12));
    }
  }
  return highest;
}

/**
 * A direct write cleans the cached folios under it and drops them: the rest of the range is
 * unmapped when the first folio that is mapped is met, then each folio that is still mapped, whole.
 */
export function writeDirect(kernel: Kernel, id: u32, first: u64, end: u64): void {
  cleanFile(kernel, id, first, end);
  let isUnmapped = false;
  let index = first;
  while (index < end) {
    const pfn = kernel.files.cachedPage(id, index);
    if (pfn == 0) {
      index++;
      continue;
    }
    const head = kernel.frames.head(pfn);
    if (!isUnmapped && head.mappings != 0) {
      unmapFileRange(kernel, id, index, end, ZapKind.FileOnly);
      isUnmapped = true;
    }
    index = head.index + ((<u64>1) << head.order);
    if (head.mappings != 0) unmapFileRange(kernel, id, head.index, index, ZapKind.FileOnly);
    if (head.mappings == 0 && (head.flags & FRAME_DIRTY) == 0) dropFileFolio(kernel, head.head);
  }
}

/** Whether a folio is as large as a block. */
export function isBlockFolio(kernel: Kernel, pfn: u32): bool {
  return kernel.frames.orderOf(pfn) == HUGE_ORDER;
}

/** The address of an mm, as other modules store it. */
export function keyOf(mm: Mm): u32 {
  return addressOfMm(mm);
}

/**
 * mmap and brk: new mappings, over old ones or in free space.
 *
 * Models:     what is in the way is unmapped first; then a neighbour takes the range in, or a new
 *             VMA does.
 * Source:     linux 6.18 mm/vma.c (__mmap_region, do_brk_flags), mm/mmap.c (do_mmap),
 *             include/linux/mman.h
 */
import { PMD_SIZE, alignUp } from "../../base/page";
import { Kernel } from "../kernel";
import { FileKind } from "../mm/files";
import { Mm, indexOf, insertVma, vmaOf } from "../mm/mm";
import { Vma } from "../mm/vma";
import {
  VM_ACCOUNT,
  VM_DONTDUMP,
  VM_DONTEXPAND,
  VM_DROPPABLE,
  VM_GROWSDOWN,
  VM_HUGETLB,
  VM_LOCKED,
  VM_LOCKED_MASK,
  VM_LOCKONFAULT,
  VM_NOHUGEPAGE,
  VM_NORESERVE,
  VM_PFNMAP,
  VM_READ,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WIPEONFORK,
  VM_WRITE,
  flagsOfProt,
} from "../mm/vm_flags";
import { inheritAnonVma, mergeNewRange } from "../mm/vma_merge";
import { unmapRange } from "./munmap";
import { populateRange } from "./populate";

const MAP_TYPE: u32 = 0xf;
const MAP_PRIVATE: u32 = 0x2;
const MAP_DROPPABLE: u32 = 0x8;
const MAP_ANONYMOUS: u32 = 0x20;
const MAP_GROWSDOWN: u32 = 0x100;
const MAP_LOCKED: u32 = 0x2000;
const MAP_NORESERVE: u32 = 0x4000;
const MAP_POPULATE: u32 = 0x8000;
const MAP_NONBLOCK: u32 = 0x10000;
const MAP_STACK: u32 = 0x20000;
const MAP_HUGETLB: u32 = 0x40000;

/** The mapping that a successful mmap made at `start`; `file` is 0 for anonymous memory. */
export function mapRange(
  kernel: Kernel,
  mm: Mm,
  start: u64,
  length: u64,
  prot: u32,
  mapFlags: u32,
  fileOfFd: u32,
  offset: u64,
): void {
  const isHugetlb =
    (mapFlags & MAP_HUGETLB) != 0 ||
    (fileOfFd != 0 && kernel.files.at(fileOfFd).kind == FileKind.Hugetlb);
  // hugetlb_get_unmapped_area: huge pages lie at places of their own size
  if (isHugetlb && (start & (PMD_SIZE - 1)) != 0) return;
  const end = start + alignUp(length, isHugetlb ? PMD_SIZE : 4096);
  const type = mapFlags & MAP_TYPE;
  const isShared = type != MAP_PRIVATE && type != MAP_DROPPABLE;
  const isAnon = (mapFlags & MAP_ANONYMOUS) != 0;
  let flags = flagsOfProt(prot) | VM_SOFTDIRTY | mm.defFlags;
  if (isShared) flags |= VM_SHARED;
  if ((mapFlags & MAP_GROWSDOWN) != 0) flags |= VM_GROWSDOWN;
  if ((mapFlags & MAP_LOCKED) != 0) flags |= VM_LOCKED;
  if ((mapFlags & MAP_STACK) != 0) flags |= VM_NOHUGEPAGE;
  if ((mapFlags & MAP_NORESERVE) != 0) flags |= VM_NORESERVE;
  if (isHugetlb) flags |= VM_HUGETLB;
  if (type == MAP_DROPPABLE) flags |= VM_DROPPABLE | VM_NORESERVE | VM_WIPEONFORK | VM_DONTDUMP;
  if ((flags & (VM_NORESERVE | VM_SHARED | VM_WRITE | VM_HUGETLB)) == VM_WRITE) flags |= VM_ACCOUNT;
  let file = isAnon ? 0 : fileOfFd;
  if (isAnon && isHugetlb) file = kernel.files.make(FileKind.Hugetlb, end - start);
  else if (isAnon && isShared) file = kernel.files.make(FileKind.SharedAnon, end - start);
  const pgoff = file == 0 ? start >> 12 : isAnon ? 0 : offset >> 12;
  // __mmap_complete: pages of hugetlbfs are populated as if they were locked, and are not
  const kept = isHugetlb ? flags & ~VM_LOCKED_MASK : flags;
  const isDevice = file != 0 && kernel.files.at(file).kind == FileKind.Device;
  if (isDevice) {
    const special = kept | VM_PFNMAP | VM_DONTEXPAND | VM_DONTDUMP;
    kernel.plan.mapFrames(mapVma(kernel, mm, start, end, special, file, pgoff), start, end);
    return;
  }
  mapVma(kernel, mm, start, end, kept, file, pgoff);
  const wantsPages = (mapFlags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
  if (wantsPages || (flags & VM_LOCKED_MASK) == VM_LOCKED) populateRange(kernel, mm, start, end);
}

/**
 * __mmap_region: what is in the way goes first, then a neighbour takes the range in or a new VMA
 * does.
 */
export function mapVma(
  kernel: Kernel,
  mm: Mm,
  start: u64,
  end: u64,
  flags: u64,
  file: u32,
  pgoff: u64,
): Vma {
  unmapRange(kernel, mm, start, end);
  const merge = kernel.merge;
  merge.start = start;
  merge.end = end;
  merge.flags = flags;
  merge.file = file;
  merge.pgoff = pgoff;
  merge.anonVma = 0;
  merge.forkChild = 0;
  merge.uffd = 0;
  merge.policy = 0;
  let vma = mergeNewRange(kernel, mm);
  if (vma == null) {
    vma = kernel.newVma(start, end, flags);
    vma.file = file;
    vma.pgoff = pgoff;
    insertVma(kernel.arena, mm, vma);
  }
  kernel.plan.attach(mm, start, end);
  return vma;
}

/** brk, with the result that the kernel gave. */
export function changeBrk(kernel: Kernel, mm: Mm, requested: u64, result: u64): void {
  const old = mm.brk;
  mm.brk = result;
  if (mm.startBrk == 0) mm.startBrk = result;
  if (old == 0 || requested == 0 || result != requested) return;
  const oldEnd = alignUp(old, 4096);
  const newEnd = alignUp(requested, 4096);
  if (newEnd < oldEnd) unmapRange(kernel, mm, newEnd, oldEnd);
  if (newEnd > oldEnd) growBrk(kernel, mm, oldEnd, newEnd);
}

function growBrk(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  const flags = VM_READ | VM_WRITE | VM_ACCOUNT | VM_SOFTDIRTY | mm.defFlags;
  const index = indexOf(mm, start);
  let previous: Vma | null = null;
  if (index != 0) previous = vmaOf(mm, index - 1);
  const merge = kernel.merge;
  merge.start = start;
  merge.end = end;
  merge.flags = flags;
  merge.file = 0;
  merge.pgoff = start >> 12;
  merge.anonVma = 0;
  merge.forkChild = 0;
  merge.uffd = 0;
  merge.policy = 0;
  // only what lies above the start of the heap can grow (vma_prev_limit)
  if (previous != null && previous.end > mm.startBrk && merge.fitsAfter(previous)) {
    previous.end = end;
  } else {
    const vma = kernel.newVma(start, end, flags);
    vma.pgoff = start >> 12;
    insertVma(kernel.arena, mm, vma);
  }
  if ((flags & (VM_LOCKED | VM_LOCKONFAULT)) == VM_LOCKED) populateRange(kernel, mm, start, end);
}

/** A VMA grown in place by mremap takes over what follows, when that fits. */
export function extendVma(kernel: Kernel, mm: Mm, vma: Vma, end: u64): Vma {
  const merge = kernel.merge;
  merge.takeFrom(vma);
  merge.start = vma.end;
  merge.end = end;
  merge.pgoff = vma.pgoff + ((vma.end - vma.start) >> 12);
  const merged = mergeNewRange(kernel, mm);
  if (merged != null) {
    inheritAnonVma(merged, vma);
    return merged;
  }
  vma.end = end;
  return vma;
}

/**
 * The reverse map: every entry that maps a page, across mms.
 *
 * Models:     pages of files through the VMAs that map the file, anonymous pages through the VMAs
 *             whose anon_vma is the page's or was forked from it; in the order of the interval
 *             tree: by the first page that a VMA maps, then by the VMA's age.
 * Simplifies: looks through all VMAs instead of a tree.
 * Source:     linux 6.18 mm/rmap.c (rmap_walk_anon, rmap_walk_file, vma_address)
 */
import { Kernel } from "../kernel";
import { FRAME_FILE } from "./frames";
import { Mm, mmAt, vmaOf } from "./mm";
import { Vma, vmaAt } from "./vma";

/** What is done for each VMA in which a folio may be mapped. */
export abstract class RmapVisitor {
  /** The folio's pages `[first, first + count)` would lie at `va` in `vma`; false ends the walk. */
  abstract visit(
    kernel: Kernel,
    mm: Mm,
    vma: Vma,
    va: u64,
    headPfn: u32,
    first: u32,
    count: u32,
  ): bool;
}

function mayMap(kernel: Kernel, vma: Vma, owner: u32, isFile: bool): bool {
  if (isFile) return vma.file == owner;
  return vma.anonVma != 0 && kernel.isForkedFrom(vma.anonVma, owner);
}

/**
 * Puts the VMAs that may map a page of `[from, end)` on top of the kernel's list of mappers, in
 * order; returns where they begin. The caller takes them off again.
 */
export function pushMappers(kernel: Kernel, owner: u32, isFile: bool, from: u64, end: u64): u32 {
  const list = kernel.mappers;
  const base = list.length;
  for (let m: u32 = 0; m < kernel.mms.length; m++) {
    const mm = mmAt(kernel.mms.at(m));
    for (let i: u32 = 0; i < mm.count; i++) {
      const vma = vmaOf(mm, i);
      if (!mayMap(kernel, vma, owner, isFile)) continue;
      if (vma.pgoff >= end || vma.pgoff + ((vma.end - vma.start) >> 12) <= from) continue;
      let at = list.length;
      while (at > base && isBefore(vma, vmaAt(list.at(at - 1)))) at--;
      list.insert(at, <u32>changetype<usize>(vma));
    }
  }
  return base;
}

function isBefore(one: Vma, other: Vma): bool {
  return one.pgoff != other.pgoff ? one.pgoff < other.pgoff : one.age < other.age;
}

/** Calls `visitor` for each VMA whose range covers a part of the folio that starts at `headPfn`. */
export function walkFolio(kernel: Kernel, headPfn: u32, visitor: RmapVisitor): void {
  const frame = kernel.frames.at(headPfn);
  const pages = (<u64>1) << frame.order;
  const from = frame.index;
  const isFile = (frame.flags & FRAME_FILE) != 0;
  const base = pushMappers(kernel, frame.owner, isFile, from, from + pages);
  for (let i = base; i < kernel.mappers.length; i++) {
    const vma = vmaAt(kernel.mappers.at(i));
    const first = max(from, vma.pgoff);
    const end = min(from + pages, vma.pgoff + ((vma.end - vma.start) >> 12));
    const va = vma.start + ((first - vma.pgoff) << 12);
    const offset = <u32>(first - from);
    if (!visitor.visit(kernel, mmAt(vma.mm), vma, va, headPfn, offset, <u32>(end - first))) break;
  }
  kernel.mappers.length = base;
}

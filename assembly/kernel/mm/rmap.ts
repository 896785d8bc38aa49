/**
 * The reverse map: every entry that maps a page, across mms.
 *
 * Models:     pages of files through the VMAs that map the file, anonymous pages through the VMAs
 *             of their family (the mms that fork made from one another).
 * Simplifies: looks through all VMAs instead of an interval tree; the order is that of mms and
 *             addresses.
 * Source:     linux 6.18 mm/rmap.c (rmap_walk_anon, rmap_walk_file, vma_address)
 */
import { Kernel } from "../kernel";
import { FRAME_FILE, Frame } from "./frames";
import { Mm, mmAt, vmaOf } from "./mm";
import { Vma } from "./vma";

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

function mayMap(vma: Vma, frame: Frame): bool {
  if ((frame.flags & FRAME_FILE) != 0) return vma.file == frame.owner;
  return vma.anonRoot != 0 && vma.anonRoot == frame.owner;
}

/** Calls `visitor` for each VMA whose range covers a part of the folio that starts at `headPfn`. */
export function walkFolio(kernel: Kernel, headPfn: u32, visitor: RmapVisitor): void {
  const frame = kernel.frames.at(headPfn);
  const pages = (<u64>1) << frame.order;
  const from = frame.index;
  for (let m: u32 = 0; m < kernel.mms.length; m++) {
    const mm = mmAt(kernel.mms.at(m));
    for (let i: u32 = 0; i < mm.count; i++) {
      const vma = vmaOf(mm, i);
      if (!mayMap(vma, frame)) continue;
      const last = vma.pgoff + ((vma.end - vma.start) >> 12);
      const first = max(from, vma.pgoff);
      const end = min(from + pages, last);
      if (first >= end) continue;
      const va = vma.start + ((first - vma.pgoff) << 12);
      if (!visitor.visit(kernel, mm, vma, va, headPfn, <u32>(first - from), <u32>(end - first)))
        return;
    }
  }
}

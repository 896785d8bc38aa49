/**
 * New flags for a part of a VMA.
 *
 * Models:     neighbours that are alike from then on become one VMA; else the VMA is cut at the
 *             ends.
 * Source:     linux 6.18 mm/vma.c (vma_modify)
 */
import { Kernel } from "../kernel";
import { Vma } from "./vma";
import { mergeExistingRange } from "./vma_merge";
import { splitVma } from "./vma_split";

/**
 * vma_modify: gives `[start, end)` of `vma` new flags, joining neighbours or cutting as needed; the
 * caller writes the flags into the VMA that is returned.
 */
export function modifyVma(kernel: Kernel, vma: Vma, start: u64, end: u64, flags: u64): Vma {
  return modifyVmaAnd(kernel, vma, start, end, flags, vma.uffd, vma.policy);
}

export function modifyVmaAnd(
  kernel: Kernel,
  vma: Vma,
  start: u64,
  end: u64,
  flags: u64,
  uffd: u32,
  policy: u32,
): Vma {
  const merge = kernel.merge;
  merge.takeFrom(vma);
  merge.pgoff = vma.pgoff + ((start - vma.start) >> 12);
  merge.start = start;
  merge.end = end;
  merge.flags = flags;
  merge.uffd = uffd;
  merge.policy = policy;
  const merged = mergeExistingRange(kernel, vma);
  if (merged != null) return merged;
  if (vma.start < start) splitVma(kernel, vma, start, true);
  if (vma.end > end) splitVma(kernel, vma, end, false);
  vma.flags = flags;
  vma.uffd = uffd;
  vma.policy = policy;
  return vma;
}

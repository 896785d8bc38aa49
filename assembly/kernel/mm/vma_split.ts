/**
 * New boundaries in VMAs, and what they do to huge mappings.
 *
 * Models:     a boundary inside a block that the VMA covers whole splits the block's 2 MiB entry;
 *             the notifier is called for it whether there is such an entry or not, as long as the
 *             GiB has a pmd table; the pair and the flush of a GiB of shared hugetlb that is cut.
 * Source:     linux 6.18 mm/vma.c (__split_vma), mm/huge_memory.c (vma_adjust_trans_huge),
 *             mm/hugetlb.c (hugetlb_split, hugetlb_unshare_pmds)
 */
import { LEVEL_PMD, PMD_SIZE, PUD_SIZE, alignDown } from "../../base/page";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { insertVma, mmAt } from "./mm";
import { Vma, isHugetlb, isShared } from "./vma";

/** split_huge_pmd_if_needed. */
export function splitHugeAtBoundary(kernel: Kernel, vma: Vma, va: u64): void {
  const block = alignDown(va, PMD_SIZE);
  if (block == va || block < vma.start || block + PMD_SIZE > vma.end) return;
  if (isHugetlb(vma)) return;
  if (kernel.tables.find(mmAt(vma.mm), va, LEVEL_PMD) == 0) return;
  kernel.plan.splitHugeEntry(vma, va);
}

/**
 * hugetlb_split: a GiB of shared hugetlb memory that the boundary cuts can share its table no
 * longer.
 */
function unshareAround(kernel: Kernel, vma: Vma, va: u64): void {
  if (!isHugetlb(vma) || !isShared(vma) || !kernel.facts.unsharesSplit) return;
  const floor = alignDown(va, PUD_SIZE);
  if (floor == va || floor < vma.start || floor + PUD_SIZE > vma.end) return;
  const mm = mmAt(vma.mm);
  kernel.plan.rangeStart(mm, NotifierEvent.Clear, floor, floor + PUD_SIZE);
  kernel.plan.unshareTables(mm, floor, floor + PUD_SIZE);
  kernel.plan.rangeEnd(mm);
}

/** Cuts `vma` at `va`; the new VMA is the part below when `newBelow`, else the part above. */
export function splitVma(kernel: Kernel, vma: Vma, va: u64, newBelow: bool): Vma {
  splitHugeAtBoundary(kernel, vma, va);
  unshareAround(kernel, vma, va);
  const other = kernel.copyOfVma(vma);
  const mm = mmAt(vma.mm);
  if (newBelow) {
    other.end = va;
    vma.pgoff += (va - vma.start) >> 12;
    vma.start = va;
  } else {
    other.start = va;
    other.pgoff += (va - vma.start) >> 12;
    vma.end = va;
  }
  insertVma(kernel.arena, mm, other);
  return other;
}

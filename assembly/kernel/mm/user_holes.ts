/**
 * Filling a hole from user space: UFFDIO_COPY and UFFDIO_ZEROPAGE. Never announced.
 *
 * Models:     a new page, written, or the zero page; in a file, a page that is not cached yet; huge
 *             pages of hugetlbfs whole.
 * Source:     linux 6.18 mm/userfaultfd.c (mfill_atomic_pte, mfill_atomic_hugetlb)
 */
import { LEVEL_PMD } from "../../base/page";
import { PTE_DIRTY, PTE_SOFT_DIRTY, isHuge } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { entryFor, writeBit } from "./entries";
import { ZERO_PFN } from "./frames";
import { faultHugetlb } from "./hugetlb";
import { installForWrite, newAnonFolio } from "./install";
import { mmAt } from "./mm";
import { Vma, isHugetlb, isShared, linearPage } from "./vma";

/** False when something is there already. */
export function fillUserHole(kernel: Kernel, vma: Vma, va: u64, isZero: bool): bool {
  const mm = mmAt(vma.mm);
  const pmd = kernel.tables.find(mm, va, LEVEL_PMD);
  if (isHugetlb(vma)) {
    if (pmd != 0 && load<u64>(pmd) != 0) return false;
    faultHugetlb(kernel, vma, va, true);
    return true;
  }
  if (pmd != 0 && isHuge(load<u64>(pmd))) return false;
  const address = kernel.tables.make(mm, va, 1);
  if (load<u64>(address) != 0) return false;
  if (isShared(vma)) return fillFileHole(kernel, vma, va);
  if (isZero) {
    store<u64>(address, entryFor(vma, ZERO_PFN));
    return true;
  }
  const pfn = newAnonFolio(kernel, vma, va, 0);
  kernel.frames.map(pfn);
  store<u64>(address, entryFor(vma, pfn) | writeBit(vma) | PTE_DIRTY | PTE_SOFT_DIRTY);
  return true;
}

/** shmem_mfill_atomic_pte: a new page of the file, which must not be cached yet. */
function fillFileHole(kernel: Kernel, vma: Vma, va: u64): bool {
  const index = linearPage(vma, va);
  if (index >= kernel.files.at(vma.file).pages) return false;
  if (kernel.files.cachedPage(vma.file, index) != 0) return false;
  installForWrite(kernel, vma, va);
  return true;
}

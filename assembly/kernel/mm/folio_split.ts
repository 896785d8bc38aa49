/**
 * Splitting a large folio into single pages.
 *
 * Models:     anonymous folios: the mappings are replaced by migration entries and put back, which the notifier
 *             and the TLB see as an unmap of the folio; file folios are unmapped and fault again. Pages that
 *             hold only zeroes come back as the zero page.
 * Simplifies: contents are not kept: a page of a huge folio counts as zero when no write to it was recorded.
 * Source:     linux 6.18 mm/huge_memory.c (__folio_split, unmap_folio, remap_page)
 */
import { LEVEL_PMD, PMD_SIZE, alignDown } from "../../base/page";
import { PTE_DIRTY, PTE_WRITE, entryFrame, isHuge, isMigration, mapsFrame } from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { FRAME_ANON, FRAME_DIRTY, FRAME_FILE, FRAME_ZEROED, ZERO_PFN } from "./frames";
import { splitHugeEntry } from "./huge_entry";
import { Mm } from "./mm";
import { RmapVisitor, walkFolio } from "./rmap";
import { Vma } from "./vma";

/** Announces and flushes what unmapping the folio costs; anonymous entries stay, those of files go. */
class UnmapForSplit extends RmapVisitor {
  visit(kernel: Kernel, mm: Mm, vma: Vma, va: u64, headPfn: u32, first: u32, count: u32): void {
    const address = kernel.tables.find(mm, va, LEVEL_PMD);
    if (address == 0 || load<u64>(address) == 0) return;
    const isAnon = (kernel.frames.at(headPfn).flags & FRAME_ANON) != 0;
    const end = va + (<u64>count << 12);
    if (isHuge(load<u64>(address))) {
      // TTU_SPLIT_HUGE_PMD: the pair of the unmap encloses the block, whose split flushes everything
      if (entryFrame(load<u64>(address)) != headPfn) return;
      splitHugeEntry(kernel, vma, va);
      if (isAnon) return;
    }
    if (isAnon && !this.anyMapped(kernel, mm, va, headPfn + first, count)) return;
    kernel.sink.rangeStart(mm, NotifierEvent.Clear, va, end);
    for (let i: u32 = 0; i < count; i++) {
      const at = va + (<u64>i << 12);
      const pte = kernel.tables.findPte(mm, at);
      if (pte == 0) continue;
      const entry = load<u64>(pte);
      if (!mapsFrame(entry) || entryFrame(entry) != headPfn + first + i) continue;
      kernel.tlbs.flushPage(mm, at);
      if (isAnon) continue;
      store<u64>(pte, 0);
      if ((entry & PTE_DIRTY) != 0) kernel.frames.at(headPfn).flags |= FRAME_DIRTY;
      kernel.frames.unmap(headPfn + first + i);
    }
    kernel.sink.rangeEnd(mm);
  }

  private anyMapped(kernel: Kernel, mm: Mm, va: u64, pfn: u32, count: u32): bool {
    for (let i: u32 = 0; i < count; i++) {
      const pte = kernel.tables.findPte(mm, va + (<u64>i << 12));
      if (pte == 0) continue;
      const entry = load<u64>(pte);
      if (mapsFrame(entry) && entryFrame(entry) == pfn + i) return true;
    }
    return false;
  }
}

/** Puts the zero page where a page of the folio holds only zeroes. */
class RemapZeroes extends RmapVisitor {
  visit(kernel: Kernel, mm: Mm, vma: Vma, va: u64, headPfn: u32, first: u32, count: u32): void {
    for (let i: u32 = 0; i < count; i++) {
      const pfn = headPfn + first + i;
      if ((kernel.frames.at(pfn).flags & FRAME_ZEROED) == 0) continue;
      const pte = kernel.tables.findPte(mm, va + (<u64>i << 12));
      if (pte == 0) continue;
      const entry = load<u64>(pte);
      if (!mapsFrame(entry) || entryFrame(entry) != pfn) continue;
      store<u64>(pte, (entry & ~(0x000ffffffffff000 | PTE_WRITE | PTE_DIRTY)) | (<u64>ZERO_PFN << 12));
      kernel.frames.unmap(pfn);
    }
  }
}

const unmapForSplit = new UnmapForSplit();
const remapZeroes = new RemapZeroes();

export function splitFolio(kernel: Kernel, headPfn: u32): void {
  const frames = kernel.frames;
  const head = frames.at(headPfn);
  const isAnon = (head.flags & FRAME_ANON) != 0;
  const isHugeFolio = head.order == 9;
  head.pins++;
  walkFolio(kernel, headPfn, unmapForSplit);
  // a second holder keeps the pages from going before all mappings have been looked at
  if (isAnon && isHugeFolio) walkFolio(kernel, headPfn, remapZeroes);
  head.pins--;
  frames.split(headPfn, 0);
}

/** Splits at an address: what maps `va` in `vma` as part of a large folio becomes single pages. */
export function splitFolioAt(kernel: Kernel, mm: Mm, va: u64): void {
  const address = kernel.tables.find(mm, alignDown(va, PMD_SIZE), LEVEL_PMD);
  if (address == 0) return;
  const pmd = load<u64>(address);
  if (isHuge(pmd)) {
    splitFolio(kernel, entryFrame(pmd));
    return;
  }
  if (pmd == 0) return;
  const entry = load<u64>(kernel.tables.pteIn(pmd, va));
  if (!mapsFrame(entry) || isMigration(entry)) return;
  const head = kernel.frames.head(entryFrame(entry));
  if (head.order != 0 && (head.flags & FRAME_FILE) == 0) splitFolio(kernel, head.head);
}

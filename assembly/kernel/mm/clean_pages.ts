/**
 * Write-protecting the entries of a folio that is about to be written to disk.
 *
 * Models:     a range pair for each shared mapping, whether an entry changes or not; a flush for
 *             each entry that could be written through, or was.
 * Source:     linux 6.18 mm/rmap.c (page_vma_mkclean_one)
 */
import { LEVEL_PMD, PMD_SIZE, alignDown } from "../../base/page";
import {
  PTE_DIRTY,
  PTE_WRITE,
  entryFrame,
  invalidEntry,
  isHuge,
  isPresent,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { Mm } from "./mm";
import { RmapVisitor } from "./rmap";
import { endRmap, startRmap } from "./unmap_flush";
import { Vma, isShared } from "./vma";

export class CleanPages extends RmapVisitor {
  visit(kernel: Kernel, mm: Mm, vma: Vma, va: u64, headPfn: u32, first: u32, count: u32): bool {
    if (!isShared(vma)) return true;
    startRmap(kernel, mm, NotifierEvent.ProtectionPage, va, va + ((<u64>count) << 12));
    const pmdAddress = kernel.tables.find(mm, va, LEVEL_PMD);
    if (pmdAddress != 0 && isHuge(load<u64>(pmdAddress))) {
      if (entryFrame(load<u64>(pmdAddress)) == headPfn) cleanHuge(kernel, mm, va, pmdAddress);
      endRmap(kernel, mm);
      return true;
    }
    for (let i: u32 = 0; i < count; i++) {
      const at = va + ((<u64>i) << 12);
      const address = kernel.tables.findPte(mm, at);
      if (address == 0) continue;
      const entry = load<u64>(address);
      if (!mapsFrame(entry) || entryFrame(entry) != headPfn + first + i) continue;
      if ((entry & (PTE_DIRTY | PTE_WRITE)) == 0) continue;
      store<u64>(address, 0);
      if (isPresent(entry)) kernel.tlbs.flushPage(mm, at);
      kernel.frames.protect(entryFrame(entry));
      store<u64>(address, entry & ~(PTE_DIRTY | PTE_WRITE));
      kernel.sink.invalidatePage(mm, at);
    }
    endRmap(kernel, mm);
    return true;
  }
}

function cleanHuge(kernel: Kernel, mm: Mm, va: u64, address: usize): void {
  const entry = load<u64>(address);
  if ((entry & (PTE_DIRTY | PTE_WRITE)) == 0) return;
  store<u64>(address, invalidEntry(entry));
  kernel.tlbs.flushPmd(mm, alignDown(va, PMD_SIZE));
  kernel.frames.protectHuge(entryFrame(entry));
  store<u64>(address, entry & ~(PTE_DIRTY | PTE_WRITE));
}

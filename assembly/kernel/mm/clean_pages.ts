/**
 * Write-protecting the entries of a folio that is about to be written to disk.
 *
 * Models:     a range pair and a page flush for each shared mapping, whether an entry changes or
 *             not.
 * Source:     linux 6.18 mm/rmap.c (page_vma_mkclean_one)
 */
import { PTE_DIRTY, PTE_WRITE, entryFrame, mapsFrame } from "../../hardware/pgtable/pte";
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
    for (let i: u32 = 0; i < count; i++) {
      const at = va + ((<u64>i) << 12);
      const address = kernel.tables.findPte(mm, at);
      if (address == 0) continue;
      const entry = load<u64>(address);
      if (!mapsFrame(entry) || entryFrame(entry) != headPfn + first + i) continue;
      if ((entry & (PTE_DIRTY | PTE_WRITE)) == 0) continue;
      store<u64>(address, 0);
      kernel.tlbs.flushPage(mm, at);
      kernel.frames.protect(entryFrame(entry));
      store<u64>(address, entry & ~(PTE_DIRTY | PTE_WRITE));
      kernel.sink.invalidatePage(mm, at);
    }
    endRmap(kernel, mm);
    return true;
  }
}

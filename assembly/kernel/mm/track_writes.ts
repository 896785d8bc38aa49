/**
 * Entries through which a driver wants to see the next write, or has seen the last.
 *
 * Models:     one flush, from the first entry that changed to the last; 2 MiB entries are left
 *             alone.
 * Source:     linux 6.18 mm/mapping_dirty_helpers.c (wp_pte, clean_record_pte, wp_clean_post_vma)
 */
import { PTE_DIRTY, PTE_WRITE, entryFrame, isHuge, mapsFrame } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { mmAt } from "./mm";
import { blockEnd } from "./page_tables";
import { Vma } from "./vma";

/** Takes the right to write from the entries of `[start, end)`, or their dirty bits. */
export function trackWrites(kernel: Kernel, vma: Vma, start: u64, end: u64, cleans: bool): void {
  const mm = mmAt(vma.mm);
  const tables = kernel.tables;
  const taken = cleans ? PTE_DIRTY : PTE_WRITE;
  let first = end;
  let last = start;
  let va = tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    const pmd = load<u64>(tables.pmdAddress);
    for (let page = va; page < next && !isHuge(pmd); page += 4096) {
      const address = tables.pteIn(pmd, page);
      const entry = load<u64>(address);
      if (!mapsFrame(entry) || (entry & taken) == 0) continue;
      store<u64>(address, entry & ~taken);
      if (!cleans) kernel.frames.protect(entryFrame(entry));
      first = min(first, page);
      last = page + 4096;
    }
    va = tables.firstPmd(mm, next, end);
  }
  if (first < last) kernel.tlbs.flushRange(mm, first, last, 12, false);
}

/**
 * What page tables map of a large folio: the run of entries at an address, and whether other mms
 * map it too.
 *
 * Models:     a run ends with the folio, the range or the first entry that maps something else; a
 *             folio counts as shared when it is mapped more than once and by more than one mm.
 * Source:     linux 6.18 mm/internal.h (folio_pte_batch_flags), include/linux/mm.h
 *             (folio_maybe_mapped_shared)
 */
import { LEVEL_PMD } from "../../base/page";
import { entryFrame, isHuge, mapsFrame } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { Mm, addressOfMm } from "./mm";
import { RmapVisitor, walkFolio } from "./rmap";
import { Vma } from "./vma";

/**
 * How many entries from `va` on, up to `end`, map consecutive pages of the folio that the first one
 * maps.
 */
export function runOfFolio(kernel: Kernel, pmd: u64, va: u64, end: u64): u32 {
  const first = entryFrame(load<u64>(kernel.tables.pteIn(pmd, va)));
  const head = kernel.frames.head(first);
  const left = head.head + (1 << head.order) - first;
  const most = min(<u32>((end - va) >> 12), left);
  let count: u32 = 1;
  while (count < most) {
    const entry = load<u64>(kernel.tables.pteIn(pmd, va + ((<u64>count) << 12)));
    if (!mapsFrame(entry) || entryFrame(entry) != first + count) break;
    count++;
  }
  return count;
}

/** Counts the entries of one mm that map a part of a folio. */
export class CountEntries extends RmapVisitor {
  mm: u32 = 0;
  found: u32 = 0;

  visit(kernel: Kernel, mm: Mm, vma: Vma, va: u64, headPfn: u32, first: u32, count: u32): bool {
    if (addressOfMm(mm) != this.mm) return true;
    const address = kernel.tables.find(mm, va, LEVEL_PMD);
    if (address != 0 && isHuge(load<u64>(address))) {
      if (entryFrame(load<u64>(address)) == headPfn) this.found++;
      return true;
    }
    for (let i: u32 = 0; i < count; i++) {
      const pte = kernel.tables.findPte(mm, va + ((<u64>i) << 12));
      if (pte == 0) continue;
      const entry = load<u64>(pte);
      if (mapsFrame(entry) && entryFrame(entry) == headPfn + first + i) this.found++;
    }
    return true;
  }
}

/** Whether an mm other than `mm`, which maps the folio at `headPfn`, maps a part of it too. */
export function isMappedShared(kernel: Kernel, mm: Mm, headPfn: u32): bool {
  const head = kernel.frames.at(headPfn);
  if (head.mappings <= 1) return false;
  if (head.order == 0) return true;
  const counter = kernel.countEntries;
  counter.mm = addressOfMm(mm);
  counter.found = 0;
  walkFolio(kernel, headPfn, counter);
  return counter.found != head.mappings;
}

/**
 * Clearing the entries of a range.
 *
 * Models:     entries and frames go, the gather learns the range; dirty pages of files force a
 *             flush before the table's lock is dropped; a full gather forces one too; guard markers
 *             survive all but an unmap; MADV_DONTNEED of a whole block frees its empty pte table.
 * Source:     linux 6.18 mm/memory.c (zap_pte_range, zap_pmd_range), mm/pt_reclaim.c
 */
import { PMD_SIZE } from "../../base/page";
import {
  PTE_DIRTY,
  entryFrame,
  isGuard,
  isHuge,
  isMigration,
  isSwap,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { ZapKind } from "../plan";
import { FRAME_DIRTY, FRAME_FILE, HUGE_ZERO_PFN, isSpecial } from "./frames";
import { splitHugeEntry } from "./huge_entry";
import { zapHugetlb } from "./hugetlb";
import { Mm, mmAt } from "./mm";
import { blockEnd } from "./page_tables";
import { dropSwapEntry } from "./swap_entries";
import { Vma, isHugetlb } from "./vma";

export function zapRange(kernel: Kernel, vma: Vma, start: u64, end: u64, kind: ZapKind): void {
  if (isHugetlb(vma)) {
    zapHugetlb(kernel, vma, start, end);
    kernel.gather.endVma();
    return;
  }
  const mm = mmAt(vma.mm);
  const tables = kernel.tables;
  let va = tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    const address = tables.pmdAddress;
    if (isHuge(load<u64>(address)) && next - va != PMD_SIZE) splitHugeEntry(kernel, vma, va);
    const entry = load<u64>(address);
    if (isHuge(entry)) zapHuge(kernel, address, va);
    else if (entry != 0) zapTable(kernel, vma, address, va, next, kind);
    va = tables.firstPmd(mm, next, end);
  }
  kernel.gather.endVma();
}

function zapHuge(kernel: Kernel, address: usize, va: u64): void {
  const entry = load<u64>(address);
  const pfn = entryFrame(entry);
  store<u64>(address, 0);
  kernel.gather.clearedPmd(va);
  if (pfn == HUGE_ZERO_PFN) return;
  if ((entry & PTE_DIRTY) != 0) kernel.frames.at(pfn).flags |= FRAME_DIRTY;
  const isFull = kernel.gather.addPage(pfn);
  kernel.frames.unmapHuge(pfn);
  if (isFull) kernel.gather.flush();
}

/** Clears `[start, end)`, which lies in the one table that the pmd entry at `pmdAddress` names. */
function zapTable(
  kernel: Kernel,
  vma: Vma,
  pmdAddress: usize,
  start: u64,
  end: u64,
  kind: ZapKind,
): void {
  const tables = kernel.tables;
  const gather = kernel.gather;
  const pmd = load<u64>(pmdAddress);
  let forced = false;
  let keptSome = false;
  for (let va = start; va < end; va += 4096) {
    const address = tables.pteIn(pmd, va);
    const entry = load<u64>(address);
    if (entry == 0) continue;
    if (!mapsFrame(entry)) {
      if (!zapAbsent(kernel, vma, address, entry, kind)) keptSome = true;
      continue;
    }
    const pfn = entryFrame(entry);
    const isFilePage = !isSpecial(pfn) && (kernel.frames.head(pfn).flags & FRAME_FILE) != 0;
    if (kind == ZapKind.FileOnly && !isFilePage) {
      keptSome = true;
      continue;
    }
    store<u64>(address, 0);
    gather.clearedPte(va, 1);
    if (isSpecial(pfn)) continue;
    if (isFilePage && (entry & PTE_DIRTY) != 0) {
      kernel.frames.head(pfn).flags |= FRAME_DIRTY;
      forced = true;
    }
    const isFull = gather.addPage(pfn);
    kernel.frames.unmap(pfn);
    if (isFull) gather.flush();
  }
  if (forced) gather.flush();
  if (
    kind == ZapKind.Discard &&
    kernel.facts.reclaimsTables &&
    !keptSome &&
    end - start == PMD_SIZE &&
    tables.isEmpty(entryFrame(pmd))
  ) {
    store<u64>(pmdAddress, 0);
    gather.freedPteTable(start, entryFrame(pmd));
  }
}

/** An entry without a page; false when it stays. */
function zapAbsent(kernel: Kernel, vma: Vma, address: usize, entry: u64, kind: ZapKind): bool {
  if (isGuard(entry) && kind != ZapKind.Unmap) return false;
  if (isSwap(entry)) {
    if (kind == ZapKind.FileOnly) return false;
    store<u64>(address, 0);
    dropSwapEntry(kernel, entryFrame(entry));
    return true;
  }
  if (isMigration(entry)) kernel.frames.releaseIfUnused(kernel.frames.at(entryFrame(entry)).head);
  store<u64>(address, 0);
  return true;
}

/**
 * Clears every entry of an mm that is going away; nothing is announced and no flush is recorded.
 */
export function zapWhole(kernel: Kernel, mm: Mm, vma: Vma): void {
  zapRange(kernel, vma, vma.start, vma.end, ZapKind.Unmap);
}

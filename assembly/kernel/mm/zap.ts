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
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_SOFT_DIRTY,
  PTE_WRITE,
  entryFrame,
  isGuard,
  isHuge,
  isMigration,
  isSwap,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { ZapKind } from "../plan";
import { isDeviceExclusive } from "./device_exclusive";
import { FRAME_DIRTY, FRAME_FILE, HUGE_ZERO_PFN, isSpecial } from "./frames";
import { splitHugeEntry } from "./huge_entry";
import { zapHugetlb } from "./hugetlb";
import { Mm, mmAt } from "./mm";
import { blockEnd } from "./page_tables";
import { dropSwapEntry } from "./swap_entries";
import { Vma, isHugetlb } from "./vma";
import { VM_PFNMAP } from "./vm_flags";

/** What may differ between the entries of a run. */
const RUN_IGNORED: u64 = PTE_ACCESSED | PTE_DIRTY | PTE_SOFT_DIRTY | PTE_WRITE;

export function zapRange(kernel: Kernel, vma: Vma, start: u64, end: u64, kind: ZapKind): void {
  if ((vma.flags & VM_PFNMAP) != 0) kernel.gather.startFrameMap();
  if (isHugetlb(vma)) {
    const isUnshared = zapHugetlb(kernel, vma, start, end);
    kernel.gather.endVma();
    if (isUnshared) kernel.gather.flushTlbOnly();
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
  const isFull = kernel.gather.addPages(pfn, 1, false);
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
  gather.flushBatchedPending();
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
    if (isDeviceExclusive(entry)) {
      store<u64>(address, 0);
      kernel.frames.unmap(pfn);
      continue;
    }
    const isFilePage = !isSpecial(pfn) && (kernel.frames.head(pfn).flags & FRAME_FILE) != 0;
    if (kind == ZapKind.FileOnly && !isFilePage) {
      keptSome = true;
      continue;
    }
    if (isSpecial(pfn)) {
      store<u64>(address, 0);
      gather.clearedPte(va, 1);
      continue;
    }
    const count = runAt(kernel, address, entry, <u32>((end - va) >> 12));
    const isDirty = clearRun(address, count) && isFilePage;
    gather.clearedPte(va, count);
    if (isDirty) {
      kernel.frames.head(pfn).flags |= FRAME_DIRTY;
      forced = true;
    }
    const isFull = gather.addPages(pfn, count, isDirty);
    for (let i: u32 = 0; i < count; i++) kernel.frames.unmap(pfn + i);
    if (isFull) {
      gather.flush();
      forced = false;
    }
    va += (<u64>(count - 1)) << 12;
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

/** folio_pte_batch: how many of the next entries map the pages that follow in the same folio. */
function runAt(kernel: Kernel, address: usize, first: u64, limit: u32): u32 {
  const pfn = entryFrame(first);
  const frame = kernel.frames.at(pfn);
  const order = kernel.frames.at(frame.head).order;
  if (order == 0) return 1;
  const most = min(limit, frame.head + (1 << order) - pfn);
  let count: u32 = 1;
  while (count < most) {
    const expected = first + ((<u64>count) << 12);
    if (((load<u64>(address + ((<usize>count) << 3)) ^ expected) & ~RUN_IGNORED) != 0) break;
    count++;
  }
  return count;
}

/** Clears `count` entries; whether one of them was dirty. */
function clearRun(address: usize, count: u32): bool {
  let dirty: u64 = 0;
  for (let i: u32 = 0; i < count; i++) {
    const at = address + ((<usize>i) << 3);
    dirty |= load<u64>(at) & PTE_DIRTY;
    store<u64>(at, 0);
  }
  return dirty != 0;
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

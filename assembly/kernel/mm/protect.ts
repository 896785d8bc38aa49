/**
 * Changing the protection of the entries of a range.
 *
 * Models:     the notifier range begins at the first GiB that has a pmd table (one pair for each
 *             512 GiB); entries of exclusive anonymous pages, and dirty ones of shared files,
 *             become writable at once; the gather learns only the entries whose old translation
 *             could do harm; hints of NUMA balancing, which pages that could not move are spared.
 * Simplifies: no page is on the node that uses it yet.
 * Source:     linux 6.18 mm/mprotect.c (change_pud_range, change_pte_range,
 *             prot_numa_skip), mm/huge_memory.c (change_huge_pmd), mm/memory.c (do_numa_page)
 */
import {
  LEVEL_PGD,
  LEVEL_PMD,
  LEVEL_PUD,
  PGD_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  tableIndex,
} from "../../base/page";
import {
  MARKER_UFFD_WP,
  PTE_ACCESSED,
  PTE_DIRTY,
  PTE_UFFD_WP,
  PTE_WRITE,
  entryFrame,
  isHuge,
  isPresent,
  isWritable,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { needsFlush, withProtectionOf, withoutAccess } from "./entries";
import { isDeviceExclusive } from "./device_exclusive";
import { isMappedShared } from "./folio_entries";
import {
  FRAME_ANON,
  FRAME_DIRTY,
  FRAME_EXCLUSIVE,
  FRAME_FILE,
  FRAME_KSM,
  isSpecial,
} from "./frames";
import { splitHugeEntry } from "./huge_entry";
import { protectHugetlb } from "./hugetlb";
import { Mm, mmAt } from "./mm";
import { blockEnd } from "./page_tables";
import { UFFD_WP_ASYNC } from "./uffd_modes";
import { ProtectKind } from "../plan";
import { Vma, isAnonymous, isHugetlb, isShared } from "./vma";
import { VM_WRITE } from "./vm_flags";

/** What is known while one vma's protection changes. */
export class Protection {
  /** Where the open pair begins; 0: none was opened, or so it seems for a pair that begins at 0. */
  announcedFrom: u64 = 0;
  /** An entry was changed, which is what a kernel without a gather here flushes for. */
  hasChanged: bool = false;

  /** Opens the pair unless one is open. */
  announce(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
    if (this.announcedFrom != 0) return;
    this.announcedFrom = start;
    kernel.sink.rangeStart(mm, NotifierEvent.ProtectionVma, start, end);
  }

  finish(kernel: Kernel, mm: Mm): void {
    if (this.announcedFrom != 0) kernel.sink.rangeEnd(mm);
    this.announcedFrom = 0;
  }
}

export function changeProtection(
  kernel: Kernel,
  vma: Vma,
  start: u64,
  end: u64,
  kind: ProtectKind,
): void {
  if (isHugetlb(vma)) {
    protectHugetlb(kernel, vma, start, end, kind);
    return;
  }
  const mm = mmAt(vma.mm);
  const protection = kernel.protection;
  protection.hasChanged = false;
  let va = start;
  while (va < end) {
    const next = min((va | (PGD_SIZE - 1)) + 1, end);
    protectSlot(kernel, mm, vma, va, next, kind);
    va = next;
  }
  if (kernel.facts.gathersProtection) kernel.gather.endVma();
  else if (protection.hasChanged) kernel.tlbs.flushRange(mm, start, end, 12, false);
}

function protectSlot(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  start: u64,
  end: u64,
  kind: ProtectKind,
): void {
  const memory = kernel.tables.memory;
  let pgd = load<u64>(memory.entryAddress(mm.pgd, tableIndex(start, LEVEL_PGD)));
  if (kind == ProtectKind.UffdProtect && usesMarkers(vma)) {
    makeTables(kernel, mm, start, end);
    pgd = load<u64>(memory.entryAddress(mm.pgd, tableIndex(start, LEVEL_PGD)));
  }
  if (pgd == 0) return;
  const protection = kernel.protection;
  const isLevelPud = kernel.facts.protectLevel == LEVEL_PUD;
  protection.announcedFrom = 0;
  let va = start;
  while (va < end) {
    const next = min((va | (PUD_SIZE - 1)) + 1, end);
    const pud = load<u64>(memory.entryAddress(entryFrame(pgd), tableIndex(va, LEVEL_PUD)));
    if (pud != 0) {
      if (isLevelPud) protection.announce(kernel, mm, va, end);
      protectBlocks(kernel, mm, vma, va, next, kind);
      if (!isLevelPud) protection.finish(kernel, mm);
    }
    va = next;
  }
  if (isLevelPud) protection.finish(kernel, mm);
}

/**
 * userfaultfd_wp_use_markers: holes are protected too, by markers. Asynchronous protection includes
 * that of anonymous holes (UFFD_FEATURE_WP_UNPOPULATED).
 */
function usesMarkers(vma: Vma): bool {
  return !isAnonymous(vma) || (vma.uffd & UFFD_WP_ASYNC) != 0;
}

/** change_prepare: the pte tables that markers are to go into. */
function makeTables(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  for (let va = start; va < end; va = blockEnd(va, end)) {
    const address = kernel.tables.make(mm, va, LEVEL_PMD);
    if (load<u64>(address) == 0) kernel.tables.make(mm, va, 1);
  }
}

function protectBlocks(
  kernel: Kernel,
  mm: Mm,
  vma: Vma,
  start: u64,
  end: u64,
  kind: ProtectKind,
): void {
  const tables = kernel.tables;
  const announces = kernel.facts.protectLevel == LEVEL_PMD;
  let va = tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    const address = tables.pmdAddress;
    if (announces) kernel.protection.announce(kernel, mm, va, end);
    if (
      isHuge(load<u64>(address)) &&
      (next - va != PMD_SIZE || (kind == ProtectKind.UffdProtect && !isAnonymous(vma)))
    ) {
      splitHugeEntry(kernel, vma, va);
    }
    const entry = load<u64>(address);
    if (isHuge(entry)) protectHuge(kernel, vma, address, va, kind);
    else if (entry != 0) protectTable(kernel, vma, entry, va, next, kind);
    va = tables.firstPmd(mm, next, end);
  }
}

function protectHuge(kernel: Kernel, vma: Vma, address: usize, va: u64, kind: ProtectKind): void {
  const old = load<u64>(address);
  const isHint = kind == ProtectKind.NumaHint;
  if (isHint && (!isPresent(old) || isSpecial(entryFrame(old)))) return;
  let entry = isHint ? withoutAccess(old) : withProtectionOf(vma, old);
  if (kind == ProtectKind.UffdProtect) entry |= PTE_UFFD_WP;
  if (kind == ProtectKind.UffdResolve) entry &= ~PTE_UFFD_WP;
  if (!isHint && mayWriteAtOnce(kernel, vma, entry)) entry |= PTE_WRITE;
  if (!isWritable(entry)) kernel.frames.protectHuge(entryFrame(entry));
  store<u64>(address, entry);
  kernel.protection.hasChanged = true;
  if (kernel.facts.notifiesDowngrades) {
    // pmdp_get_and_clear_notify
    kernel.sink.secondaryFlush(mmAt(vma.mm), va, va + PMD_SIZE);
  }
  if (kernel.facts.gathersProtection && needsFlush(old, entry)) kernel.gather.clearedPmd(va);
}

function protectTable(
  kernel: Kernel,
  vma: Vma,
  pmd: u64,
  start: u64,
  end: u64,
  kind: ProtectKind,
): void {
  const tables = kernel.tables;
  kernel.tlbs.flushBatchedPending(mmAt(vma.mm));
  const isHint = kind == ProtectKind.NumaHint;
  let va = start;
  while (va < end) {
    const address = tables.pteIn(pmd, va);
    const old = load<u64>(address);
    if (isHint && !mayHint(kernel, vma, old)) {
      va += 4096;
      continue;
    }
    if (old == 0 || !mapsFrame(old) || isDeviceExclusive(old)) {
      protectAbsent(vma, address, old, kind);
      va += 4096;
      continue;
    }
    const count = batchAt(kernel, address, old, <u32>((end - va) >> 12));
    const dirty = dirtyOf(address, count);
    let entry = isHint ? withoutAccess(old | dirty) : withProtectionOf(vma, old | dirty);
    if (kind == ProtectKind.UffdProtect) entry |= PTE_UFFD_WP;
    if (kind == ProtectKind.UffdResolve) entry &= ~PTE_UFFD_WP;
    protectBatch(kernel, vma, address, va, old | dirty, entry, count, !isHint);
    va += (<u64>count) << 12;
  }
}

/** Writes `count` entries of one folio, whose pages may differ in being exclusive. */
function protectBatch(
  kernel: Kernel,
  vma: Vma,
  address: usize,
  va: u64,
  old: u64,
  entry: u64,
  count: u32,
  triesToWrite: bool,
): void {
  for (let i: u32 = 0; i < count; i++) {
    const step = (<u64>i) << 12;
    let fresh = entry + step;
    if (triesToWrite && mayWriteAtOnce(kernel, vma, fresh)) fresh |= PTE_WRITE;
    if (!isWritable(fresh)) kernel.frames.protect(entryFrame(fresh));
    store<u64>(address + ((<usize>i) << 3), fresh);
    kernel.protection.hasChanged = true;
    if (kernel.facts.gathersProtection && needsFlush(old + step, fresh)) {
      kernel.gather.clearedPte(va + step, 1);
    }
  }
}

/**
 * prot_numa_skip: pages that could not be moved to where they are used, or have their hint already.
 */
function mayHint(kernel: Kernel, vma: Vma, entry: u64): bool {
  if (!isPresent(entry) || isSpecial(entryFrame(entry))) return false;
  const head = kernel.frames.head(entryFrame(entry));
  if ((head.flags & FRAME_KSM) != 0) return false;
  if (!kernel.facts.sparesShared) return true;
  if (!isShared(vma) && (head.dmaPins != 0 || isMappedShared(kernel, mmAt(vma.mm), head.head)))
    return false;
  const isOnDisk = (head.flags & FRAME_FILE) != 0 && !kernel.files.isShmem(head.owner);
  return !isOnDisk || (head.flags & FRAME_DIRTY) == 0;
}

/** numa_rebuild_single_mapping, in do_numa_page: the entry of `va` is as the VMA says again. */
export function clearNumaHint(kernel: Kernel, vma: Vma, va: u64): void {
  const mm = mmAt(vma.mm);
  let address = kernel.tables.find(mm, va, LEVEL_PMD);
  if (!isHuge(load<u64>(address))) address = kernel.tables.pteIn(load<u64>(address), va);
  const entry = withProtectionOf(vma, load<u64>(address)) | PTE_ACCESSED;
  store<u64>(address, entry | (mayWriteAtOnce(kernel, vma, entry) ? PTE_WRITE : 0));
}

/**
 * How many of the next entries map consecutive pages of the same large folio with the same write
 * bit.
 */
function batchAt(kernel: Kernel, address: usize, first: u64, limit: u32): u32 {
  const pfn = entryFrame(first);
  if (isSpecial(pfn)) return 1;
  const frame = kernel.frames.at(pfn);
  const order = kernel.frames.at(frame.head).order;
  if (order == 0) return 1;
  const left = frame.head + (1 << order) - pfn;
  const most = min(limit, left);
  let count: u32 = 1;
  while (count < most) {
    const entry = load<u64>(address + ((<usize>count) << 3));
    if (!mapsFrame(entry) || entryFrame(entry) != pfn + count) break;
    if (((entry ^ first) & PTE_WRITE) != 0) break;
    count++;
  }
  return count;
}

/** The dirty bit of any of `count` entries: a batch is read as if it were one entry. */
function dirtyOf(address: usize, count: u32): u64 {
  let dirty: u64 = 0;
  for (let i: u32 = 0; i < count; i++) dirty |= load<u64>(address + ((<usize>i) << 3)) & PTE_DIRTY;
  return dirty;
}

function protectAbsent(vma: Vma, address: usize, old: u64, kind: ProtectKind): void {
  if (isDeviceExclusive(old)) return;
  if (kind == ProtectKind.UffdProtect) {
    if (old == 0) {
      if (usesMarkers(vma)) store<u64>(address, MARKER_UFFD_WP);
    } else {
      store<u64>(address, old | PTE_UFFD_WP);
    }
  }
  if (kind == ProtectKind.UffdResolve) {
    store<u64>(address, old == MARKER_UFFD_WP ? 0 : old & ~PTE_UFFD_WP);
  }
}

/** can_change_pte_writable: the entry may become writable without waiting for a fault. */
export function mayWriteAtOnce(kernel: Kernel, vma: Vma, entry: u64): bool {
  if ((vma.flags & VM_WRITE) == 0 || (entry & PTE_UFFD_WP) != 0) return false;
  const pfn = entryFrame(entry);
  if (isShared(vma)) {
    if (!kernel.files.isTracked(vma.file)) return true;
    return (entry & PTE_DIRTY) != 0;
  }
  if (isSpecial(pfn)) return false;
  return (
    (kernel.frames.at(pfn).flags & (FRAME_ANON | FRAME_EXCLUSIVE)) == (FRAME_ANON | FRAME_EXCLUSIVE)
  );
}

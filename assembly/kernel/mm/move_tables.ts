/**
 * mremap: entries, or the tables that hold them, move from one place to another.
 *
 * Models:     whole aligned GiB move by their pud entry and whole blocks by their pmd entry, each
 *             with a full flush; else one flush for the extent of each block that holds a page,
 *             under the table's lock.
 * Source:     linux 6.18 mm/mremap.c (move_page_tables, move_ptes, get_extent)
 */
import { Taker } from "../../abi/vocabulary";
import { LEVEL_PGD, LEVEL_PMD, LEVEL_PUD, PMD_SIZE, PUD_SIZE, tableIndex } from "../../base/page";
import {
  PTE_SOFT_DIRTY,
  PTE_UFFD_WP,
  entryFrame,
  isHuge,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { splitHugeEntry } from "./huge_entry";
import { moveHugetlb } from "./hugetlb";
import { isDeviceExclusive } from "./device_exclusive";
import { Mm, mmAt } from "./mm";
import { Vma, isHugetlb } from "./vma";

/** Bytes up to the next boundary of `size` on either side, and not past `end`. */
function extentOf(source: u64, target: u64, end: u64, size: u64): u64 {
  let extent = ((source + size) & ~(size - 1)) - source;
  if (extent > end - source) extent = end - source;
  const room = ((target + size) & ~(size - 1)) - target;
  return extent > room ? room : extent;
}

export function moveTables(
  kernel: Kernel,
  vma: Vma,
  start: u64,
  targetStart: u64,
  end: u64,
  targetVma: Vma,
): void {
  if (isHugetlb(vma)) {
    moveHugetlb(kernel, vma, start, targetStart, end, targetVma);
    return;
  }
  const mm = mmAt(vma.mm);
  let source = start;
  let target = targetStart;
  while (source < end) {
    const extent = moveNext(kernel, mm, vma, source, target, end);
    source += extent;
    target += extent;
  }
  // before tables could move, one flush stood behind all moves, and the page-table locks were free
  if (kernel.hasMoved) kernel.tlbs.flushRange(mm, start, end, 12, false);
  kernel.hasMoved = false;
}

/** Moves what lies at `source`; returns how far that reaches. */
function moveNext(kernel: Kernel, mm: Mm, vma: Vma, source: u64, target: u64, end: u64): u64 {
  const tables = kernel.tables;
  const giant = extentOf(source, target, end, PUD_SIZE);
  const pudAddress = tables.find(mm, source, LEVEL_PUD);
  if (pudAddress == 0 || load<u64>(pudAddress) == 0) return giant;
  const newPud = tables.make(mm, target, LEVEL_PUD);
  if (giant == PUD_SIZE && kernel.facts.movesTables && load<u64>(newPud) == 0) {
    moveEntry(kernel, mm, pudAddress, newPud, source, PUD_SIZE);
    return giant;
  }
  const extent = extentOf(source, target, end, PMD_SIZE);
  const pmdAddress = tables.find(mm, source, LEVEL_PMD);
  if (pmdAddress == 0 || load<u64>(pmdAddress) == 0) return extent;
  const newPmd = tables.make(mm, target, LEVEL_PMD);
  const mayMove = kernel.facts.movesTables || isHuge(load<u64>(pmdAddress));
  if (extent == PMD_SIZE && mayMove && load<u64>(newPmd) == 0) {
    moveEntry(kernel, mm, pmdAddress, newPmd, source, PMD_SIZE);
    return extent;
  }
  if (isHuge(load<u64>(pmdAddress))) splitHugeEntry(kernel, vma, source);
  if (load<u64>(pmdAddress) != 0) moveEntries(kernel, mm, source, target, extent);
  return extent;
}

function moveEntry(kernel: Kernel, mm: Mm, from: usize, to: usize, va: u64, size: u64): void {
  if (kernel.frames.taker != Taker.Unknown) noteMoved(kernel, mm, va, va + size);
  store<u64>(to, load<u64>(from));
  store<u64>(from, 0);
  flushMoved(kernel, mm, va, va + size);
}

/** Every page of the range loses its place. */
function noteMoved(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  const tables = kernel.tables;
  for (let va = tables.firstPmd(mm, start, end); va < end; va += 4096) {
    const pmd = load<u64>(tables.find(mm, va, LEVEL_PMD));
    const index = (<u32>(va >> 12)) & 511;
    if (isHuge(pmd)) {
      kernel.frames.move(entryFrame(pmd) + index);
    } else if (pmd != 0) {
      const entry = load<u64>(tables.pteIn(pmd, va));
      if (mapsFrame(entry)) kernel.frames.move(entryFrame(entry));
    }
  }
}

/** One step's flush, under the page-table locks; or a note that one is due at the end. */
function flushMoved(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  if (kernel.facts.movesTables) kernel.tlbs.flushRange(mm, start, end, 12, true);
  else kernel.hasMoved = true;
}

function moveEntries(kernel: Kernel, mm: Mm, source: u64, target: u64, extent: u64): void {
  const tables = kernel.tables;
  kernel.tlbs.flushBatchedPending(mm);
  let present = false;
  for (let offset: u64 = 0; offset < extent; offset += 4096) {
    const from = tables.findPte(mm, source + offset);
    const to = tables.make(mm, target + offset, 1);
    const entry = load<u64>(from);
    if (entry == 0) continue;
    if (mapsFrame(entry)) kernel.frames.move(entryFrame(entry));
    present = present || (mapsFrame(entry) && !isDeviceExclusive(entry));
    store<u64>(from, 0);
    store<u64>(to, (entry | (mapsFrame(entry) ? PTE_SOFT_DIRTY : 0)) & ~PTE_UFFD_WP);
  }
  if (present) flushMoved(kernel, mm, source, source + extent);
}

/** The table frame under a pgd entry, for tests of what was moved. */
export function pudTableOf(kernel: Kernel, mm: Mm, va: u64): u32 {
  return entryFrame(kernel.tables.memory.readEntry(mm.pgd, tableIndex(va, LEVEL_PGD)));
}

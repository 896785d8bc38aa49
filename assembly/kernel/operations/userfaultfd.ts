/**
 * userfaultfd ioctls and PAGEMAP_SCAN.
 *
 * Models:     registering only changes VMAs; write-protecting announces and flushes like mprotect;
 *             copying into holes is silent; moving announces the source; a write-protect
 *             registration is lifted with a pair.
 * Source:     linux 6.18 mm/userfaultfd.c, fs/userfaultfd.c, fs/proc/task_mmu.c (pagemap_scan_*)
 */
import { LEVEL_PMD, PMD_SIZE, PUD_SIZE } from "../../base/page";
import {
  PTE_DIRTY,
  PTE_SOFT_DIRTY,
  PTE_UFFD_WP,
  PTE_WRITE,
  MARKER_UFFD_WP,
  entryFrame,
  isHuge,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { prepareAnonVma } from "../mm/anon_vma";
import { entryFor } from "../mm/entries";
import { ZERO_PFN } from "../mm/frames";
import { newAnonFolio } from "../mm/install";
import { Mm, findVma, indexOf, mmAt, vmaOf } from "../mm/mm";
import { blockEnd } from "../mm/page_tables";
import { UFFD_WP, UFFD_WP_ASYNC } from "../mm/uffd_modes";
import { Vma, linearPage } from "../mm/vma";
import { VM_WRITE } from "../mm/vm_flags";
import { modifyVmaAnd } from "../mm/vma_modify";

export function registerUser(kernel: Kernel, mm: Mm, start: u64, end: u64, modes: u32): void {
  changeRegistration(kernel, mm, start, end, modes);
}

export function unregisterUser(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  changeRegistration(kernel, mm, start, end, 0);
}

function changeRegistration(kernel: Kernel, mm: Mm, start: u64, end: u64, modes: u32): void {
  let va = start;
  while (va < end) {
    const index = indexOf(mm, va);
    if (index == mm.count || vmaOf(mm, index).start >= end) return;
    const vma = vmaOf(mm, index);
    const from = max(va, vma.start);
    const stop = min(vma.end, end);
    if (modes == 0 && (vma.uffd & UFFD_WP) != 0) protectUserPages(kernel, mm, from, stop, false);
    if (vma.uffd != modes)
      modifyVmaAnd(kernel, vma, from, stop, vma.flags, modes, vma.policy).uffd = modes;
    va = stop;
  }
}

/** UFFDIO_WRITEPROTECT: each VMA has a gather of its own. */
export function protectUserPages(
  kernel: Kernel,
  mm: Mm,
  start: u64,
  end: u64,
  protects: bool,
): void {
  let va = start;
  while (va < end) {
    const vma = findVma(mm, va);
    if (vma == null || (vma.uffd & UFFD_WP) == 0) return;
    const stop = min(vma.end, end);
    protectPart(kernel, vma, va, stop, protects);
    va = stop;
  }
}

/** uffd_wp_range. */
function protectPart(kernel: Kernel, vma: Vma, start: u64, end: u64, protects: bool): void {
  kernel.plan.beginGather(mmAt(vma.mm));
  kernel.plan.protectForUffd(vma, start, end, protects);
  kernel.plan.finishGather();
}

/** UFFDIO_COPY and UFFDIO_ZEROPAGE. */
export function copyIntoHoles(kernel: Kernel, mm: Mm, start: u64, end: u64, zero: bool): void {
  for (let va = start; va < end; va += 4096) {
    const vma = findVma(mm, va);
    if (vma == null) return;
    const pmd = kernel.tables.find(mm, va, LEVEL_PMD);
    if (pmd != 0 && isHuge(load<u64>(pmd))) return;
    const address = kernel.tables.make(mm, va, 1);
    if (load<u64>(address) != 0) return;
    if (zero) {
      store<u64>(address, entryFor(vma, ZERO_PFN));
      continue;
    }
    const pfn = newAnonFolio(kernel, vma, va, 0);
    kernel.frames.map(pfn);
    const write = (vma.flags & VM_WRITE) != 0 ? PTE_WRITE : 0;
    store<u64>(address, entryFor(vma, pfn) | PTE_DIRTY | PTE_SOFT_DIRTY | write);
  }
}

/** UFFDIO_MOVE: pages of `source` go to the holes at `[target, end)`. */
export function moveUserPages(kernel: Kernel, mm: Mm, target: u64, end: u64, source: u64): void {
  const vma = findVma(mm, target);
  if (vma == null) return;
  prepareAnonVma(kernel, vma);
  let to = target;
  while (to < end) {
    const from = source + (to - target);
    const stop = min(end, (to | 0x1fffff) + 1);
    const size = min(stop - to, (from | 0x1fffff) + 1 - from);
    let moved: u64 = 0;
    kernel.plan.rangeStart(mm, NotifierEvent.Clear, from, from + size);
    for (let offset: u64 = 0; offset < size; offset += 4096) {
      const fromAddress = kernel.tables.findPte(mm, from + offset);
      if (fromAddress == 0) continue;
      const entry = load<u64>(fromAddress);
      if (!mapsFrame(entry)) continue;
      store<u64>(fromAddress, 0);
      moved = offset + 4096;
      const frame = kernel.frames.head(entryFrame(entry));
      frame.owner = vma.anonVma;
      frame.index = linearPage(vma, to + offset);
      store<u64>(
        kernel.tables.make(mm, to + offset, 1),
        entryFor(vma, entryFrame(entry)) | PTE_WRITE | PTE_DIRTY | PTE_SOFT_DIRTY,
      );
    }
    if (moved != 0) kernel.tlbs.flushRange(mm, from, from + moved, 12, false);
    kernel.plan.rangeEnd(mm);
    to += size;
  }
}

/**
 * PAGEMAP_SCAN with write-protection of what was written: one flush a block, from the first entry
 * changed; a hole without a pte table is protected as by userfaultfd itself. Stops at a VMA that is
 * not registered for it.
 */
export function scanWritten(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  kernel.plan.rangeStart(mm, NotifierEvent.ProtectionVma, start, end);
  let va = start;
  while (va < end) {
    const index = indexOf(mm, va);
    if (index == mm.count || vmaOf(mm, index).start >= end) break;
    const vma = vmaOf(mm, index);
    if ((vma.uffd & UFFD_WP_ASYNC) == 0) break;
    va = max(va, vma.start);
    const stop = min(vma.end, end);
    while (va < stop) va = scanPart(kernel, mm, vma, va, stop);
  }
  kernel.plan.rangeEnd(mm);
}

/** Scans the block of `va`, or the hole of missing tables there; returns where that ends. */
function scanPart(kernel: Kernel, mm: Mm, vma: Vma, va: u64, end: u64): u64 {
  const address = kernel.tables.find(mm, va, LEVEL_PMD);
  if (address != 0 && load<u64>(address) != 0) {
    const next = blockEnd(va, end);
    const entry = load<u64>(address);
    if (isHuge(entry) && next - va == PMD_SIZE) {
      if ((entry & PTE_UFFD_WP) != 0) return next;
      store<u64>(address, (entry & ~PTE_WRITE) | PTE_UFFD_WP);
      kernel.tlbs.flushRange(mm, va, next, 12, false);
      return next;
    }
    if (isHuge(entry)) kernel.plan.splitHugeEntry(vma, va);
    const first = scanBlock(kernel, mm, va, next);
    if (first < next) kernel.tlbs.flushRange(mm, first, next, 12, false);
    return next;
  }
  const hasPmdTable = address != 0;
  const next = hasPmdTable ? blockEnd(va, end) : min((va | (PUD_SIZE - 1)) + 1, end);
  protectPart(kernel, vma, va, next, true);
  return next;
}

/** The first page that was written and is now protected, or `end`. */
function scanBlock(kernel: Kernel, mm: Mm, start: u64, end: u64): u64 {
  let first = end;
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.make(mm, va, 1);
    const entry = load<u64>(address);
    if ((entry & PTE_UFFD_WP) != 0 || entry == MARKER_UFFD_WP) continue;
    store<u64>(address, entry == 0 ? MARKER_UFFD_WP : (entry & ~PTE_WRITE) | PTE_UFFD_WP);
    if (first == end) first = va;
  }
  return first;
}

/**
 * userfaultfd ioctls and PAGEMAP_SCAN.
 *
 * Models:     registering only changes VMAs; write-protecting announces and flushes like mprotect;
 *             copying into holes is silent; moving announces the source; a write-protect
 *             registration is lifted with a pair.
 * Source:     linux 6.18 mm/userfaultfd.c, fs/userfaultfd.c, fs/proc/task_mmu.c (pagemap_scan_*)
 */
import { LEVEL_PMD, LEVEL_PTE, PMD_SIZE, PUD_SIZE, alignDown, alignUp } from "../../base/page";
import { isHuge } from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { prepareAnonVma } from "../mm/anon_vma";
import { Mm, findVma, indexOf, mmAt, vmaOf } from "../mm/mm";
import { mayMoveHuge } from "../mm/move_user_pages";
import { blockEnd } from "../mm/page_tables";
import { UFFD_WP, UFFD_WP_ASYNC } from "../mm/uffd_modes";
import { Vma, isHugetlb, isShared } from "../mm/vma";
import { VM_PFNMAP } from "../mm/vm_flags";
import { modifyVmaAnd } from "../mm/vma_modify";
import { areaOf, mayMoveBetween, mayRegister } from "./user_areas";

export function registerUser(kernel: Kernel, mm: Mm, start: u64, end: u64, modes: u32): void {
  if (mayRegister(kernel, mm, start, end, modes)) changeRegistration(kernel, mm, start, end, modes);
}

export function unregisterUser(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  if (mayRegister(kernel, mm, start, end, 0)) changeRegistration(kernel, mm, start, end, 0);
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
    if (vma.uffd != modes) {
      const changed = modifyVmaAnd(kernel, vma, from, stop, vma.flags, modes, vma.policy);
      changed.uffd = modes;
      if ((modes & UFFD_WP) != 0) unshareMarked(kernel, mm, changed);
    }
    va = stop;
  }
}

/** hugetlb_unshare_all_pmds: entries that are marked are this mm's own. */
function unshareMarked(kernel: Kernel, mm: Mm, vma: Vma): void {
  if (!isHugetlb(vma) || !isShared(vma) || !kernel.facts.unsharesMarked) return;
  const start = alignUp(vma.start, PUD_SIZE);
  const end = alignDown(vma.end, PUD_SIZE);
  if (start >= end) return;
  kernel.plan.rangeStart(mm, NotifierEvent.Clear, start, end);
  kernel.plan.unshareTables(mm, start, end);
  kernel.plan.rangeEnd(mm);
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
    // mwriteprotect_range: huge pages of hugetlbfs are protected whole
    if (isHugetlb(vma) && ((va | stop) & (PMD_SIZE - 1)) != 0) return;
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

/** UFFDIO_COPY and UFFDIO_ZEROPAGE, up to the first page that is there already. */
export function copyIntoHoles(kernel: Kernel, mm: Mm, start: u64, end: u64, isZero: bool): void {
  const vma = areaOf(mm, start, end);
  if (vma == null || (vma.flags & VM_PFNMAP) != 0 || (isZero && isHugetlb(vma))) return;
  const size: u64 = isHugetlb(vma) ? PMD_SIZE : 4096;
  if (!isShared(vma)) prepareAnonVma(kernel, vma);
  kernel.plan.mmapLockRead(mm);
  for (let va = start; va < end && kernel.plan.fillUserHole(vma, va, isZero); va += size) continue;
  kernel.plan.mmapUnlock(mm);
}

/**
 * UFFDIO_MOVE: pages of `source` go to the holes at `[target, end)`, up to the first page that is
 * not this mm's alone, or has no hole to go to. Each run of pages, and each page that moves alone,
 * has a pair of all that is left to move.
 */
export function moveUserArea(kernel: Kernel, mm: Mm, target: u64, end: u64, source: u64): void {
  const vma = areaOf(mm, target, end);
  const sourceEnd = source + (end - target);
  const from = areaOf(mm, source, sourceEnd);
  if (vma == null || from == null || !mayMoveBetween(from, vma)) return;
  prepareAnonVma(kernel, vma);
  kernel.plan.mmapLockRead(mm);
  let va = source;
  while (va < sourceEnd) {
    const moved = moveNext(kernel, mm, from, vma, va, target + (va - source), sourceEnd);
    if (moved == 0) break;
    va += moved;
  }
  kernel.plan.mmapUnlock(mm);
}

/** What of `[source, end)` moves first, in bytes; 0 when the move ends here. */
function moveNext(
  kernel: Kernel,
  mm: Mm,
  from: Vma,
  vma: Vma,
  source: u64,
  target: u64,
  end: u64,
): u64 {
  const tables = kernel.tables;
  const plan = kernel.plan;
  const pmd = tables.make(mm, source, LEVEL_PMD);
  const targetPmd = tables.make(mm, target, LEVEL_PMD);
  if (isHuge(load<u64>(targetPmd))) return 0;
  if (isHuge(load<u64>(pmd))) {
    if (!mayMoveHuge(kernel, load<u64>(pmd))) return 0;
    const isWhole = ((source | target) & (PMD_SIZE - 1)) == 0 && end - source >= PMD_SIZE;
    if (isWhole && load<u64>(targetPmd) == 0) {
      plan.rangeStart(mm, NotifierEvent.Clear, source, source + PMD_SIZE);
      const isMoved = plan.moveUserBlock(vma, source, target);
      plan.rangeEnd(mm);
      return isMoved ? PMD_SIZE : 0;
    }
    plan.splitHugeEntry(from, source);
  }
  tables.make(mm, source, LEVEL_PTE);
  tables.make(mm, target, LEVEL_PTE);
  plan.rangeStart(mm, NotifierEvent.Clear, source, end);
  const moved = plan.moveUserPages(vma, source, target, end - source);
  plan.rangeEnd(mm);
  return moved;
}

/**
 * PAGEMAP_SCAN with write-protection of what was written: one flush a block, from the first entry
 * changed; a hole without a pte table is protected as by userfaultfd itself. Stops at a VMA that is
 * not registered for it.
 */
export function scanWritten(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  kernel.plan.mmapLockRead(mm);
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
  kernel.plan.mmapUnlock(mm);
}

/** Scans the block of `va`, or the hole of missing tables there; returns where that ends. */
function scanPart(kernel: Kernel, mm: Mm, vma: Vma, va: u64, end: u64): u64 {
  const address = kernel.tables.find(mm, va, LEVEL_PMD);
  if (address != 0 && load<u64>(address) != 0) {
    const next = blockEnd(va, end);
    const entry = load<u64>(address);
    // pagemap_scan_hugetlb_entry: a part of a huge page is not protected
    if (isHugetlb(vma) && next - va != PMD_SIZE) return next;
    if (isHuge(entry) && next - va == PMD_SIZE) {
      kernel.plan.scanHugeEntry(vma, va);
      return next;
    }
    if (isHuge(entry)) kernel.plan.splitHugeEntry(vma, va);
    kernel.plan.scanTable(vma, va, next);
    return next;
  }
  const hasPmdTable = address != 0;
  const next = hasPmdTable ? blockEnd(va, end) : min((va | (PUD_SIZE - 1)) + 1, end);
  protectPart(kernel, vma, va, next, true);
  return next;
}

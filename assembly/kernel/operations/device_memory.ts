/**
 * What drivers of devices with memory of their own do to an mm: migrate pages there, and take pages
 * for themselves for an atomic operation.
 *
 * Models:     the owner that the ranges carry, so that a driver can leave its own events alone; the
 *             second pair of a migration, from the first hole on; the pair of a fault that takes a
 *             page back from a device.
 * Source:     linux 6.18 mm/migrate_device.c (migrate_vma_setup, migrate_vma_pages), mm/rmap.c
 *             (make_device_exclusive), mm/memory.c (remove_device_exclusive_entry)
 */
import { LEVEL_PMD, alignDown } from "../../base/page";
import { entryFrame, isHuge } from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { mayBeExclusive } from "../mm/device_exclusive";
import { NO_HOLE } from "../mm/device_migration";
import { Mm, findVma } from "../mm/mm";
import { Vma, isHugetlb } from "../mm/vma";
import { VM_PFNMAP } from "../mm/vm_flags";

/** migrate_vma_setup, _pages and _finalize; the range lies in one VMA. */
export function migrateToDevice(kernel: Kernel, mm: Mm, start: u64, end: u64, owner: u32): void {
  const vma = findVma(mm, start);
  if (vma == null || end > vma.end || isHugetlb(vma) || (vma.flags & VM_PFNMAP) != 0) return;
  const plan = kernel.plan;
  plan.mmapLockRead(mm);
  plan.rangeStartOwned(mm, NotifierEvent.Migrate, start, end, owner);
  plan.collectForDevice(vma, start, end);
  plan.rangeEnd(mm);
  plan.unmapCollected();
  const hole = kernel.migration.firstHole;
  if (hole != NO_HOLE) {
    plan.rangeStartOwned(mm, NotifierEvent.Migrate, hole, end, owner);
    plan.fillHoles(vma);
    plan.rangeOnlyEnd(mm);
  }
  plan.finishMigration();
  plan.mmapUnlock(mm);
}

/** make_device_exclusive, after the caller has had the page of `va` faulted in for writing. */
export function takeForDevice(kernel: Kernel, mm: Mm, va: u64, owner: u32): void {
  const vma = findVma(mm, va);
  if (vma == null) return;
  const pmd = kernel.tables.find(mm, va, LEVEL_PMD);
  // FOLL_SPLIT_PMD
  if (pmd != 0 && isHuge(load<u64>(pmd))) kernel.plan.splitHugeEntry(vma, va);
  if (!mayBeExclusive(kernel, mm, va)) return;
  const page = alignDown(va, 4096);
  let start = page;
  let end = page + 4096;
  if (kernel.facts.takesFolios) {
    start = startOfFolio(kernel, mm, vma, page);
    end = min(vma.end, start + sizeOfFolio(kernel, mm, page));
  }
  kernel.plan.rangeStartOwned(mm, NotifierEvent.Exclusive, start, end, owner);
  kernel.plan.makeExclusive(vma, start, end);
  kernel.plan.rangeEnd(mm);
}

/** remove_device_exclusive_entry, for a CPU that faults on it. */
export function takeFromDevice(kernel: Kernel, mm: Mm, vma: Vma, va: u64): void {
  const page = alignDown(va, 4096);
  const event = kernel.facts.takesFolios ? NotifierEvent.Exclusive : NotifierEvent.Clear;
  kernel.plan.rangeStart(mm, event, page, page + 4096);
  kernel.plan.restoreExclusive(vma, page);
  kernel.plan.rangeEnd(mm);
}

function startOfFolio(kernel: Kernel, mm: Mm, vma: Vma, va: u64): u64 {
  const pfn = entryFrame(load<u64>(kernel.tables.findPte(mm, va)));
  const offset = (<u64>(pfn - kernel.frames.at(pfn).head)) << 12;
  return va - vma.start < offset ? vma.start : va - offset;
}

function sizeOfFolio(kernel: Kernel, mm: Mm, va: u64): u64 {
  const pfn = entryFrame(load<u64>(kernel.tables.findPte(mm, va)));
  return (<u64>4096) << kernel.frames.head(pfn).order;
}

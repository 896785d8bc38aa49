/**
 * Accessed bits, as reclaim, idle page tracking and DAMON ask for them and clear them.
 *
 * Models:     what is flushed with the bit (a 2 MiB entry; on arm64 any entry), and the callbacks
 *             behind it, which are called whether the entry was young or not; a locked VMA, which
 *             ends the search of reclaim; pages that are not on the LRU, which DAMON leaves alone.
 * Simplifies: the notifier's answer is that it has not seen the page; folios have no flag of their
 *             own that they were referenced.                                   (DEVIATIONS D12)
 * Source:     linux 6.18 mm/rmap.c (folio_referenced_one), mm/page_idle.c, mm/damon/ops-common.c,
 *             mm/damon/vaddr.c, include/linux/mmu_notifier.h, arch/x86/mm/pgtable.c
 */
import { LEVEL_PMD, PMD_SIZE, TABLE_ENTRIES } from "../../base/page";
import { PTE_ACCESSED, entryFrame, isHuge, isPresent } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { AgeReason } from "../plan";
import { FRAME_NOT_LRU, isSpecial } from "./frames";
import { lookAround, testAndClear } from "./generations";
import { Mm, mmAt } from "./mm";
import { RmapVisitor, walkFolio } from "./rmap";
import { Vma } from "./vma";
import { VM_LOCKED } from "./vm_flags";

/** Clears the accessed bit of every entry that maps a folio. */
export class AgeFolio extends RmapVisitor {
  reason: AgeReason = AgeReason.Idle;
  /** Entries that were young. */
  young: u32 = 0;

  visit(kernel: Kernel, mm: Mm, vma: Vma, va: u64, headPfn: u32, first: u32, count: u32): bool {
    if (this.reason != AgeReason.Idle && (vma.flags & VM_LOCKED) != 0) return false;
    const pmdAddress = kernel.tables.find(mm, va, LEVEL_PMD);
    if (pmdAddress != 0 && isHuge(load<u64>(pmdAddress))) {
      if (entryFrame(load<u64>(pmdAddress)) == headPfn) this.ageHuge(kernel, mm, va, pmdAddress);
      return true;
    }
    for (let i: u32 = 0; i < count; i++) {
      const at = va + ((<u64>i) << 12);
      const address = kernel.tables.findPte(mm, at);
      if (address == 0) continue;
      const entry = load<u64>(address);
      if (isPresent(entry) && entryFrame(entry) == headPfn + first + i)
        this.agePage(kernel, vma, mm, at, address);
    }
    return true;
  }

  private ageHuge(kernel: Kernel, mm: Mm, va: u64, address: usize): void {
    const wasYoung = testAndClear(address);
    if (wasYoung) this.young++;
    if (this.reason == AgeReason.Idle) {
      kernel.sink.clearYoung(mm, va, va + PMD_SIZE);
      return;
    }
    if (wasYoung) kernel.tlbs.flushPmd(mm, va);
    kernel.sink.clearFlushYoung(mm, va, va + PMD_SIZE);
  }

  private agePage(kernel: Kernel, vma: Vma, mm: Mm, va: u64, address: usize): void {
    const wasYoung = testAndClear(address);
    if (wasYoung) this.young++;
    const isGenerational = this.reason == AgeReason.Generations && kernel.facts.hasGenerations;
    if (this.reason == AgeReason.Idle || (isGenerational && kernel.facts.tellsGenerations)) {
      kernel.sink.clearYoung(mm, va, va + 4096);
      if (isGenerational && wasYoung) lookAround(kernel, vma, va, entryFrame(load<u64>(address)));
      return;
    }
    // the bit went with those around it, before it was asked for
    if (isGenerational && wasYoung) lookAround(kernel, vma, va, entryFrame(load<u64>(address)));
    else if (wasYoung) kernel.tlbs.flushYoung(mm, va);
    kernel.sink.clearFlushYoung(mm, va, va + 4096);
  }
}

/** How many entries of the folio were young; they are old now. */
export function ageFolio(kernel: Kernel, headPfn: u32, reason: AgeReason): u32 {
  const visitor = kernel.ageFolio;
  visitor.reason = reason;
  visitor.young = 0;
  walkFolio(kernel, headPfn, visitor);
  return visitor.young;
}

/** damon_va_mkold: the entry of `va` becomes old, in one mm only. */
export function sampleYoung(kernel: Kernel, vma: Vma, va: u64): void {
  const mm = mmAt(vma.mm);
  const address = leafOf(kernel, mm, va);
  if (address == 0 || !isSampled(kernel, load<u64>(address))) return;
  // a 2 MiB entry is named by the address that was sampled, not by where it begins
  const size = isHuge(load<u64>(address)) ? PMD_SIZE : 4096;
  testAndClear(address);
  kernel.sink.clearYoung(mm, va, va + size);
}

/** damon_va_young: whether `va` was accessed since; notifiers are asked where the CPUs were not. */
export function testYoung(kernel: Kernel, vma: Vma, va: u64): bool {
  const mm = mmAt(vma.mm);
  const address = leafOf(kernel, mm, va);
  if (address == 0 || !isSampled(kernel, load<u64>(address))) return false;
  if ((load<u64>(address) & PTE_ACCESSED) != 0) return true;
  kernel.sink.testYoung(mm, va);
  return false;
}

/** khugepaged asks notifiers of each page that the CPUs have not accessed. */
export function testYoungTable(kernel: Kernel, vma: Vma, block: u64, table: u32): void {
  const mm = mmAt(vma.mm);
  for (let i: u32 = 0; i < TABLE_ENTRIES; i++) {
    const entry = kernel.tables.memory.readEntry(table, i);
    if (!isPresent(entry) || isSpecial(entryFrame(entry)) || (entry & PTE_ACCESSED) != 0) continue;
    kernel.sink.testYoung(mm, block + ((<u64>i) << 12));
  }
}

/** The entry that maps `va`, of whichever size. */
function leafOf(kernel: Kernel, mm: Mm, va: u64): usize {
  const address = kernel.tables.find(mm, va, LEVEL_PMD);
  if (address == 0 || load<u64>(address) == 0) return 0;
  return isHuge(load<u64>(address)) ? address : kernel.tables.pteIn(load<u64>(address), va);
}

/** damon_get_folio. */
function isSampled(kernel: Kernel, entry: u64): bool {
  if (!isPresent(entry) || isSpecial(entryFrame(entry))) return false;
  return (kernel.frames.head(entryFrame(entry)).flags & FRAME_NOT_LRU) == 0;
}

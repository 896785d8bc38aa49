/**
 * The end of an mm: the notifier is released as a whole first, so no range is announced.
 *
 * Models:     every VMA is unmapped and every table freed under one gather.
 * Source:     linux 6.18 mm/mmap.c (exit_mmap), mm/mmu_notifier.c (__mmu_notifier_release)
 */
import { LEVEL_PGD, TABLE_ENTRIES } from "../../base/page";
import { entryFrame, isHuge, mapsFrame } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { Mm, detachVma, vmaOf } from "../mm/mm";
import { ZapKind } from "../plan";

export function exitMm(kernel: Kernel, mm: Mm): void {
  kernel.plan.beginExit(mm);
  while (mm.count > 0) {
    const vma = vmaOf(mm, mm.count - 1);
    kernel.plan.zap(vma, vma.start, vma.end, ZapKind.Unmap);
    detachVma(mm, vma);
    kernel.freeVma(vma);
  }
  freeAllTables(kernel, mm.pgd, LEVEL_PGD);
  kernel.plan.finishExit(mm);
  kernel.dropMm(mm);
}

/** Frees every table below `table`, itself excluded. */
function freeAllTables(kernel: Kernel, table: u32, level: u32): void {
  if (level == 1) return;
  for (let i: u32 = 0; i < TABLE_ENTRIES; i++) {
    const entry = kernel.tables.memory.readEntry(table, i);
    if (entry == 0 || isHuge(entry) || !mapsFrame(entry)) continue;
    freeAllTables(kernel, entryFrame(entry), level - 1);
    kernel.gather.addTable(entryFrame(entry));
  }
}

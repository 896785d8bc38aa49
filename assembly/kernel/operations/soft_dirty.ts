/**
 * clear_refs 4: every entry is write-protected to learn of the next write, where the kernel was
 * built to track that (CONFIG_MEM_SOFT_DIRTY); announced and flushed in any case.
 *
 * Models:     one range pair over everything, and one flush of everything.
 * Source:     linux 6.18 fs/proc/task_mmu.c (clear_refs_write, clear_soft_dirty)
 */
import {
  PTE_SOFT_DIRTY,
  PTE_WRITE,
  entryFrame,
  isHuge,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { NotifierEvent } from "../events";
import { Kernel } from "../kernel";
import { Mm, vmaOf } from "../mm/mm";
import { blockEnd } from "../mm/page_tables";
import { VM_SOFTDIRTY } from "../mm/vm_flags";

export function clearSoftDirty(kernel: Kernel, mm: Mm): void {
  kernel.plan.rangeStart(mm, NotifierEvent.SoftDirty, 0, u64.MAX_VALUE);
  for (let i: u32 = 0; i < mm.count && kernel.tracksSoftDirty; i++) {
    const vma = vmaOf(mm, i);
    vma.flags &= ~VM_SOFTDIRTY;
    let va = kernel.tables.firstPmd(mm, vma.start, vma.end);
    while (va < vma.end) {
      const next = blockEnd(va, vma.end);
      const address = kernel.tables.pmdAddress;
      const pmd = load<u64>(address);
      if (isHuge(pmd)) clearHuge(kernel, address, pmd);
      else clearTable(kernel, pmd, va, next);
      va = kernel.tables.firstPmd(mm, next, vma.end);
    }
  }
  kernel.plan.rangeEnd(mm);
  kernel.plan.flushMm(mm);
}

function clearHuge(kernel: Kernel, address: usize, pmd: u64): void {
  kernel.frames.protectHuge(entryFrame(pmd));
  store<u64>(address, pmd & ~(PTE_WRITE | PTE_SOFT_DIRTY));
}

function clearTable(kernel: Kernel, pmd: u64, start: u64, end: u64): void {
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.pteIn(pmd, va);
    const entry = load<u64>(address);
    if (!mapsFrame(entry)) continue;
    kernel.frames.protect(entryFrame(entry));
    store<u64>(address, entry & ~(PTE_WRITE | PTE_SOFT_DIRTY));
  }
}

/**
 * Taking the right to write from entries, and the mark that they were written, so that the next
 * write faults and sets it again.
 *
 * Models:     entries of pages and of 2 MiB; nothing is flushed here.
 * Source:     linux 6.18 fs/proc/task_mmu.c (clear_refs_pte_range, clear_soft_dirty)
 */
import {
  PTE_SOFT_DIRTY,
  PTE_WRITE,
  entryFrame,
  isHuge,
  mapsFrame,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { mmAt } from "./mm";
import { blockEnd } from "./page_tables";
import { Vma } from "./vma";

export function clearSoftDirtyRange(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  let va = kernel.tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    const address = kernel.tables.pmdAddress;
    const pmd = load<u64>(address);
    if (isHuge(pmd)) clearHuge(kernel, address, pmd);
    else clearTable(kernel, pmd, va, next);
    va = kernel.tables.firstPmd(mm, next, end);
  }
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

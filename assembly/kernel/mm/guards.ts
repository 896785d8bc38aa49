/**
 * Guard regions: markers in entries that make every access fault.
 *
 * Models:     markers where there is no entry; nobody is notified and nothing is flushed for them.
 * Source:     linux 6.18 mm/madvise.c (guard_install_pte_entry, guard_remove_pte_entry)
 */
import { MARKER_GUARD, isGuard } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { mmAt } from "./mm";
import { Vma } from "./vma";

export function installGuards(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.make(mm, va, 1);
    if (load<u64>(address) == 0) store<u64>(address, MARKER_GUARD);
  }
}

export function removeGuards(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.findPte(mm, va);
    if (address != 0 && isGuard(load<u64>(address))) store<u64>(address, 0);
  }
}

/**
 * Unlinking the page tables that a removed range leaves behind.
 *
 * Models:     a table goes when no remaining VMA can need it, which is decided by the end of the
 *             VMA before (floor) and the start of the VMA after (ceiling), not by what is
 *             populated.
 * Source:     linux 6.18 mm/memory.c (free_pgd_range, free_pgtables)
 */
import {
  LEVEL_PGD,
  LEVEL_PMD,
  LEVEL_PUD,
  PGD_SIZE,
  PMD_SIZE,
  PUD_SIZE,
  alignDown,
  tableIndex,
} from "../../base/page";
import { entryFrame, isHuge } from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { Mm } from "./mm";

export function freeTables(
  kernel: Kernel,
  mm: Mm,
  start: u64,
  endOfRange: u64,
  floor: u64,
  ceilingOfRange: u64,
): void {
  let end = endOfRange;
  let ceiling = ceilingOfRange;
  let va = alignDown(start, PMD_SIZE);
  if (va < floor) va += PMD_SIZE;
  if (ceiling != 0) {
    ceiling = alignDown(ceiling, PMD_SIZE);
    if (ceiling == 0) return;
  }
  if (end - 1 > ceiling - 1) end -= PMD_SIZE;
  if (va > end - 1) return;
  while (va < end) {
    const next = min((va | (PGD_SIZE - 1)) + 1, end);
    freeSlot(kernel, mm, va, next, floor, ceiling);
    va = next;
  }
}

/** Whether the whole entry around `[start, end)` of `size` bytes lies between floor and ceiling. */
function isUnneeded(start: u64, end: u64, size: u64, floor: u64, ceiling: u64): bool {
  if (alignDown(start, size) < floor) return false;
  let top = ceiling;
  if (top != 0) {
    top = alignDown(top, size);
    if (top == 0) return false;
  }
  return end - 1 <= top - 1;
}

/** One 512 GiB slot; the folded fifth level goes with it even when it is empty. */
function freeSlot(kernel: Kernel, mm: Mm, start: u64, end: u64, floor: u64, ceiling: u64): void {
  const memory = kernel.tables.memory;
  const pgdAddress = memory.entryAddress(mm.pgd, tableIndex(start, LEVEL_PGD));
  const pgd = load<u64>(pgdAddress);
  if (pgd != 0) {
    let va = start;
    while (va < end) {
      const next = min((va | (PUD_SIZE - 1)) + 1, end);
      freePmdTable(
        kernel,
        memory.entryAddress(entryFrame(pgd), tableIndex(va, LEVEL_PUD)),
        va,
        next,
        floor,
        ceiling,
      );
      va = next;
    }
    if (isUnneeded(start, end, PGD_SIZE, floor, ceiling)) {
      store<u64>(pgdAddress, 0);
      kernel.gather.freedPudTable(alignDown(start, PGD_SIZE), entryFrame(pgd));
    }
  }
  if (isUnneeded(start, end, PGD_SIZE, floor, ceiling))
    kernel.gather.freedP4dTable(alignDown(start, PGD_SIZE));
}

function freePmdTable(
  kernel: Kernel,
  pudAddress: usize,
  start: u64,
  end: u64,
  floor: u64,
  ceiling: u64,
): void {
  const pud = load<u64>(pudAddress);
  if (pud == 0) return;
  for (let va = start; va < end; va = min((va | (PMD_SIZE - 1)) + 1, end)) {
    const address = kernel.tables.memory.entryAddress(entryFrame(pud), tableIndex(va, LEVEL_PMD));
    const pmd = load<u64>(address);
    if (pmd == 0 || isHuge(pmd)) continue;
    store<u64>(address, 0);
    kernel.gather.freedPteTable(va, entryFrame(pmd));
  }
  if (!isUnneeded(start, end, PUD_SIZE, floor, ceiling)) return;
  store<u64>(pudAddress, 0);
  kernel.gather.freedPmdTable(alignDown(start, PUD_SIZE), entryFrame(pud));
}

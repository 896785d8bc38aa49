/**
 * Accessed bits as an LRU of generations (MGLRU) clears them: around a page that reclaim asks for,
 * and all over an mm when a generation begins.
 *
 * Models:     up to 64 pages of the same table around the one asked for; tables first, then the
 *             2 MiB entries near them; a callback for each entry of a page on the LRU, young or
 *             not, where there is a notifier; no flush.
 * Simplifies: a new generation looks at every table (force_scan): no Bloom filter is kept.
 * Source:     linux 6.18 mm/vmscan.c (lru_gen_look_around, walk_pte_range, walk_pmd_range_locked)
 */
import { PMD_SIZE, PUD_SIZE, alignDown } from "../../base/page";
import { PTE_ACCESSED, entryFrame, isHuge, isPresent } from "../../hardware/pgtable/pte";
import { LEVEL_PMD } from "../../base/page";
import { Kernel } from "../kernel";
import { FRAME_NOT_LRU, isSpecial } from "./frames";
import { Mm, mmAt } from "./mm";
import { blockEnd } from "./page_tables";
import { Vma } from "./vma";
import { VM_DONTEXPAND, VM_PFNMAP } from "./vm_flags";

/** MIN_LRU_BATCH, in pages or blocks. */
const LRU_BATCH: u64 = 64;
const NO_BLOCK: u64 = u64.MAX_VALUE;

/** Whether the entry was young; it is old now. */
export function testAndClear(address: usize): bool {
  const entry = load<u64>(address);
  store<u64>(address, entry & ~PTE_ACCESSED);
  return (entry & PTE_ACCESSED) != 0;
}

/** The neighbours of the young page `pfn` at `va` become old too. */
export function lookAround(kernel: Kernel, vma: Vma, va: u64, pfn: u32): void {
  if ((vma.flags & (VM_PFNMAP | VM_DONTEXPAND)) != 0) return;
  let start = max(alignDown(va, PMD_SIZE), vma.start);
  let end = min(alignDown(va, PMD_SIZE) + PMD_SIZE, vma.end);
  const size = LRU_BATCH << 12;
  if (end - start > size) {
    if (va - start < size / 2) {
      end = start + size;
    } else if (end - va < size / 2) {
      start = end - size;
    } else {
      start = va - size / 2;
      end = va + size / 2;
    }
  }
  ageTable(kernel, mmAt(vma.mm), start, end, kernel.frames.at(pfn).head);
}

/** The entries of one table, but for those of the folio `isolated`, which is off the LRU. */
function ageTable(kernel: Kernel, mm: Mm, start: u64, end: u64, isolated: u32): void {
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.findPte(mm, va);
    const entry = address == 0 ? 0 : load<u64>(address);
    if (!isAged(kernel, entry) || kernel.frames.at(entryFrame(entry)).head == isolated) continue;
    testAndClear(address);
    if (kernel.facts.tellsGenerations) kernel.sink.clearYoung(mm, va, va + 4096);
  }
}

/** get_pte_pfn and get_pfn_folio. */
function isAged(kernel: Kernel, entry: u64): bool {
  if (!isPresent(entry) || isSpecial(entryFrame(entry))) return false;
  return (kernel.frames.head(entryFrame(entry)).flags & FRAME_NOT_LRU) == 0;
}

/** walk_mm, for one VMA. */
export function ageEntries(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  for (let va = start; va < end; va = (va | (PUD_SIZE - 1)) + 1)
    ageGiant(kernel, mmAt(vma.mm), va, min((va | (PUD_SIZE - 1)) + 1, end));
}

/** walk_pmd_range: 2 MiB entries are kept back until they span more than a batch. */
function ageGiant(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  const tables = kernel.tables;
  let first = NO_BLOCK;
  let va = tables.firstPmd(mm, start, end);
  while (va < end) {
    const next = blockEnd(va, end);
    if (!isHuge(load<u64>(tables.pmdAddress))) {
      ageTable(kernel, mm, va, next, 0);
    } else if (first == NO_BLOCK) {
      first = va;
    } else if (va - first > LRU_BATCH * PMD_SIZE) {
      // the entry that lies beyond comes first
      ageBlock(kernel, mm, va);
      ageBlocks(kernel, mm, first, va);
      first = NO_BLOCK;
    }
    va = tables.firstPmd(mm, next, end);
  }
  if (first != NO_BLOCK) ageBlocks(kernel, mm, first, end);
}

function ageBlocks(kernel: Kernel, mm: Mm, first: u64, end: u64): void {
  for (let va = first; va < end; va += PMD_SIZE) ageBlock(kernel, mm, va);
}

function ageBlock(kernel: Kernel, mm: Mm, block: u64): void {
  const address = kernel.tables.find(mm, block, LEVEL_PMD);
  if (address == 0 || !isHuge(load<u64>(address)) || !isAged(kernel, load<u64>(address))) return;
  testAndClear(address);
  if (kernel.facts.tellsGenerations) kernel.sink.clearYoung(mm, block, block + PMD_SIZE);
}

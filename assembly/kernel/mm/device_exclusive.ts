/**
 * Pages that a device alone may use for a while, for its atomic operations: their entries are out
 * of the CPUs' reach until one of them faults.
 *
 * Models:     the flush of the entry, of each of its folio in older kernels; what the entry becomes
 *             when it is restored.
 * Simplifies: the entry keeps the frame, marked.                                 (DEVIATIONS D2)
 * Source:     linux 6.18 mm/rmap.c (make_device_exclusive), mm/memory.c (restore_exclusive_pte)
 */
import {
  PTE_DIRTY,
  PTE_MARKER,
  PTE_PROTNONE,
  PTE_SOFT_DIRTY,
  PTE_WRITE,
  entryFrame,
  invalidEntry,
  isPresent,
} from "../../hardware/pgtable/pte";
import { Kernel } from "../kernel";
import { entryFor, writeBit } from "./entries";
import { FRAME_ANON, FRAME_DIRTY, FRAME_EXCLUSIVE, FRAME_FILE, isSpecial } from "./frames";
import { Mm, mmAt } from "./mm";
import { Vma } from "./vma";

/** An entry that a device has to itself. */
export function isDeviceExclusive(entry: u64): bool {
  return (entry & (PTE_PROTNONE | PTE_MARKER)) == (PTE_PROTNONE | PTE_MARKER);
}

/** Whether the page at `va` may be a device's alone: a page of anonymous memory. */
export function mayBeExclusive(kernel: Kernel, mm: Mm, va: u64): bool {
  const address = kernel.tables.findPte(mm, va);
  if (address == 0 || !isPresent(load<u64>(address))) return false;
  const pfn = entryFrame(load<u64>(address));
  return !isSpecial(pfn) && (kernel.frames.at(pfn).flags & (FRAME_ANON | FRAME_FILE)) == FRAME_ANON;
}

/** Inside the pair of the range: its present entries are cleared, flushed and marked. */
export function makeExclusive(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const mm = mmAt(vma.mm);
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.findPte(mm, va);
    if (address == 0 || !isPresent(load<u64>(address))) continue;
    const entry = load<u64>(address);
    store<u64>(address, 0);
    kernel.tlbs.flushPage(mm, va);
    if ((entry & PTE_DIRTY) != 0) kernel.frames.head(entryFrame(entry)).flags |= FRAME_DIRTY;
    kernel.frames.protect(entryFrame(entry));
    store<u64>(address, invalidEntry(entry & ~(PTE_WRITE | PTE_DIRTY)) | PTE_MARKER);
  }
}

/** restore_exclusive_pte. */
export function restoreExclusive(kernel: Kernel, vma: Vma, va: u64): void {
  const address = kernel.tables.findPte(mmAt(vma.mm), va);
  if (address == 0 || !isDeviceExclusive(load<u64>(address))) return;
  const pfn = entryFrame(load<u64>(address));
  const isExclusive = (kernel.frames.at(pfn).flags & FRAME_EXCLUSIVE) != 0;
  const mayWrite = isExclusive && writeBit(vma) != 0;
  store<u64>(address, entryFor(vma, pfn) | (mayWrite ? PTE_WRITE | PTE_DIRTY | PTE_SOFT_DIRTY : 0));
}

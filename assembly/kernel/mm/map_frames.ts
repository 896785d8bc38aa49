/**
 * Memory of a device that its driver maps for a program: entries that name frames and no page.
 *
 * Models:     entries with the rights of the VMA, which no map count knows.
 * Simplifies: all frames of devices are one; none is 2 MiB.                    (DEVIATIONS D12)
 * Source:     linux 6.18 mm/memory.c (remap_pfn_range, vmf_insert_pfn)
 */
import { Kernel } from "../kernel";
import { entryFor, writeBit } from "./entries";
import { DEVICE_PFN } from "./frames";
import { mmAt } from "./mm";
import { Vma, isShared } from "./vma";

export function mapFrames(kernel: Kernel, vma: Vma, start: u64, end: u64): void {
  const entry = entryFor(vma, DEVICE_PFN) | (isShared(vma) ? writeBit(vma) : 0);
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.make(mmAt(vma.mm), va, 1);
    if (load<u64>(address) == 0) store<u64>(address, entry);
  }
}

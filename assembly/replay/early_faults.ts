/**
 * Faults between the reading of a process's first snapshot and its line in the recording: pages that the
 * snapshot's own writing touched.
 */
import { allocate } from "../base/bytes";
import { Kernel } from "../kernel/kernel";
import { Mm, addressOfMm } from "../kernel/mm/mm";
import { Access } from "../kernel/mm/access";
import { handleFault } from "../kernel/operations/fault";

const KEPT: u32 = 32;

export class EarlyFaults {
  private readonly addresses: usize = allocate(KEPT * 8);
  private mm: u32 = 0;
  private count: u32 = 0;

  /** The notifier was registered: the snapshot is written from here on. */
  begin(mm: Mm): void {
    this.mm = addressOfMm(mm);
    this.count = 0;
  }

  add(mm: Mm, va: u64): void {
    if (this.mm != addressOfMm(mm)) return;
    store<u64>(this.addresses + ((<usize>(this.count % KEPT)) << 3), va);
    this.count++;
  }

  /** Maps the pages of anonymous memory that the snapshot does not have yet. */
  apply(kernel: Kernel, mm: Mm): void {
    if (this.mm != addressOfMm(mm)) return;
    const kept = min(this.count, KEPT);
    for (let i: u32 = 0; i < kept; i++) {
      const va = load<u64>(this.addresses + ((<usize>i) << 3));
      const address = kernel.tables.findPte(mm, va);
      if (address == 0 || load<u64>(address) == 0) handleFault(kernel, mm, va, Access.Write, false);
    }
    this.count = 0;
  }
}

/**
 * What a real program's recording tells of a process before its first snapshot, and the snapshot
 * does not: pages that the snapshot's own writing touched, and flags of mappings that decide later
 * whether they merge.
 */
import { allocate } from "../base/bytes";
import { Kernel } from "../kernel/kernel";
import { Mm, addressOfMm, findVma, indexOf, vmaOf } from "../kernel/mm/mm";
import { Vma } from "../kernel/mm/vma";
import { VM_ACCOUNT, VM_NOHUGEPAGE, VM_NORESERVE } from "../kernel/mm/vm_flags";
import { Access } from "../kernel/mm/access";
import { handleFault } from "../kernel/operations/fault";

const KEPT_FAULTS: u32 = 128;
const KEPT_MAPPINGS: u32 = 256;
const MAP_NORESERVE: u32 = 0x4000;
const MAP_STACK: u32 = 0x20000;

export class EarlyFaults {
  /** The latest faults and mmaps of such processes, each with the mm it belongs to. */
  private readonly faults: usize = allocate(KEPT_FAULTS * 16);
  private readonly mappings: usize = allocate(KEPT_MAPPINGS * 32);
  private faultCount: u32 = 0;
  private mappingCount: u32 = 0;

  /** The notifier was registered: the snapshot is written from here on. */
  begin(mm: Mm): void {
    for (let i: u32 = 0; i < KEPT_FAULTS; i++) {
      const at = this.faults + <usize>(i * 16);
      if (load<u64>(at) == <u64>addressOfMm(mm)) store<u64>(at, 0);
    }
  }

  add(mm: Mm, va: u64): void {
    const at = this.faults + <usize>((this.faultCount++ % KEPT_FAULTS) * 16);
    store<u64>(at, addressOfMm(mm));
    store<u64>(at, va, 8);
  }

  /** An mmap of a process whose first snapshot is still to come. */
  addMapping(mm: Mm, start: u64, length: u64, flags: u32): void {
    const at = this.mappings + <usize>((this.mappingCount++ % KEPT_MAPPINGS) * 32);
    store<u64>(at, addressOfMm(mm));
    store<u64>(at, start, 8);
    store<u64>(at, start + length, 16);
    store<u64>(at, <u64>flags, 24);
  }

  /** The snapshot of `mm` was loaded. */
  apply(kernel: Kernel, mm: Mm): void {
    const last = this.mappingCount;
    const first = last > KEPT_MAPPINGS ? last - KEPT_MAPPINGS : 0;
    for (let i = first; i < last; i++) {
      const at = this.mappings + <usize>((i % KEPT_MAPPINGS) * 32);
      if (load<u64>(at) == <u64>addressOfMm(mm)) flagMapping(mm, at);
    }
    for (let i: u32 = 0; i < KEPT_FAULTS; i++) {
      const at = this.faults + <usize>(i * 16);
      if (load<u64>(at) != <u64>addressOfMm(mm)) continue;
      store<u64>(at, 0);
      touchAnonymous(kernel, mm, load<u64>(at, 8));
    }
  }
}

/** Maps the page of `va` unless the snapshot has it, or it belongs to a file. */
function touchAnonymous(kernel: Kernel, mm: Mm, va: u64): void {
  const vma = findVma(mm, va);
  if (vma == null || vma.file != 0) return;
  const address = kernel.tables.findPte(mm, va);
  if (address == 0 || load<u64>(address) == 0) handleFault(kernel, mm, va, Access.Write, false);
}

function flagMapping(mm: Mm, at: usize): void {
  const end = load<u64>(at, 16);
  let index = indexOf(mm, load<u64>(at, 8));
  while (index < mm.count && vmaOf(mm, index).start < end) {
    flagVma(vmaOf(mm, index++), <u32>load<u64>(at, 24));
  }
}

function flagVma(vma: Vma, mapFlags: u32): void {
  if (vma.file != 0) return;
  vma.flags &= ~(VM_NORESERVE | VM_NOHUGEPAGE);
  if ((mapFlags & MAP_NORESERVE) != 0) vma.flags = (vma.flags | VM_NORESERVE) & ~VM_ACCOUNT;
  if ((mapFlags & MAP_STACK) != 0) vma.flags |= VM_NOHUGEPAGE;
}

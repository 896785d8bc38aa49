/**
 * One address space: its VMAs in order, its top table, and what the CPUs know about its TLB
 * generation.
 *
 * Models:     VMAs in a sorted array; a TLB generation of the mm and what each CPU has seen of it.
 * Source:     linux 6.18 include/linux/mm_types.h, arch/x86/include/asm/mmu.h (tlb_gen)
 */
import { Arena } from "../../base/arena";
import { Vma, vmaAt } from "./vma";

/** CPUs that a recording may have. */
export const CPUS: u32 = 64;


@unmanaged
export class Mm {
  id: u32;
  pgd: u32;
  /** No other mm of this kernel has it (mm_context_t.ctx_id). */
  contextId: u32;
  /** Addresses of the VMAs, ascending. */
  vmas: u32;
  count: u32;
  capacity: u32;
  users: u32;
  hasNotifier: u32;
  /** Flags of mlockall(MCL_FUTURE) and prctl that every new VMA gets. */
  cpuMask: u64;
  defFlags: u64;
  startBrk: u64;
  brk: u64;
  tlbGeneration: u64;
  /** A batched flush has added this mm: reclaim has unmapped, and the flush is still to come. */
  batched: u32;
  /** The snapshot of its start was seen, so that its whole VMA list is known. */
  known: u32;
  /** One generation for each CPU. */
  cpuGenerations: u32;
  thpDisabled: u32;
  ksmAll: u32;
  threads: u32;
  /** The mm was reaped: private memory that is gone does not come back (MMF_UNSTABLE). */
  isUnstable: u32;
}

// @ts-ignore: decorator
@inline
export function mmAt(address: u32): Mm {
  return changetype<Mm>(<usize>address);
}

// @ts-ignore: decorator
@inline
export function addressOfMm(mm: Mm): u32 {
  return <u32>changetype<usize>(mm);
}

export function newMm(arena: Arena, id: u32, pgd: u32): Mm {
  const mm = changetype<Mm>(arena.take(offsetof<Mm>()));
  mm.id = id;
  mm.pgd = pgd;
  mm.capacity = 16;
  mm.vmas = <u32>arena.take(16 * 4);
  mm.cpuGenerations = <u32>arena.take(CPUS * 8);
  mm.users = 1;
  return mm;
}

export function freeMm(arena: Arena, mm: Mm): void {
  arena.give(mm.vmas, mm.capacity * 4);
  arena.give(mm.cpuGenerations, CPUS * 8);
  arena.give(changetype<usize>(mm), offsetof<Mm>());
}

// @ts-ignore: decorator
@inline
export function vmaOf(mm: Mm, index: u32): Vma {
  return vmaAt(load<u32>(<usize>mm.vmas + ((<usize>index) << 2)));
}

/** The index of the first VMA that ends above `va`; the number of VMAs when there is none. */
export function indexOf(mm: Mm, va: u64): u32 {
  let low: u32 = 0;
  let high = mm.count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (vmaOf(mm, middle).end > va) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The VMA that contains `va`, or null. */
export function findVma(mm: Mm, va: u64): Vma | null {
  const index = indexOf(mm, va);
  if (index == mm.count) return null;
  const vma = vmaOf(mm, index);
  return vma.start <= va ? vma : null;
}

export function insertVma(arena: Arena, mm: Mm, vma: Vma): void {
  if (mm.count == mm.capacity) {
    const larger = <u32>arena.take(mm.capacity * 8);
    memory.copy(larger, mm.vmas, mm.capacity * 4);
    arena.give(mm.vmas, mm.capacity * 4);
    mm.vmas = larger;
    mm.capacity *= 2;
  }
  const index = indexOf(mm, vma.start);
  const at = <usize>mm.vmas + ((<usize>index) << 2);
  memory.copy(at + 4, at, (<usize>(mm.count - index)) << 2);
  store<u32>(at, <u32>changetype<usize>(vma));
  mm.count++;
  vma.mm = addressOfMm(mm);
}

/** Takes `vma` out of the list of its mm; the record stays. */
export function detachVma(mm: Mm, vma: Vma): void {
  const index = indexOf(mm, vma.start);
  assert(vmaOf(mm, index) == vma, "a VMA that is detached is in the list of its mm");
  const at = <usize>mm.vmas + ((<usize>index) << 2);
  memory.copy(at, at + 4, (<usize>(mm.count - index - 1)) << 2);
  mm.count--;
}

export function previousVma(mm: Mm, vma: Vma): Vma | null {
  const index = indexOf(mm, vma.start);
  return index == 0 ? null : vmaOf(mm, index - 1);
}

export function nextVma(mm: Mm, vma: Vma): Vma | null {
  const index = indexOf(mm, vma.start);
  return index + 1 >= mm.count ? null : vmaOf(mm, index + 1);
}

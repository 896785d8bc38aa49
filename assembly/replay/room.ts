/**
 * Whether the model has the page tables for what a call would make present, so that a call which
 * claims to populate more than any recorded machine held ends before it has begun.
 *
 * Models:     a pte table for each 2 MiB that has none yet, as also a huge page keeps one in
 *             reserve; no tables for memory without access, nor behind the end of a file.
 * Simplifies: the bound is the model's zone of page tables, which maps 16 GiB in all, because the
 *             header of a recording does not tell the machine's memory.
 * Source:     linux 6.18 mm/gup.c (populate_vma_page_range), mm/memory.c (__pte_alloc),
 *             mm/huge_memory.c (pgtable_trans_huge_deposit)
 */
import { LEVEL_PMD, PMD_SIZE, alignDown, alignUp } from "../base/page";
import { Kernel } from "../kernel/kernel";
import { FileKind } from "../kernel/mm/files";
import { Mm, findVma, indexOf, vmaOf } from "../kernel/mm/mm";
import { Vma } from "../kernel/mm/vma";
import { VM_ACCESS_FLAGS, VM_LOCKED, VM_LOCKED_MASK, VM_PFNMAP } from "../kernel/mm/vm_flags";
import { Advice } from "../kernel/operations/madvise";
import { Call } from "./call_numbers";
import { Task } from "./task";

const PROT_ACCESS: u64 = 7;
const MAP_LOCKED: u64 = 0x2000;
const MAP_POPULATE: u64 = 0x8000;
const MAP_NONBLOCK: u64 = 0x10000;
const MLOCK_ONFAULT: u64 = 1;
const MCL_CURRENT: u64 = 1;
const MCL_ONFAULT: u64 = 4;
/** Tables above those of ptes, for each of them, and those at the ends of a range. */
const PTE_TABLES_SHIFT: u64 = 9;
const UPPER_TABLES_AT_ENDS: u64 = 6;

/** `file` is what an mmap maps, or 0. */
export function hasRoom(kernel: Kernel, mm: Mm, task: Task, file: u32, result: u64): bool {
  const a0 = task.args0;
  const a1 = task.args1;
  const a2 = task.args2;
  switch (task.call) {
    case Call.Mmap:
      if (file != 0 && kernel.files.at(file).kind == FileKind.Device)
        return fits(kernel, tablesOf(a1));
      if (result == 0 || !populates(mm, task) || (a2 & PROT_ACCESS) == 0) return true;
      return fits(kernel, tablesOf(lengthInFile(kernel, file, task.args5, a1)));
    case Call.Brk:
      return (mm.defFlags & VM_LOCKED_MASK) != VM_LOCKED || fits(kernel, tablesOf(result - mm.brk));
    case Call.Mremap:
      return !isLockedAt(mm, a0) || fits(kernel, tablesOf(a2));
    case Call.Madvise:
      return hasRoomForAdvice(kernel, mm, a0, a0 + alignUp(a1, 4096), <i32>a2);
    case Call.Mlock:
      return hasRoomIn(kernel, mm, a0 & ~4095, alignUp(a0 + a1, 4096), false);
    case Call.Mlock2:
      if ((a2 & MLOCK_ONFAULT) != 0) return true;
      return hasRoomIn(kernel, mm, a0 & ~4095, alignUp(a0 + a1, 4096), false);
    case Call.Mlockall:
      if ((a0 & (MCL_CURRENT | MCL_ONFAULT)) != MCL_CURRENT) return true;
      return hasRoomIn(kernel, mm, 0, u64.MAX_VALUE, false);
    case Call.RemapFilePages:
      return fits(kernel, tablesOf(a1));
    default:
      return true;
  }
}

function hasRoomForAdvice(kernel: Kernel, mm: Mm, start: u64, end: u64, advice: i32): bool {
  if (advice == Advice.GuardInstall) return hasRoomIn(kernel, mm, start, end, true);
  if (advice != Advice.PopulateRead && advice != Advice.PopulateWrite) return true;
  return hasRoomIn(kernel, mm, start, end, false);
}

/** Whether every page of the range, of memory `withoutAccess` too, can get an entry. */
export function hasRoomIn(kernel: Kernel, mm: Mm, start: u64, end: u64, withoutAccess: bool): bool {
  let missing: u64 = 0;
  for (let i = indexOf(mm, start); i < mm.count && vmaOf(mm, i).start < end; i++) {
    const vma = vmaOf(mm, i);
    if ((vma.flags & VM_PFNMAP) != 0) continue;
    if (!withoutAccess && (vma.flags & VM_ACCESS_FLAGS) == 0) continue;
    const stop = min(vma.start + lengthOf(kernel, vma), end);
    for (let va = alignDown(max(vma.start, start), PMD_SIZE); va < stop; va += PMD_SIZE) {
      const address = kernel.tables.find(mm, va, LEVEL_PMD);
      if ((address == 0 || load<u64>(address) == 0) && !fits(kernel, ++missing)) return false;
    }
  }
  return true;
}

function fits(kernel: Kernel, tables: u64): bool {
  const free = <u64>(kernel.tables.memory.tableFrames - kernel.tables.inUse);
  return tables + (tables >> PTE_TABLES_SHIFT) + UPPER_TABLES_AT_ENDS < free;
}

function tablesOf(length: u64): u64 {
  return <i64>length <= 0 ? 0 : (length >> 21) + 1;
}

function populates(mm: Mm, task: Task): bool {
  const flags = task.args3;
  if ((flags & MAP_LOCKED) != 0 || (mm.defFlags & VM_LOCKED_MASK) == VM_LOCKED) return true;
  return (flags & (MAP_POPULATE | MAP_NONBLOCK)) == MAP_POPULATE;
}

function isLockedAt(mm: Mm, va: u64): bool {
  const vma = findVma(mm, va);
  return vma != null && (vma.flags & VM_LOCKED_MASK) == VM_LOCKED;
}

function lengthOf(kernel: Kernel, vma: Vma): u64 {
  return lengthInFile(kernel, vma.file, vma.pgoff << 12, vma.end - vma.start);
}

/** What of `length` bytes from `offset` on lies in the file; all, when its size is not known. */
function lengthInFile(kernel: Kernel, id: u32, offset: u64, length: u64): u64 {
  if (id == 0) return length;
  const file = kernel.files.at(id);
  if (file.kind == FileKind.Unknown || file.kind == FileKind.Hugetlb) return length;
  const size = file.pages << 12;
  return size <= offset ? 0 : min(length, size - offset);
}

/**
 * Whether a system call can have had the result that a recording gives it, so that nothing which no
 * kernel would have done reaches the mm.
 *
 * Models:     addresses of pages, ranges that neither wrap around nor leave user memory, huge pages
 *             of hugetlbfs that are never cut, memory that grows only into free space, a move whose
 *             ends do not overlap, parts of files that can be shifted.
 * Source:     linux 6.18 mm/vma.c (do_vmi_munmap, __split_vma), mm/mremap.c (check_mremap_params,
 *             align_hugetlb, check_prep_vma, vrm_overlaps, vma_expandable), mm/mmap.c
 *             (SYSCALL_DEFINE1(brk)), fs/open.c (vfs_fallocate), mm/shmem.c
 *             (shmem_fallocate), fs/ext4/extents.c (ext4_fallocate)
 */
import { PMD_SIZE, alignUp } from "../base/page";
import { File, FileKind } from "../kernel/mm/files";
import { Mm, findVma, indexOf, vmaOf } from "../kernel/mm/mm";
import { Vma, isHugetlb, isShared } from "../kernel/mm/vma";
import { VM_DONTEXPAND, VM_PFNMAP, VM_SEALED } from "../kernel/mm/vm_flags";
import { Call } from "./call_numbers";
import { Task } from "./task";

/** TASK_SIZE_MAX with four levels of page tables. */
const TASK_SIZE: u64 = (1 << 47) - 4096;
const FALLOC_FL_KEEP_SIZE: u64 = 1;
const FALLOC_FL_PUNCH_HOLE: u64 = 2;
const FALLOC_FL_COLLAPSE_RANGE: u64 = 8;
/** COLLAPSE_RANGE and INSERT_RANGE. */
const FALLOC_FL_SHIFTS: u64 = 0x28;
const MREMAP_MAYMOVE: u64 = 1;
const MREMAP_FIXED: u64 = 2;
const MREMAP_DONTUNMAP: u64 = 4;

/** `file` is that of a call's descriptor, `segmentSize` that of the segment it attaches. */
export function isPlausible(
  mm: Mm,
  task: Task,
  file: File | null,
  segmentSize: u64,
  result: i64,
): bool {
  const a0 = task.args0;
  const a1 = task.args1;
  const failed = result < 0 && result > -4096;
  switch (task.call) {
    case Call.Munmap:
    case Call.Mprotect:
    case Call.PkeyMprotect:
    case Call.Mseal:
    case Call.Mbind:
      return isRange(a0, a1) && !cutsHugePage(mm, a0, alignUp(a1, 4096));
    case Call.RemapFilePages:
      return failed || (isRange(a0, a1) && isSharedAt(mm, a0) && isTarget(mm, a0, a1));
    case Call.Madvise:
    case Call.Msync:
      return isRange(a0, a1);
    case Call.Mlock:
    case Call.Mlock2:
    case Call.Munlock:
      return a0 + a1 + 4095 >= a0;
    case Call.Mmap:
      return failed || isTarget(mm, <u64>result, a1);
    case Call.Shmat:
      return failed || isTarget(mm, <u64>result, max(segmentSize, 1));
    case Call.Fallocate:
      return failed || file == null || isPlausibleFallocate(file, a1, task.args2, task.args3);
    case Call.Brk:
      return mm.brk == 0 || isPlausibleBrk(mm, alignUp(mm.brk, 4096), alignUp(<u64>result, 4096));
    case Call.Mremap:
      return isPlausibleMove(mm, task, result);
    default:
      return true;
  }
}

/**
 * Only a disk's files can be shifted, by whole blocks and inside the file; a hole is punched
 * without a change of the size.
 */
function isPlausibleFallocate(file: File, mode: u64, offset: u64, length: u64): bool {
  const end = offset + length;
  if (length == 0 || <i64>offset < 0 || <i64>length < 0 || <i64>end < 0) return false;
  if ((mode & FALLOC_FL_PUNCH_HOLE) != 0) return (mode & FALLOC_FL_KEEP_SIZE) != 0;
  if ((mode & ~FALLOC_FL_KEEP_SIZE) == 0 || file.kind == FileKind.Unknown) return true;
  if (file.kind != FileKind.Ext4) return false;
  if ((mode & FALLOC_FL_SHIFTS) == 0) return true;
  if (((offset | length) & 4095) != 0) return false;
  return (mode & FALLOC_FL_COLLAPSE_RANGE) != 0 ? end < file.size : offset < file.size;
}

function isPlausibleBrk(mm: Mm, old: u64, fresh: u64): bool {
  return fresh > old ? !isTaken(mm, old, fresh) : !cutsHugePage(mm, fresh, old - fresh);
}

function isPlausibleMove(mm: Mm, task: Task, result: i64): bool {
  const start = task.args0;
  const oldSize = alignUp(task.args1, 4096);
  const newSize = alignUp(task.args2, 4096);
  const isFailed = result < 0 && result > -4096;
  const target = isFailed ? task.args4 : <u64>result;
  if (!isRange(start, oldSize) || newSize == 0 || !isRange(target, newSize)) return false;
  const vma = findVma(mm, start);
  // align_hugetlb: huge pages move to places of their own size, and their mappings never grow
  if (vma != null && isHugetlb(vma)) {
    if (((start | target) & (PMD_SIZE - 1)) != 0) return false;
    if (alignUp(newSize, PMD_SIZE) > alignUp(oldSize, PMD_SIZE)) return false;
  }
  if (cutsHugePage(mm, start, oldSize)) return false;
  const isResized = newSize != oldSize;
  if (isResized && !mayResize(vma, task.args3, start, target, oldSize, newSize)) return false;
  const moves = (task.args3 & (MREMAP_FIXED | MREMAP_DONTUNMAP)) != 0 || target != start;
  if (!moves) return newSize <= oldSize || !isTaken(mm, start + oldSize, start + newSize);
  const overlaps = start + oldSize > target && target + newSize > start;
  if ((task.args3 & MREMAP_MAYMOVE) == 0) return false;
  if (overlaps || cutsHugePage(mm, target, newSize)) return false;
  return (task.args3 & MREMAP_FIXED) != 0 || !isTaken(mm, target, target + newSize);
}

/**
 * check_prep_vma: what grows, or moves while it shrinks, lies in one VMA; only shared memory is
 * mapped a second time, and a mapping that stays behind keeps its size.
 */
function mayResize(
  vma: Vma | null,
  flags: u64,
  start: u64,
  target: u64,
  oldSize: u64,
  newSize: u64,
): bool {
  if (target == start && newSize < oldSize) return true;
  if (vma == null || (flags & MREMAP_DONTUNMAP) != 0) return false;
  if (oldSize == 0 && !isShared(vma)) return false;
  if (newSize > oldSize && (vma.flags & (VM_PFNMAP | VM_DONTEXPAND)) != 0) return false;
  return start + min(oldSize, newSize) <= vma.end;
}

function isRange(start: u64, length: u64): bool {
  const end = start + alignUp(length, 4096);
  return (start & 4095) == 0 && end >= start && (length == 0 || end > start) && end <= TASK_SIZE;
}

/** A mapping may come to lie there, over others that are neither sealed nor cut. */
function isTarget(mm: Mm, start: u64, length: u64): bool {
  const size = alignUp(length, 4096);
  if (size == 0 || !isRange(start, size) || cutsHugePage(mm, start, size)) return false;
  for (let i = indexOf(mm, start); i < mm.count && vmaOf(mm, i).start < start + size; i++) {
    if ((vmaOf(mm, i).flags & VM_SEALED) != 0) return false;
  }
  return true;
}

function isSharedAt(mm: Mm, va: u64): bool {
  const vma = findVma(mm, va);
  return vma != null && isShared(vma);
}

/** Whether a boundary at either end would lie inside a huge page of hugetlbfs. */
function cutsHugePage(mm: Mm, start: u64, length: u64): bool {
  return isInsideHugePage(mm, start) || isInsideHugePage(mm, start + length);
}

function isInsideHugePage(mm: Mm, va: u64): bool {
  if ((va & (PMD_SIZE - 1)) == 0) return false;
  const vma = findVma(mm, va);
  return vma != null && isHugetlb(vma);
}

function isTaken(mm: Mm, start: u64, end: u64): bool {
  if (end <= start) return false;
  const index = indexOf(mm, start);
  return index < mm.count && vmaOf(mm, index).start < end;
}

/**
 * What a recorded system call does to the mm, given its arguments and its result.
 *
 * Models:     results are inputs: an address that mmap returned, a call that failed before it
 *             changed anything.
 * Source:     linux 6.18 arch/x86/entry/syscalls/syscall_64.tbl
 */
import { ReplayAction } from "../abi/recording";
import { alignUp } from "../base/page";
import { Kernel } from "../kernel/kernel";
import { File, FileKind } from "../kernel/mm/files";
import { Mm, findVma, indexOf, vmaOf } from "../kernel/mm/mm";
import { isShared, linearPage } from "../kernel/mm/vma";
import {
  VM_ACCESS_FLAGS,
  VM_EXEC,
  VM_READ,
  VM_SEALED,
  VM_SHARED,
  VM_SOFTDIRTY,
  VM_WRITE,
} from "../kernel/mm/vm_flags";
import { allocateFile, cleanFile, truncateFile } from "../kernel/operations/file_operations";
import { advise, adviseEach, endOfRequest, isKnownAdvice } from "../kernel/operations/madvise";
import {
  bindRange,
  lockAll,
  lockRange,
  sealRange,
  unlockAll,
  unlockRange,
} from "../kernel/operations/mlock";
import { changeBrk, mapRange, mapVma } from "../kernel/operations/mmap";
import { populateRange } from "../kernel/operations/populate";
import { protectRange } from "../kernel/operations/mprotect";
import { remapRange } from "../kernel/operations/mremap";
import { unmapRange } from "../kernel/operations/munmap";
import { Call } from "./call_numbers";
import { Descriptors } from "./descriptors";
import { isPlausible } from "./plausible_calls";
import { hasRoom } from "./room";
import { Task } from "./task";

const EPERM: i64 = -1;
const ENOMEM: i64 = -12;
const EFAULT: i64 = -14;
const EINVAL: i64 = -22;
const EACCES: i64 = -13;
const ENOSYS: i64 = -38;
const MS_SYNC: u64 = 4;
/** MPOL_MF_MOVE and MPOL_MF_MOVE_ALL. */
const MPOL_MF_MOVES: u64 = 6;
const SHM_RDONLY: u64 = 0x1000;
const SHM_EXEC: u64 = 0x8000;
const PR_SET_THP_DISABLE: u64 = 41;
const PR_SET_MEMORY_MERGE: u64 = 67;
const PR_SET_MM: u64 = 35;
/** Names of anonymous VMAs, which keep neighbours apart. */
const PR_SET_VMA: u64 = 0x53564d41;
const MAP_FIXED: u64 = 0x10;
const MREMAP_FIXED: u64 = 2;

/** Carries the task's call out; false when nothing here knows it, or has the room for it. */
export function performCall(
  kernel: Kernel,
  mm: Mm,
  task: Task,
  descriptors: Descriptors,
  result: i64,
): bool {
  const a0 = task.args0;
  const a1 = task.args1;
  const a2 = task.args2;
  const failed = result < 0 && result > -4096;
  const segmentSize = descriptors.sharedSegmentSize;
  const file = task.call == Call.Fallocate ? descriptors.find(task.process, <u32>a0) : 0;
  let described: File | null = null;
  if (file != 0) described = kernel.files.at(file);
  if (!isPlausible(mm, task, described, segmentSize, result)) return failed;
  if (!hasRoom(kernel, mm, task, mappedFile(task, descriptors), failed ? 0 : <u64>result))
    return false;
  switch (task.call) {
    case Call.Mmap:
      if (!failed) performMmap(kernel, mm, task, descriptors, <u64>result);
      else if (result == EPERM) refuseMmap(kernel, mm, task);
      return true;
    case Call.Munmap:
      // EPERM comes from a sealed VMA, before which others may have been cut
      if (!failed || result == EPERM) unmapRange(kernel, mm, a0, a0 + alignUp(a1, 4096));
      return true;
    case Call.Mprotect:
    case Call.PkeyMprotect:
      if (result != EINVAL)
        protectRange(kernel, mm, a0, a0 + alignUp(a1, 4096), <u32>a2, result == EACCES);
      return true;
    case Call.Brk:
      changeBrk(kernel, mm, a0, <u64>result);
      return true;
    case Call.Mremap:
      if (!failed) remapRange(kernel, mm, a0, a1, a2, <u32>task.args3, <u64>result);
      // what comes before a VMA that may not move is moved
      else if (isPureMove(task) && (result == EPERM || result == EFAULT))
        remapRange(kernel, mm, a0, a1, a2, <u32>task.args3, task.args4);
      return true;
    case Call.Madvise:
      if (result != ENOSYS && (a0 & 4095) == 0) {
        advise(kernel, mm, a0, endOfRequest(a0, a1), <i32>a2);
      }
      return failed || isKnownAdvice(<i32>a2);
    case Call.Msync:
      if ((a2 & MS_SYNC) != 0) performMsync(kernel, mm, a0, a0 + alignUp(a1, 4096));
      return true;
    case Call.Mlock:
    case Call.Mlock2:
      if (!failed || (result == ENOMEM && !isOverLimit(mm, a0 & ~4095, alignUp(a0 + a1, 4096))))
        lockRange(
          kernel,
          mm,
          a0 & ~4095,
          alignUp(a0 + a1, 4096),
          task.call == Call.Mlock2 && (a2 & 1) != 0,
        );
      return true;
    case Call.Munlock:
      unlockRange(kernel, mm, a0 & ~4095, alignUp(a0 + a1, 4096));
      return true;
    case Call.Mlockall:
      if (!failed) lockAll(kernel, mm, <u32>a0);
      return true;
    case Call.Munlockall:
      unlockAll(kernel, mm);
      return true;
    case Call.Mseal:
      if (!failed) sealRange(kernel, mm, a0, a0 + alignUp(a1, 4096));
      return true;
    case Call.Mbind:
      if (failed) return true;
      // lru_cache_disable: pages that may be moved are on the LRU
      if ((task.args5 & MPOL_MF_MOVES) != 0) kernel.pending.drain();
      bindRange(kernel, mm, a0, a0 + alignUp(a1, 4096), a2 == 0 ? 0 : <u32>a2 + 1);
      return true;
    case Call.Ftruncate: {
      const file = descriptors.find(task.process, <u32>a0);
      if (!failed && file != 0) truncateFile(kernel, file, a1);
      return true;
    }
    case Call.Fallocate: {
      const file = descriptors.find(task.process, <u32>a0);
      return failed || file == 0 || allocateFile(kernel, file, a1, a2, task.args3);
    }
    case Call.Fsync:
    case Call.Fdatasync: {
      const file = descriptors.find(task.process, <u32>a0);
      if (!failed && file != 0) cleanFile(kernel, file, 0, 1 << 40);
      return true;
    }
    case Call.SyncFileRange: {
      const file = descriptors.find(task.process, <u32>a0);
      const end = a2 == 0 ? (<u64>1) << 40 : (a1 + a2 + 4095) >> 12;
      if (!failed && file != 0 && (task.args3 & 2) != 0) cleanFile(kernel, file, a1 >> 12, end);
      return true;
    }
    case Call.Shmat:
      if (!failed) performShmat(kernel, mm, task, descriptors, <u64>result);
      return true;
    case Call.Shmdt:
      if (!failed) performShmdt(kernel, mm, a0);
      return true;
    case Call.RemapFilePages:
      if (!failed) performRemapFilePages(kernel, mm, a0, a1, task.args3);
      return true;
    case Call.Prctl:
      if (a0 == PR_SET_THP_DISABLE && !failed) mm.thpDisabled = <u32>a1;
      return failed || (a0 != PR_SET_MEMORY_MERGE && a0 != PR_SET_VMA && a0 != PR_SET_MM);
    case Call.PidfdOpen:
      if (!failed) descriptors.setProcess(task.process, <u32>result, <u32>a0);
      return true;
    case Call.ProcessMadvise:
      if (task.action != ReplayAction.AdviseRanges) return false;
      task.action = 0;
      return performProcessMadvise(kernel, mm, task, result);
    case Call.MigratePages:
    case Call.MovePages:
      if (!failed) kernel.pending.drain();
      return true;
    case Call.ArchPrctl:
    case Call.Userfaultfd:
    case Call.Execve:
    case Call.Exit:
    case Call.ExitGroup:
    case Call.Clone:
    case Call.Clone3:
    case Call.Fork:
    case Call.Vfork:
      return true;
    default:
      return false;
  }
}

const MAP_ANONYMOUS: u64 = 0x20;

/**
 * process_madvise of the ranges that the text before it gave; an error other than those of a VMA
 * comes before anything is done.
 */
function performProcessMadvise(kernel: Kernel, mm: Mm, task: Task, result: i64): bool {
  const advice = <i32>task.args3;
  const failed = result < 0 && result > -4096;
  const isOfVma = result == ENOMEM || result == EINVAL || result == EPERM || result == EACCES;
  // flags are reserved
  if (task.args4 != 0 || (failed && !isOfVma)) return failed;
  adviseEach(kernel, mm, task.action0, task.action1, task.action2, task.action3, advice);
  return failed || isKnownAdvice(advice);
}

/** The file of an mmap, when it is known already. */
function mappedFile(task: Task, descriptors: Descriptors): u32 {
  if (task.call != Call.Mmap || (task.args3 & MAP_ANONYMOUS) != 0) return 0;
  return descriptors.find(task.process, <u32>task.args4);
}

function performMmap(
  kernel: Kernel,
  mm: Mm,
  task: Task,
  descriptors: Descriptors,
  start: u64,
): void {
  const isAnon = (task.args3 & MAP_ANONYMOUS) != 0;
  const file = isAnon ? 0 : descriptors.findOrMake(kernel, task.process, <u32>task.args4);
  mapRange(kernel, mm, start, task.args1, <u32>task.args2, <u32>task.args3, file, task.args5);
}

/** A mapping over a sealed VMA is refused where munmap would be. */
function refuseMmap(kernel: Kernel, mm: Mm, task: Task): void {
  if ((task.args3 & MAP_FIXED) == 0) return;
  const start = task.args0;
  const end = start + alignUp(task.args1, 4096);
  for (let i = indexOf(mm, start); i < mm.count && vmaOf(mm, i).start < end; i++) {
    if ((vmaOf(mm, i).flags & VM_SEALED) == 0) continue;
    unmapRange(kernel, mm, start, end);
    return;
  }
}

/** vrm_move_only: the one form of mremap that may have moved something before it failed. */
function isPureMove(task: Task): bool {
  const isSameSize = alignUp(task.args1, 4096) == alignUp(task.args2, 4096);
  return (task.args3 & MREMAP_FIXED) != 0 && isSameSize;
}

/**
 * mlock failed with ENOMEM for no reason that lies in the range: it was RLIMIT_MEMLOCK, before
 * anything was done.
 */
function isOverLimit(mm: Mm, start: u64, end: u64): bool {
  let va = start;
  while (va < end) {
    const vma = findVma(mm, va);
    if (vma == null || vma.file != 0 || (vma.flags & VM_ACCESS_FLAGS) == 0) return false;
    va = vma.end;
  }
  return true;
}

function performMsync(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  let va = start;
  while (va < end) {
    const index = indexOf(mm, va);
    if (index == mm.count || vmaOf(mm, index).start >= end) return;
    const vma = vmaOf(mm, index);
    const from = max(va, vma.start);
    const stop = min(vma.end, end);
    if (vma.file != 0 && isShared(vma)) {
      const first = linearPage(vma, from);
      cleanFile(kernel, vma.file, first, first + ((stop - from) >> 12));
    }
    va = stop;
  }
}

function performShmat(
  kernel: Kernel,
  mm: Mm,
  task: Task,
  descriptors: Descriptors,
  start: u64,
): void {
  const size = descriptors.sharedSegmentSize;
  const file = descriptors.segment(kernel, <u32>task.args0, size);
  const end = start + alignUp(max(size, 1), 4096);
  let flags = VM_SHARED | VM_READ | VM_SOFTDIRTY | mm.defFlags;
  if ((task.args2 & SHM_RDONLY) == 0) flags |= VM_WRITE;
  if ((task.args2 & SHM_EXEC) != 0) flags |= VM_EXEC;
  mapVma(kernel, mm, start, end, flags, file, 0);
}

/** shmdt unmaps every VMA of the segment that was attached at `start`. */
function performShmdt(kernel: Kernel, mm: Mm, start: u64): void {
  const vma = findVma(mm, start);
  if (vma == null || kernel.files.at(vma.file).kind != FileKind.SysV) return;
  const file = vma.file;
  const size = alignUp(kernel.files.at(file).size, 4096);
  let va = start;
  while (va < start + size) {
    const index = indexOf(mm, va);
    if (index == mm.count) return;
    const next = vmaOf(mm, index);
    if (next.start >= start + size) return;
    va = next.end;
    if (next.file == file) unmapRange(kernel, mm, next.start, next.end);
  }
}

/** remap_file_pages is an mmap over the range with another offset of the same file. */
function performRemapFilePages(kernel: Kernel, mm: Mm, start: u64, length: u64, pgoff: u64): void {
  const vma = findVma(mm, start);
  if (vma == null) return;
  const end = start + alignUp(length, 4096);
  mapVma(kernel, mm, start, end, vma.flags, vma.file, pgoff);
  populateRange(kernel, mm, start, end);
}

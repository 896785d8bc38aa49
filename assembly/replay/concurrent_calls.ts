/**
 * Which calls of other threads were over, or over with a page, before they returned: what a fault
 * or a result cannot be explained without.
 *
 * Models:     a call whose CPU TLB flush shows has done its work on the range; so has one without
 *             which a fault in its range would not have been needed or would have been refused.
 *             An address that a munmap gives back is handed out again only when it is free.
 * Simplifies: such a call is done as a whole, and has succeeded.              (DEVIATIONS R3)
 * Source:     linux 6.18 mm/memory.c (zap_page_range_single, unmap_vmas), mm/mprotect.c
 *             (change_protection), kernel/fork.c (dup_mmap)
 */
import { Access } from "../kernel/mm/access";
import { Kernel } from "../kernel/kernel";
import { Mm, findVma } from "../kernel/mm/mm";
import { isAllowed, wouldFault } from "../kernel/operations/fault";
import { Call } from "./call_numbers";
import { EventKind, EventRun, eventAt } from "./event_run";
import { Task, recordedOf } from "./task";

export const CLONE_VM: u64 = 0x100;

/** Whether `other` may be in the middle of a call that changes an mm. */
export function isInCall(task: Task, other: Task): bool {
  return other != task && other.mm == task.mm && other.isCallDone == 0;
}

/** Whether the munmap that `other` is in has given back what an mmap now got. */
export function gaveBack(other: Task, start: u64, length: u64): bool {
  if (other.call != Call.Munmap) return false;
  return other.args0 < start + length && start < other.args0 + other.args1;
}

/** Whether the fault of another thread at `va` tells that the call of `other` is done there. */
export function isDoneAt(kernel: Kernel, mm: Mm, other: Task, va: u64, access: Access): bool {
  if (!concerns(other, va)) return false;
  return hasFlushed(recordedOf(other)) || !isExplained(kernel, mm, va, access);
}

export function isForking(other: Task): bool {
  if (other.call == Call.Fork) return true;
  return other.call == Call.Clone && (other.args0 & CLONE_VM) == 0;
}

function concerns(other: Task, va: u64): bool {
  if (isForking(other)) return true;
  const hasRange =
    other.call == Call.Munmap ||
    other.call == Call.Madvise ||
    other.call == Call.Mprotect ||
    other.call == Call.PkeyMprotect;
  return hasRange && va >= other.args0 && va < other.args0 + other.args1;
}

/** Whether the page tables and VMAs as they are make an access at `va` a fault that is served. */
function isExplained(kernel: Kernel, mm: Mm, va: u64, access: Access): bool {
  const vma = findVma(mm, va);
  return vma != null && isAllowed(vma, access) && wouldFault(kernel, mm, va, access);
}

function hasFlushed(run: EventRun): bool {
  for (let i: u32 = 0; i < run.length; i++) {
    if (eventAt(run, i).kind == EventKind.Flush) return true;
  }
  return false;
}

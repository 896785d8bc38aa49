/**
 * What a small program did where no system call is recorded: the host translates its texts.
 */
import { Kernel } from "../kernel/kernel";
import { Mm } from "../kernel/mm/mm";
import { Access } from "../kernel/operations/fault";
import { writeDirect } from "../kernel/operations/file_operations";
import { clearSoftDirty } from "../kernel/operations/soft_dirty";
import { touchRange } from "../kernel/operations/populate";
import { entryFrame, mapsFrame } from "../hardware/pgtable/pte";
import { isSpecial } from "../kernel/mm/frames";
import { reclaimFolio } from "../kernel/mm/reclaim";
import { adviseRange, beginAdvice, finishAdvice } from "../kernel/operations/madvise";
import {
  copyIntoHoles,
  moveUserPages,
  protectUserPages,
  registerUser,
  scanWritten,
  unregisterUser,
} from "../kernel/operations/userfaultfd";
import { Descriptors } from "./descriptors";
import { Task } from "./task";

export const enum Action {
  /** Something whose events come from its faults alone. */
  None = 1,
  ClearSoftDirty = 2,
  /** start, end: written through /proc/self/mem. */
  WriteForced = 3,
  /** fd, first page, end page. */
  WriteDirect = 4,
  UffdRegister = 5,
  UffdUnregister = 6,
  UffdProtect = 7,
  UffdCopy = 8,
  UffdZero = 9,
  UffdMove = 10,
  ScanWritten = 11,
  /** start, count, length, step: the ranges of the process_madvise that follows. */
  AdviseRanges = 12,
  ReclaimPages = 13,
}

export function performAction(kernel: Kernel, mm: Mm, task: Task, descriptors: Descriptors): bool {
  const a = task.action0;
  const b = task.action1;
  switch (task.action) {
    case Action.None:
      return true;
    case Action.ClearSoftDirty:
      clearSoftDirty(kernel, mm);
      return true;
    case Action.WriteForced:
      touchRange(kernel, mm, a, b, Access.Write, true);
      return true;
    case Action.WriteDirect:
      writeDirect(kernel, descriptors.find(task.process, <u32>a), b, task.action2);
      return true;
    case Action.UffdRegister:
      registerUser(kernel, mm, a, b, <u32>task.action2);
      return true;
    case Action.UffdUnregister:
      unregisterUser(kernel, mm, a, b);
      return true;
    case Action.UffdProtect:
      protectUserPages(kernel, mm, a, b, task.action2 != 0);
      return true;
    case Action.UffdCopy:
      copyIntoHoles(kernel, mm, a, b, false);
      return true;
    case Action.UffdZero:
      copyIntoHoles(kernel, mm, a, b, true);
      return true;
    case Action.UffdMove:
      moveUserPages(kernel, mm, a, b, task.action2);
      return true;
    case Action.ScanWritten:
      scanWritten(kernel, mm, a, b);
      return true;
    case Action.ReclaimPages:
      reclaimPages(kernel, mm, a, b);
      return true;
    default:
      return false;
  }
}

/** process_madvise of equal ranges: start, count, then length and step in one number. */
export function adviseEach(kernel: Kernel, mm: Mm, task: Task, advice: i32): void {
  beginAdvice(kernel, mm, advice);
  for (let i: u64 = 0; i < task.action1; i++) {
    const start = task.action0 + i * task.action3;
    adviseRange(kernel, mm, start, start + task.action2, advice);
  }
  finishAdvice(kernel, mm, advice);
}

/** Reclaim of the group's pages, oldest first; pages seen in use were spared in an earlier pass. */
function reclaimPages(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  kernel.pending.drain();
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.findPte(mm, va);
    if (address == 0 || !mapsFrame(load<u64>(address))) continue;
    const pfn = entryFrame(load<u64>(address));
    if (!isSpecial(pfn)) reclaimFolio(kernel, kernel.frames.at(pfn).head);
  }
  kernel.tlbs.flushPendingBatch();
}

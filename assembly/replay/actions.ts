/**
 * What a small program did where no system call is recorded: the host translates its texts.
 */
import { ReplayAction } from "../abi/recording";
import { Kernel } from "../kernel/kernel";
import { Mm } from "../kernel/mm/mm";
import { Access } from "../kernel/mm/access";
import {
  ageGeneration,
  checkReferenced,
  checkSample,
  lookAroundRange,
  prepareSample,
  trackIdle,
} from "../kernel/operations/aging";
import { migrateToDevice, takeForDevice } from "../kernel/operations/device_memory";
import { trackWrites } from "../kernel/operations/dirty_tracking";
import { hintRange } from "../kernel/operations/numa_hint";
import { reapMm } from "../kernel/operations/reap";
import { unmapFileRange, writeDirect } from "../kernel/operations/file_operations";
import { clearSoftDirty } from "../kernel/operations/soft_dirty";
import { clearBreakpoint, setBreakpoint } from "../kernel/operations/uprobe";
import { touchRange } from "../kernel/operations/populate";
import { entryFrame, mapsFrame } from "../hardware/pgtable/pte";
import { ZapKind } from "../kernel/plan";
import { FileKind } from "../kernel/mm/files";
import { isSpecial } from "../kernel/mm/frames";
import { flushReclaimed } from "../kernel/mm/unmap_flush";
import { reclaimFolio } from "../kernel/mm/reclaim";
import {
  copyIntoHoles,
  moveUserArea,
  protectUserPages,
  registerUser,
  scanWritten,
  unregisterUser,
} from "../kernel/operations/userfaultfd";
import { Descriptors } from "./descriptors";
import { hasRoomIn } from "./room";
import { Task } from "./task";

export function performAction(kernel: Kernel, mm: Mm, task: Task, descriptors: Descriptors): bool {
  const a = task.action0;
  const b = task.action1;
  if (makesEntries(task.action) && !hasRoomIn(kernel, mm, a, b, true)) return false;
  switch (task.action) {
    case ReplayAction.None:
      return true;
    case ReplayAction.ClearSoftDirty:
      clearSoftDirty(kernel, mm);
      return true;
    case ReplayAction.WriteForced:
      touchRange(kernel, mm, a, b, Access.Write, true);
      return true;
    case ReplayAction.WriteDirect:
      writeDirect(kernel, descriptors.find(task.process, <u32>a), b, task.action2);
      return true;
    case ReplayAction.UffdRegister:
      registerUser(kernel, mm, a, b, <u32>task.action2);
      return true;
    case ReplayAction.UffdUnregister:
      unregisterUser(kernel, mm, a, b);
      return true;
    case ReplayAction.UffdProtect:
      protectUserPages(kernel, mm, a, b, task.action2 != 0);
      return true;
    case ReplayAction.UffdCopy:
      copyIntoHoles(kernel, mm, a, b, false);
      return true;
    case ReplayAction.UffdZero:
      copyIntoHoles(kernel, mm, a, b, true);
      return true;
    case ReplayAction.UffdMove:
      moveUserArea(kernel, mm, a, b, task.action2);
      return true;
    case ReplayAction.ScanWritten:
      scanWritten(kernel, mm, a, b);
      return true;
    case ReplayAction.ReclaimPages:
      reclaimPages(kernel, mm, a, b);
      return true;
    case ReplayAction.CheckReferenced:
      checkReferenced(kernel, mm, a, b);
      return true;
    case ReplayAction.LookAround:
      lookAroundRange(kernel, mm, a, b);
      return true;
    case ReplayAction.AgeGeneration:
      ageGeneration(kernel, mm, a, b);
      return true;
    case ReplayAction.UnmapMapping:
      unmapFileRange(kernel, descriptors.find(task.process, <u32>a), b, task.action2, ZapKind.File);
      return true;
    case ReplayAction.OpenDevice: {
      const device = kernel.files.make(FileKind.Device, b << 12);
      descriptors.set(task.process, <u32>a, device);
      return true;
    }
    case ReplayAction.TrackWrites:
    case ReplayAction.TrackDirty: {
      const cleans = task.action == ReplayAction.TrackDirty;
      const file = descriptors.find(task.process, <u32>a);
      trackWrites(kernel, file, b, task.action2, cleans);
      return true;
    }
    case ReplayAction.TrackIdle:
      trackIdle(kernel, mm, a, b);
      return true;
    case ReplayAction.PrepareSample:
      prepareSample(kernel, mm, a);
      return true;
    case ReplayAction.CheckSample:
      checkSample(kernel, mm, a);
      return true;
    case ReplayAction.HintNuma:
      hintRange(kernel, mm, a, b);
      return true;
    case ReplayAction.UnmapForReclaim:
      unmapForReclaim(kernel, mm, a, b);
      return true;
    case ReplayAction.FlushReclaimed:
      flushReclaimed(kernel);
      return true;
    case ReplayAction.MigrateToDevice:
      migrateToDevice(kernel, mm, a, b, <u32>task.action2);
      return true;
    case ReplayAction.TakeForDevice:
      touchRange(kernel, mm, a, a + 4096, Access.Write, false);
      takeForDevice(kernel, mm, a, <u32>b);
      return true;
    case ReplayAction.SetBreakpoint:
      setBreakpoint(kernel, mm, a);
      return true;
    case ReplayAction.ClearBreakpoint:
      clearBreakpoint(kernel, mm, a);
      return true;
    case ReplayAction.ReapMm:
      kernel.sink.heldAt = a;
      reapMm(kernel, mm);
      kernel.sink.heldAt = 0;
      return true;
    default:
      return false;
  }
}

/** What gives each page of `[action0, action1)` an entry. */
function makesEntries(action: u32): bool {
  return (
    action == ReplayAction.WriteForced ||
    action == ReplayAction.UffdProtect ||
    action == ReplayAction.UffdCopy ||
    action == ReplayAction.UffdZero ||
    action == ReplayAction.ScanWritten
  );
}

/** Reclaim of the group's pages, oldest first; pages seen in use were spared in an earlier pass. */
function reclaimPages(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  unmapForReclaim(kernel, mm, start, end);
  flushReclaimed(kernel);
}

function unmapForReclaim(kernel: Kernel, mm: Mm, start: u64, end: u64): void {
  kernel.pending.drain();
  for (let va = start; va < end; va += 4096) {
    const address = kernel.tables.findPte(mm, va);
    if (address == 0 || !mapsFrame(load<u64>(address))) continue;
    const pfn = entryFrame(load<u64>(address));
    if (!isSpecial(pfn)) reclaimFolio(kernel, kernel.frames.at(pfn).head);
  }
}

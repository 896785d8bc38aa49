/**
 * Runs step programs: says whether a task's next atomic action is possible, and takes it.
 * The explorer asks ready() of each task in turn. A timed run takes the callbacks' steps in
 * timed/notifier, the handler's in timed/workers, and shares the bookkeeping of both with this.
 */
import { Joint, StepCondition, StepKind } from "../../abi/vocabulary";
import { allocate, putByte } from "../../base/bytes";
import { isTaken, keepCount } from "../driver/bookkeeping";
import { NOBODY } from "../locks";
import {
  invalidate,
  invalidateAtc,
  invalidateIotlb,
  invalidateLeaf,
  isQuiet,
  READS,
  switchTable,
  WRITES,
  zapMirror,
} from "./driver_steps";
import {
  canHandleFault,
  handleFault,
  installMirror,
  installPage,
  respond,
  restart,
} from "./fault_steps";
import {
  clearPte,
  clearPteIfSame,
  compare,
  copyUnlessPinned,
  dropRmap,
  freePages,
  freeTable,
  movePte,
  promiseReadOnly,
  setHuge,
  setMigrationEntry,
  setPteCopy,
  setPteMerged,
  setPteReadOnly,
  writeProtectForChild,
} from "./mm_steps";
import { MARK_COPIED } from "../../oracle/oracle";
import { Attachment, Scene } from "./scene";
import { STEPS_MAX } from "./program";
import { Task } from "./task";

/** The conditions that a step of this kind decides, as bits. */
function decides(kind: StepKind): u32 {
  switch (kind) {
    case StepKind.CountUp:
    case StepKind.FlagSet:
      return (1 << (<u32>StepCondition.First)) | (1 << (<u32>StepCondition.NotFirst));
    case StepKind.CountDown:
    case StepKind.FlagClear:
      return (1 << (<u32>StepCondition.Last)) | (1 << (<u32>StepCondition.NotLast));
    case StepKind.SampleNotifiers:
      return 1 << (<u32>StepCondition.Sampled);
    case StepKind.HandleFault:
      return 1 << (<u32>StepCondition.Served);
    default:
      return 0;
  }
}

function isDriverStep(kind: StepKind): bool {
  return kind >= StepKind.Invalidate && kind <= StepKind.Hang;
}

export class Interpreter {
  /** The steps of the last action, for people to read: their kinds, and how many they are. */
  readonly taken: usize = allocate(STEPS_MAX);
  takenCount: u32 = 0;
  /** Which page the last of them was about, NextPage aside. */
  takenPage: u32 = 0;
  /** The last of them went another way than on: it gave up, or starts over. */
  hasBranched: bool = false;

  constructor(private readonly scene: Scene) {}

  /** The task's next atomic action is possible: the guards of all joined steps hold. */
  ready(task: Task, attachment: Attachment | null): bool {
    const program = task.program;
    let at = task.pc;
    // What the action itself decides: a step under such a condition must be possible in any case.
    let undecided: u32 = 0;
    while (at < program.length) {
      const kind = program.kind(at);
      if (!this.guard(kind, attachment)) return false;
      const joint = program.joint(at);
      if (joint == Joint.None) return true;
      undecided |= decides(kind);
      at = kind == StepKind.NextPage && this.hasNextPage(task) ? program.target(at) : at + 1;
      while (!this.mayHold(program.condition(at), undecided, task)) {
        if (joint == Joint.Next) return true;
        at++;
      }
    }
    return false;
  }

  /** Takes the task's next atomic action. */
  take(task: Task, attachment: Attachment | null): void {
    const program = task.program;
    let joint = Joint.NextTaken;
    this.takenCount = 0;
    this.hasBranched = false;
    while (joint != Joint.None) {
      const at = task.pc;
      const kind = program.kind(at);
      joint = program.joint(at);
      task.pc = at + 1;
      putByte(this.taken, this.takenCount++, <u8>kind);
      if (kind != StepKind.NextPage) this.takenPage = task.page;
      if (!this.execute(kind, task, attachment)) {
        task.pc = program.target(at);
        this.hasBranched = true;
        break;
      }
      if (joint == Joint.Next && !this.holds(program.condition(task.pc), task)) break;
      if (joint == Joint.NextTaken) this.passOver(task);
    }
    this.passOver(task);
    task.forgetDead();
  }

  /** Passes over steps whose condition does not hold. */
  passOver(task: Task): void {
    const program = task.program;
    while (!this.holds(program.condition(task.pc), task)) task.pc++;
  }

  private mayHold(condition: StepCondition, undecided: u32, task: Task): bool {
    return (undecided & (1 << (<u32>condition))) != 0 || this.holds(condition, task);
  }

  private holds(condition: StepCondition, task: Task): bool {
    if (condition == StepCondition.Served) return task.isServed != 0;
    return isTaken(condition, task);
  }

  private hasNextPage(task: Task): bool {
    return task.page + 1 < this.scene.mm.pages;
  }

  private guard(kind: StepKind, attachment: Attachment | null): bool {
    const scene = this.scene;
    const locks = scene.locks;
    switch (kind) {
      case StepKind.Done:
      case StepKind.Hang:
        return false;
      case StepKind.MmapLockWrite:
        return locks.canWrite();
      case StepKind.MmapLockRead:
        return locks.canRead();
      case StepKind.RmapLock:
        return locks.rmap == NOBODY;
      case StepKind.PtlLock:
      case StepKind.ClearPteIfSame:
        return locks.pageTable == NOBODY;
      case StepKind.DriverLock:
        return locks.driver == NOBODY;
      case StepKind.Invalidate:
      case StepKind.InvalidateLeaf:
      case StepKind.InvalidateAtc:
      case StepKind.InstallEmptyTable:
      case StepKind.RestoreTable:
      case StepKind.ZapMirror:
        return isQuiet(scene, READS | WRITES);
      case StepKind.InvalidateReadsOnly:
        return isQuiet(scene, READS);
      case StepKind.SampleEvenSequence:
        return (scene.driver.sequence & 1) == 0;
      case StepKind.HandleFault:
        return canHandleFault(scene, attachment!);
      default:
        return true;
    }
  }

  /** Takes one step; false: the step branches to its target. */
  private execute(kind: StepKind, task: Task, attachment: Attachment | null): bool {
    if (isDriverStep(kind)) return this.executeDriver(kind, task, attachment);
    const scene = this.scene;
    const locks = scene.locks;
    switch (kind) {
      case StepKind.MmapLockWrite:
        locks.mmapWriter = task.id;
        return true;
      case StepKind.MmapUnlockWrite:
        locks.mmapWriter = NOBODY;
        return true;
      case StepKind.MmapLockRead:
        locks.mmapReaders++;
        return true;
      case StepKind.MmapUnlockRead:
        locks.mmapReaders--;
        return true;
      case StepKind.RmapLock:
        locks.rmap = task.id;
        return true;
      case StepKind.RmapUnlock:
        locks.rmap = NOBODY;
        return true;
      case StepKind.PtlLock:
        locks.pageTable = task.id;
        return true;
      case StepKind.PtlUnlock:
        locks.pageTable = NOBODY;
        return true;
      case StepKind.DetachVma:
        scene.mm.vmaExists = 0;
        return true;
      case StepKind.MakeVmaReadOnly:
        scene.mm.vmaIsWritable = 0;
        return true;
      case StepKind.ClearPte:
        clearPte(scene, task);
        return true;
      case StepKind.ClearPteIfSame:
        return clearPteIfSame(scene, task);
      case StepKind.NextPage:
        if (!this.hasNextPage(task)) {
          task.page = 0;
          return true;
        }
        task.page++;
        task.pc = task.program.target(task.pc - 1);
        return true;
      case StepKind.SetPteReadOnly:
        return setPteReadOnly(scene, task, task.program.target(task.pc - 1) != 0);
      case StepKind.WriteProtectForChild:
        return writeProtectForChild(scene, task);
      case StepKind.SetPteCopy:
      case StepKind.RemoveMigrationEntry:
        setPteCopy(scene, task, scene.dataFrames[1]);
        return true;
      case StepKind.SetMigrationEntry:
        return setMigrationEntry(scene, task);
      case StepKind.SetPteMerged:
        return setPteMerged(scene, task, scene.dataFrames[1]);
      case StepKind.ClearUpper:
        store<u64>(scene.upperAddress(), 0);
        return true;
      case StepKind.ClearDetachedPte:
        clearPte(scene, task);
        return true;
      case StepKind.SetHuge:
        setHuge(scene, task, scene.dataFrames[1]);
        return true;
      case StepKind.FreePages:
        freePages(scene, task);
        return true;
      case StepKind.FreeTable:
        freeTable(scene);
        return true;
      case StepKind.CopyPage:
        scene.oracle.mark(task.frame, MARK_COPIED);
        return true;
      case StepKind.CopyUnlessPinned:
        return copyUnlessPinned(scene, task);
      case StepKind.DropRmap:
        dropRmap(scene, task);
        return true;
      case StepKind.PromiseReadOnly:
        promiseReadOnly(scene);
        return true;
      case StepKind.Compare:
        compare(scene, task);
        return true;
      case StepKind.MovePte:
        movePte(scene, task);
        return true;
      case StepKind.AttachVma:
        scene.mm.vmaExists = 1;
        return true;
      case StepKind.InstallPage:
        installPage(scene, task.page);
        return true;
      default:
        // RangeStart, RangeEnd and CpuFlush are events of the mm without effect on a device.
        return true;
    }
  }

  private executeDriver(kind: StepKind, task: Task, attachment: Attachment | null): bool {
    const scene = this.scene;
    const driver = scene.driver;
    if (keepCount(kind, driver, task)) return true;
    const locks = scene.locks;
    switch (kind) {
      case StepKind.Invalidate:
      case StepKind.InvalidateReadsOnly:
        invalidate(scene);
        break;
      case StepKind.InvalidateLeaf:
        invalidateLeaf(scene);
        break;
      case StepKind.InvalidateIotlb:
        invalidateIotlb(scene);
        break;
      case StepKind.InvalidateAtc:
        invalidateAtc(scene);
        break;
      case StepKind.QueueInvalidate:
        driver.queued++;
        break;
      case StepKind.QueueInvalidateAtc:
        driver.queuedAtc++;
        break;
      case StepKind.QueueForTimer:
        driver.timerPending = 1;
        break;
      case StepKind.InstallEmptyTable:
        switchTable(scene, true);
        break;
      case StepKind.RestoreTable:
        switchTable(scene, false);
        break;
      case StepKind.DriverLock:
        locks.driver = task.id;
        break;
      case StepKind.DriverUnlock:
        locks.driver = NOBODY;
        break;
      case StepKind.ZapMirror:
        zapMirror(scene);
        break;
      case StepKind.SampleSequence:
      case StepKind.SampleEvenSequence:
        task.sequence = driver.sequence;
        break;
      case StepKind.HandleFault:
        handleFault(scene, task, attachment!);
        break;
      case StepKind.CheckCountAndSequence:
        return driver.count == 0 && driver.sequence == task.sequence ? true : this.startOver(task);
      case StepKind.CheckSequence:
        return driver.sequence == task.sequence ? true : this.startOver(task);
      case StepKind.InstallMirror:
        installMirror(scene, task, attachment!);
        break;
      case StepKind.Respond:
        respond(scene, task, attachment!, task.isServed != 0);
        break;
      case StepKind.RespondSuccess:
        respond(scene, task, attachment!, true);
        break;
      default:
        break;
    }
    return true;
  }

  /** A collision was seen: the handler lets go of the driver lock and samples again. */
  private startOver(task: Task): bool {
    if (this.scene.locks.driver == task.id) this.scene.locks.driver = NOBODY;
    restart(this.scene, task);
    return false;
  }
}

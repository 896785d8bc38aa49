/**
 * The faults and accesses of a recorded program.
 *
 * Models:     a fault is served when it is taken; a write to a page that others share waits for the
 *             events that tell whether they still did.
 * Simplifies: accesses between faults are known where the program announced them. (DEVIATIONS R2)
 */
import { During, ReplayInput } from "../abi/recording";
import { EventRecord } from "../abi/records";
import { alignDown } from "../base/page";
import { NotifierEvent } from "../kernel/events";
import { Access } from "../kernel/mm/access";
import { Kernel } from "../kernel/kernel";
import { CPUS, Mm, findVma, mmAt } from "../kernel/mm/mm";
import { FaultResult, copyPage, handleFault, wouldFault } from "../kernel/operations/fault";
import { Call } from "./call_numbers";
import { Calls } from "./calls";
import { holdsNotifier } from "./event_run";
import { EarlyFaults } from "./early_faults";
import { learnPageCache } from "./page_cache_input";
import { DeferredWork, Settling } from "./settling";
import { Stage } from "./stage";
import { Tally } from "./tally";
import { NO_CALL, Task, recordedOf } from "./task";
import { Tasks } from "./tasks";
import { forgetPage, isSharedPage, otherCpuOfPage } from "./unseen_inputs";
import { Windows } from "./windows";

export class Faults extends DeferredWork {
  expected: u32 = 0;
  unneeded: u32 = 0;
  missing: u32 = 0;
  firstBadLine: u32 = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly stage: Stage,
    private readonly tasks: Tasks,
    private readonly settling: Settling,
    private readonly calls: Calls,
    private readonly early: EarlyFaults,
    private readonly windows: Windows,
    private readonly inputs: Tally,
  ) {
    super();
  }

  take(record: EventRecord, task: Task): void {
    // a second fault on a page that the first one is still busy with
    if (
      task.deferred != 0 &&
      (task.deferred ^ record.a0) >> 12 == 0 &&
      recordedOf(task).length == 0
    )
      return;
    if (task.call == NO_CALL) this.settling.settle(task, record.line);
    const mm = this.tasks.mmOf(task);
    if (mm.known == 0) {
      this.early.add(mm, record.a0);
      return;
    }
    // the new image is set up before its mm shows in the recording
    if (task.call == Call.Execve && record.a2 != 0) return;
    const va = record.a0;
    const error = <u32>record.a1;
    if (this.windows.count == 0 && learnPageCache(this.kernel, mm, va, (error & 1) != 0)) {
      this.inputs.add(ReplayInput.PageCache);
    }
    if (task.opCount != 0 && record.a2 == 0) this.advanceOp(task, mm, va);
    if (task.call == NO_CALL && task.action == 0) task.during = During.Fault;
    const access =
      (error & 2) != 0 ? Access.Write : (error & 16) != 0 ? Access.Execute : Access.Read;
    this.calls.finishBeforeFault(task, mm, va, access);
    this.expected++;
    if (!wouldFault(this.kernel, mm, va, access)) {
      this.unneeded++;
      if (this.firstBadLine == 0) this.firstBadLine = record.line;
      if (access == Access.Write) {
        this.serveFault(task, mm, va, access);
        task.cameLate = 1;
        this.defer(task, va, record.cpu);
        return;
      }
    }
    if (this.windows.count == 0 && access == Access.Write && this.isUncertain(mm, va)) {
      this.defer(task, va, record.cpu);
      return;
    }
    const hadTable = this.settling.racingTables.isThere(this.kernel, mm, va);
    this.serveFault(task, mm, va, access);
    if (!hadTable && this.settling.racingTables.isThere(this.kernel, mm, va)) {
      this.settling.racingTables.add(mm, va, task, record.line);
    }
  }

  private defer(task: Task, va: u64, cpu: u32): void {
    task.deferred = va;
    task.deferredCpu = cpu;
  }

  announce(record: EventRecord, task: Task): void {
    this.settling.settle(task, record.line);
    task.opKind = <u32>record.a0;
    task.opStart = record.a1;
    task.opCount = (record.present & 4) != 0 ? <u32>record.a2 : 1;
    task.opStep = record.a3;
    task.opByte = <u32>record.a4;
    task.opNext = 0;
    task.during = During.Access;
  }

  /** What the program announced and did not need a fault for has been done. */
  finishOp(task: Task): void {
    if (task.opCount != 0) this.markAccesses(task, this.tasks.mmOf(task), task.opCount);
    task.opCount = 0;
  }

  /**
   * A write to a page that was shared when the fault began. A process in the middle of its exit may
   * have given the page up by now, and one that copies it at the same time may not have yet: the
   * recording shows which.
   */
  serve(task: Task): void {
    const tlbs = this.kernel.tlbs;
    const cpu = tlbs.cpu;
    const loaded = tlbs.loadedOn(task.deferredCpu);
    tlbs.cpu = task.deferredCpu;
    tlbs.setLoaded(task.deferredCpu, task.mm);
    if (task.cameLate != 0) this.serveLate(task);
    else this.serveUncertain(task);
    tlbs.setLoaded(task.deferredCpu, loaded);
    tlbs.cpu = cpu;
  }

  /**
   * A write that finds its page writable was overtaken: by another thread's copy of the page, and
   * then it announced a copy of its own and gave it up (wp_page_copy); or it found the work done.
   */
  private serveLate(task: Task): void {
    const va = task.deferred;
    const mm = this.tasks.mmOf(task);
    const page = alignDown(va, 4096);
    task.deferred = 0;
    task.cameLate = 0;
    if (!holdsNotifier(recordedOf(task), page, page + 4096)) return;
    this.inputs.add(ReplayInput.RacingCopy);
    this.settling.predictFor(task);
    this.kernel.plan.rangeStart(mm, NotifierEvent.Clear, page, page + 4096);
    this.kernel.plan.rangeEnd(mm);
    this.settling.idle();
  }

  /** Whether what others do meanwhile decides if a write to the page at `va` copies it. */
  private isUncertain(mm: Mm, va: u64): bool {
    const kernel = this.kernel;
    return isSharedPage(kernel, mm, va) || otherCpuOfPage(kernel, mm, va) != CPUS;
  }

  private serveFault(task: Task, mm: Mm, va: u64, access: Access): void {
    this.stage.faults(mm, va, access);
    this.settling.predictFor(task);
    const result = handleFault(this.kernel, mm, va, access, false);
    this.settling.idle();
    if (result == FaultResult.Handled) this.stage.touched(mm, va, access);
    if (result == FaultResult.Handled && task.opCount == 0) this.kernel.markAccess(mm, va, access);
  }

  private serveUncertain(task: Task): void {
    const va = task.deferred;
    const mm = this.tasks.mmOf(task);
    task.deferred = 0;
    if (recordedOf(task).length == 0) {
      this.serveOthers(va);
      this.unmapInExiting(va);
      this.drainOther(mm, va);
    }
    const vma = findVma(mm, va);
    if (vma == null || recordedOf(task).length == 0 || this.isUncertain(mm, va)) {
      this.serveFault(task, mm, va, Access.Write);
      return;
    }
    this.inputs.add(ReplayInput.RacingCopy);
    this.settling.predictFor(task);
    copyPage(this.kernel, mm, vma, va);
    this.settling.idle();
  }

  /** Copies of the same page by other tasks that show in the recording come first. */
  private serveOthers(va: u64): void {
    for (let i: u32 = 0; i < this.tasks.length; i++) {
      const other = this.tasks.at(i);
      if (other.deferred >> 12 != va >> 12 || recordedOf(other).length == 0) continue;
      this.serve(other);
    }
  }

  /** The page was not copied, so it waits on no other CPU's list any more. */
  private drainOther(mm: Mm, va: u64): void {
    if (isSharedPage(this.kernel, mm, va)) return;
    const cpu = otherCpuOfPage(this.kernel, mm, va);
    if (cpu == CPUS) return;
    this.kernel.pending.drainOf(cpu);
    this.inputs.add(ReplayInput.PendingElsewhere);
  }

  private unmapInExiting(va: u64): void {
    for (let i: u32 = 0; i < this.tasks.length; i++) {
      const task = this.tasks.at(i);
      // execve tears the old mm down before it shows
      if (task.isExiting == 0 && task.call != Call.Execve) continue;
      if (task.mm == 0 || mmAt(task.mm).users != 1) continue;
      if (forgetPage(this.kernel, mmAt(task.mm), va)) this.inputs.add(ReplayInput.Teardown);
    }
  }

  /** The accesses before the one to the page of `va` needed no fault. */
  private advanceOp(task: Task, mm: Mm, va: u64): void {
    let index = task.opNext;
    while (index < task.opCount && (task.opStart + index * task.opStep) >> 12 != va >> 12) index++;
    if (index == task.opCount) return;
    this.markAccesses(task, mm, index);
  }

  private markAccesses(task: Task, mm: Mm, end: u32): void {
    const access =
      task.opKind == 2 ? Access.Write : task.opKind == 3 ? Access.Execute : Access.Read;
    for (let i = task.opNext; i < end; i++) {
      const va = task.opStart + i * task.opStep;
      if (wouldFault(this.kernel, mm, va, access)) this.missing++;
      this.stage.accessed(mm, va, access);
      this.kernel.markAccess(mm, va, access);
      if (access == Access.Write) this.kernel.noteContent(mm, va, task.opByte);
    }
    task.opNext = end;
  }
}

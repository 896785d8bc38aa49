/**
 * Feeds the events of a recording to the mm, one by one, and compares what it predicts.
 *
 * Models:     a call is carried out at its exit, when its result is known (fork when the task is
 *             made, exec at its own event), a fault at once; what was recorded and predicted for a
 *             task is compared whenever the task does something else.
 * Simplifies: threads of one mm do not interleave within a call.                 (DEVIATIONS R3)
 */
import { Arena } from "../base/arena";
import { LongMap } from "../base/long_map";
import { WordList } from "../base/word_list";
import { During, FlushReason, Kthread, RecordKind, ReplayInput } from "../abi/recording";
import { EventRecord } from "../abi/records";
import { Kernel } from "../kernel/kernel";
import { FileKind } from "../kernel/mm/files";
import { FRAME_DIRTY } from "../kernel/mm/frames";
import { addFolioToCache } from "../kernel/mm/install";
import { CPUS, Mm, addressOfMm, findVma, insertVma, mmAt } from "../kernel/mm/mm";
import { VM_DONTCOPY, VM_PFNMAP } from "../kernel/mm/vm_flags";
import { exitMm } from "../kernel/operations/exit";
import { Access } from "../kernel/mm/access";
import { FaultResult, copyPage, handleFault, wouldFault } from "../kernel/operations/fault";
import { forkMm } from "../kernel/operations/fork";
import { performAction } from "./actions";
import { Call } from "./call_numbers";
import { gaveBack, isDoneAt, isForking, isInCall } from "./concurrent_calls";
import { Comparer } from "./comparer";
import { Descriptors } from "./descriptors";
import { EventKind, EventRun, eventAt, freeRun, pushEvent } from "./event_run";
import { EarlyFaults } from "./early_faults";
import { Interleaving } from "./interleaving";
import { KernelThreads } from "./kernel_threads";
import { adoptAccesses, forgetPage, isSharedPage, otherCpuOfPage } from "./unseen_inputs";
import { learnPageCache } from "./page_cache_input";
import { Snapshots } from "./snapshot";
import { RacingTables } from "./racing_tables";
import { Stage } from "./stage";
import { performCall } from "./system_calls";
import { NO_CALL, Task, predictedOf, recordedOf } from "./task";
import { Windows } from "./windows";

const CLONE_VM: u64 = 0x100;
/** Longer than any teardown in the recordings takes. */
const TEARDOWN_NS: u64 = 50_000_000;
const ANY_CPU: u32 = 0xffffffff;
const KTHREAD_TID: u32 = 0xfffffffe;

/** Counts of what no rule covers, by what it is. */
export class Unsupported {
  calls: LongMap;
  /** Call numbers in the order of their first appearance. */
  order: WordList;

  constructor(arena: Arena) {
    this.calls = new LongMap(arena);
    this.order = new WordList(arena);
  }

  add(what: u32): void {
    this.addSome(what, 1);
  }

  addSome(what: u32, more: u32): void {
    const count = this.calls.get(what + 1);
    if (count == 0) this.order.push(what);
    this.calls.set(what + 1, count + more);
  }
}

export class Replay {
  readonly comparer: Comparer;
  readonly snapshots: Snapshots;
  readonly windows: Windows;
  readonly descriptors: Descriptors;
  readonly unsupported: Unsupported;
  readonly threads: KernelThreads;
  private readonly interleaving: Interleaving;
  private readonly racingTables: RacingTables = new RacingTables();
  private readonly early: EarlyFaults = new EarlyFaults();
  readonly kthreadInputs: Unsupported;
  faultsExpected: u32 = 0;
  faultsUnneeded: u32 = 0;
  faultsMissing: u32 = 0;
  firstBadFaultLine: u32 = 0;
  events: u32 = 0;
  /** Where the host writes records. */
  batch: usize = 0;
  batchCapacity: u32 = 0;
  private readonly tasks: LongMap;
  private readonly taskOrder: WordList;
  private readonly mms: LongMap;
  private snapMm: u32 = 0;
  /** The mm that works for a task. */
  private working: u32 = 0;
  private kthreads: u32 = 0;
  /** Tasks whose exit was seen but not finished. */
  private exiting: u32 = 0;

  constructor(
    readonly kernel: Kernel,
    private readonly stage: Stage,
  ) {
    const arena = kernel.arena;
    const windows = new Windows();
    this.windows = windows;
    this.threads = new KernelThreads(kernel);
    this.interleaving = new Interleaving(arena);
    this.comparer = new Comparer(arena);
    this.snapshots = new Snapshots(arena, windows);
    this.descriptors = new Descriptors(arena);
    this.unsupported = new Unsupported(arena);
    this.kthreadInputs = new Unsupported(arena);
    this.tasks = new LongMap(arena);
    this.taskOrder = new WordList(arena);
    this.mms = new LongMap(arena);
  }

  /** One record; the only entry. */
  take(record: EventRecord): void {
    this.events++;
    this.stage.time = record.t;
    if (record.kind == RecordKind.Window) {
      this.windows.add(record.a0, record.a1);
      if (record.tid != 0) this.mapBelowWindow(this.mmOf(this.taskOf(record)), record.a0);
      return;
    }
    if (this.exiting > 0) this.finishExits(record.cpu, record.tid, record.t);
    if (record.kthread != 0) {
      this.takeFromKthread(record);
      return;
    }
    if (record.tid == 0) return;
    const task = this.taskOf(record);
    if (
      record.kind != RecordKind.Tlb &&
      record.kind != RecordKind.Inval &&
      record.kind != RecordKind.Taskexit
    ) {
      if (record.kind != RecordKind.Exec) this.kernel.tlbs.load(record.cpu, this.mmOf(task));
    }
    this.kernel.tlbs.cpu = record.cpu;
    task.cpu = record.cpu;
    if (record.kind == RecordKind.Fault) task.faultsInARow++;
    else if (record.kind != RecordKind.Tlb && record.kind != RecordKind.SnapBegin)
      task.faultsInARow = 0;
    this.dispatch(record, task);
  }

  /** The recording is over: what is still open is settled. */
  finish(): void {
    for (let i: u32 = 0; i < this.taskOrder.length; i++) {
      const task = changetype<Task>(<usize>this.taskOrder.at(i));
      if (task.deferred != 0) this.settle(task, 0);
    }
    this.finishExits(ANY_CPU, 0, 0);
    if (this.kthreads != 0) this.settleKthread(this.kthreadTask());
    for (let i: u32 = 0; i < this.taskOrder.length; i++) {
      const task = changetype<Task>(<usize>this.taskOrder.at(i));
      if (task.tid != KTHREAD_TID) this.settle(task, 0);
    }
  }

  private dispatch(record: EventRecord, task: Task): void {
    switch (<i32>record.kind) {
      case RecordKind.Inval:
        pushEvent(
          this.kernel.arena,
          recordedOf(task),
          EventKind.Notifier,
          record.a0,
          record.a1,
          record.line,
          record.cpu,
        );
        return;
      case RecordKind.Tlb:
        this.takeFlush(record, task);
        return;
      case RecordKind.Enter:
        this.takeEnter(record, task);
        return;
      case RecordKind.Exit:
        this.takeExit(record, task);
        return;
      case RecordKind.Fault:
        this.takeFault(record, task);
        return;
      case RecordKind.Op:
        this.takeOp(record, task);
        return;
      case RecordKind.Done:
        this.takeDone(record, task);
        return;
      case RecordKind.Signal:
        this.settle(task, record.line);
        task.opCount = 0;
        return;
      case RecordKind.Newtask:
        this.takeNewtask(record, task);
        return;
      case RecordKind.Taskexit:
        this.takeTaskexit(record, task);
        return;
      case RecordKind.Exec:
        this.takeExec(record, task);
        return;
      case RecordKind.Notifier:
        this.settle(task, record.line);
        this.mmOf(task).hasNotifier = <u32>record.a0;
        this.early.begin(this.mmOf(task));
        if (record.a0 != 0) this.stage.notifierRegistered(this.mmOf(task));
        return;
      case RecordKind.File:
        this.takeFile(record, task);
        return;
      case RecordKind.Action:
        this.settle(task, record.line);
        task.action = <u32>record.a0;
        task.actionLine = record.line;
        task.action0 = record.a1;
        task.action1 = record.a2;
        task.action2 = record.a3;
        task.action3 = record.a4;
        task.during = During.Text;
        return;
      case RecordKind.SnapBegin:
        this.settle(task, record.line);
        this.finishExits(ANY_CPU, record.tid, 0);
        this.snapMm = task.mm;
        this.snapshots.begin(this.kernel, mmAt(this.snapMm));
        this.snapshots.ownFaults = task.faultsInARow;
        task.faultsInARow = 0;
        return;
      case RecordKind.SnapVma: {
        const hasFile = (record.present & 8) != 0;
        const mm = mmAt(this.snapMm);
        this.snapshots.vma(
          this.kernel,
          mm,
          record.a0,
          record.a1,
          <u32>record.a2,
          <u32>record.a3,
          hasFile,
          record.a4,
          record.a5,
        );
        return;
      }
      case RecordKind.SnapPages: {
        const hasFrame = (record.present & 8) != 0;
        const mm = mmAt(this.snapMm);
        this.snapshots.pages(
          this.kernel,
          mm,
          record.a0,
          record.a1,
          <u32>record.a2,
          <u32>record.a3,
          hasFrame,
        );
        return;
      }
      case RecordKind.SnapEnd:
        this.endSnapshot(record);
        return;
      case RecordKind.MigSet:
        this.predictFor(task);
        this.threads.beginMigration(record.a0, <u32>record.a1);
        this.idle();
        this.kthreadInputs.add(ReplayInput.MigrationByTask);
        return;
      case RecordKind.MigClear:
        this.threads.finishMigration(record.a0);
        return;
      case RecordKind.Begin:
      case RecordKind.End:
      case RecordKind.Fini:
        this.settle(task, record.line);
        return;
      default:
        return;
    }
  }

  private endSnapshot(record: EventRecord): void {
    const mm = mmAt(this.snapMm);
    const wasKnown = mm.known != 0;
    this.snapshots.end(this.kernel, mm, record.line);
    if (!wasKnown) this.early.apply(this.kernel, mm);
  }

  // ---- flushes and settling

  private takeFlush(record: EventRecord, task: Task): void {
    const reason = <u32>record.a0;
    const mm = this.mmOf(task);
    if (reason == FlushReason.TaskSwitch || reason == FlushReason.Remote) {
      this.kernel.tlbs.reload(record.cpu, mm);
    }
    const isFull = <i64>record.a1 == -1;
    this.interleaving.take(task, mm, record.cpu, reason, isFull);
    if (isFull && reason != FlushReason.TaskSwitch && this.gathersElsewhere(task)) task.nested++;
    if (reason == FlushReason.Local && record.a1 == 0) {
      this.dropBatchOfOthers(task);
      return;
    }
    if (
      reason == FlushReason.LocalMm ||
      reason == FlushReason.SendIpi ||
      reason == FlushReason.Local
    ) {
      pushEvent(
        this.kernel.arena,
        recordedOf(task),
        EventKind.Flush,
        record.a0,
        record.a1,
        record.line,
        record.cpu,
      );
    }
  }

  /** Whether another task of the mm is in a call that may hold a gather open. */
  private gathersElsewhere(task: Task): bool {
    for (let i: u32 = 0; i < this.taskOrder.length; i++) {
      const other = changetype<Task>(<usize>this.taskOrder.at(i));
      if (other == task || other.mm != task.mm) continue;
      const call = other.call;
      if (call == Call.Munmap || call == Call.Madvise || call == Call.Mprotect || call == Call.Mmap)
        return true;
      if (call == Call.Brk || call == Call.Mremap) return true;
    }
    return false;
  }

  /**
   * A batched flush that finds this CPU up to date was for pages of other programs, as was its
   * request.
   */
  private dropBatchOfOthers(task: Task): void {
    this.kthreadInputs.add(ReplayInput.BatchOfOthers);
    const run = recordedOf(task);
    if (run.length == 0) return;
    const last = eventAt(run, run.length - 1);
    if (last.kind == EventKind.Flush && last.a == <u64>FlushReason.SendIpi) run.length--;
  }

  private settle(task: Task, line: u32): void {
    const mm = this.mmOf(task);
    this.compare(task, mm, mm.known != 0, line);
  }

  private compare(task: Task, mm: Mm | null, isKnown: bool, line: u32): void {
    if (task.deferred != 0) this.serveDeferred(task);
    const recorded = recordedOf(task);
    const predicted = predictedOf(task);
    if (!isKnown || !this.stage.compares()) {
      if (recorded.length > 0)
        this.kthreadInputs.addSome(ReplayInput.BeforeSnapshot, recorded.length);
      recorded.length = 0;
      predicted.length = 0;
      return;
    }
    if (
      this.windows.count == 0 &&
      task.call == Call.Madvise &&
      adoptAccesses(task, recorded, predicted)
    ) {
      this.kthreadInputs.add(ReplayInput.UnseenAccess);
    }
    const merged = this.interleaving.reconcile(task, recorded, predicted);
    if (merged > 0) this.kthreadInputs.addSome(ReplayInput.Interleaved, merged);
    const raced = this.racingTables.reconcile(task, recorded, predicted);
    if (raced > 0) this.kthreadInputs.addSome(ReplayInput.RacingTable, raced);
    this.comparer.settle(recorded, predicted, mm, this.kernel.tlbs.cpu, task.during, line);
  }

  /** Directs predictions to `task` until `idle`. */
  private predictFor(task: Task): void {
    this.working = task.mm;
    this.stage.begin(task, this.mmOf(task), this.kernel.tlbs.cpu);
  }

  private idle(): void {
    this.stage.end(mmAt(this.working));
  }

  // ---- calls

  private takeEnter(record: EventRecord, task: Task): void {
    this.settle(task, record.line);
    task.call = record.call;
    task.callLine = record.line;
    task.isCallDone = 0;
    task.args0 = record.a0;
    task.args1 = record.a1;
    task.args2 = record.a2;
    task.args3 = record.a3;
    task.args4 = record.a4;
    task.args5 = record.a5;
    task.during = record.call;
  }

  private takeExit(record: EventRecord, task: Task): void {
    if (task.call == NO_CALL) return;
    const result = <i64>record.a0;
    if (task.call == Call.Mmap) this.finishOverlapping(task, record.a0);
    if (task.isCallDone == 0) this.carryOut(task, result);
    if (task.forked != 0) this.endFailedFork(task);
    this.settle(task, task.callLine);
    task.call = NO_CALL;
    task.during = During.Nothing;
  }

  private endFailedFork(task: Task): void {
    this.predictFor(task);
    exitMm(this.kernel, mmAt(task.forked));
    this.idle();
    task.forked = 0;
  }

  private carryOut(task: Task, result: i64): void {
    const mm = this.mmOf(task);
    if (mm.known == 0) {
      if (task.call == Call.Mmap && result > 0)
        this.early.addMapping(mm, <u64>result, task.args1, <u32>task.args3);
      return;
    }
    this.learnMask(task, mm);
    this.predictFor(task);
    if (!performCall(this.kernel, mm, task, this.descriptors, result))
      this.unsupported.add(task.call);
    this.idle();
    task.isCallDone = 1;
  }

  /**
   * Other tasks, which the recording does not show, take CPUs out of the mask and bring them in:
   * whether the call's flushes asked other CPUs is known before it is carried out.
   */
  private learnMask(task: Task, mm: Mm): void {
    const run = recordedOf(task);
    let asks = false;
    let flushes = false;
    for (let i: u32 = 0; i < run.length; i++) {
      const event = eventAt(run, i);
      if (event.kind != EventKind.Flush) continue;
      flushes = true;
      asks = asks || event.a == <u64>FlushReason.SendIpi;
    }
    const tlbs = this.kernel.tlbs;
    if (!flushes || asks == tlbs.hasOtherCpus(mm)) return;
    this.comparer.maskInputs++;
    tlbs.adoptMask(mm, asks ? u64.MAX_VALUE : (<u64>1) << tlbs.cpu);
  }

  /** As `learnMask`, for the one flush that a teardown may show. */
  private learnExitMask(task: Task, mm: Mm): void {
    const run = recordedOf(task);
    const self = (<u64>1) << this.kernel.tlbs.cpu;
    let asks = false;
    for (let i: u32 = 0; i < run.length; i++) {
      const event = eventAt(run, i);
      asks = asks || (event.kind == EventKind.Flush && event.a == <u64>FlushReason.SendIpi);
    }
    if (asks != this.kernel.tlbs.hasOtherCpus(mm)) this.comparer.maskInputs++;
    this.kernel.tlbs.adoptMask(mm, asks ? u64.MAX_VALUE : self);
  }

  /** The calls of other threads that must be over for an mmap to get the address it got. */
  private finishOverlapping(task: Task, start: u64): void {
    for (let i: u32 = 0; i < this.taskOrder.length; i++) {
      const other = changetype<Task>(<usize>this.taskOrder.at(i));
      if (isInCall(task, other) && gaveBack(other, start, task.args1)) this.finishCall(other);
    }
  }

  /** The calls of other threads that a fault at `va` comes after. */
  private finishBeforeFault(task: Task, mm: Mm, va: u64, access: Access): void {
    for (let i: u32 = 0; i < this.taskOrder.length; i++) {
      const other = changetype<Task>(<usize>this.taskOrder.at(i));
      if (isInCall(task, other) && isDoneAt(this.kernel, mm, other, va, access))
        this.finishCall(other);
    }
  }

  /** Carries out, on its own CPU, the call that `task` has not returned from yet. */
  private finishCall(task: Task): void {
    const tlbs = this.kernel.tlbs;
    const cpu = tlbs.cpu;
    const loaded = tlbs.loadedOn(task.cpu);
    tlbs.cpu = task.cpu;
    tlbs.setLoaded(task.cpu, task.mm);
    if (isForking(task)) this.forkEarly(task);
    else this.carryOut(task, 0);
    tlbs.setLoaded(task.cpu, loaded);
    tlbs.cpu = cpu;
  }

  /** The child's task and number are known only when it shows. */
  private forkEarly(task: Task): void {
    const parent = this.mmOf(task);
    this.learnMask(task, parent);
    this.predictFor(task);
    task.forked = addressOfMm(forkMm(this.kernel, parent, 0));
    this.idle();
    task.isCallDone = 1;
  }

  // ---- faults and accesses

  private takeFault(record: EventRecord, task: Task): void {
    // a second fault on a page that the first one is still busy with
    if (
      task.deferred != 0 &&
      (task.deferred ^ record.a0) >> 12 == 0 &&
      recordedOf(task).length == 0
    )
      return;
    if (task.call == NO_CALL) this.settle(task, record.line);
    const mm = this.mmOf(task);
    if (mm.known == 0) {
      this.early.add(mm, record.a0);
      return;
    }
    // the new image is set up before its mm shows in the recording
    if (task.call == Call.Execve && record.a2 != 0) return;
    const va = record.a0;
    const error = <u32>record.a1;
    if (this.windows.count == 0 && learnPageCache(this.kernel, mm, va, (error & 1) != 0)) {
      this.kthreadInputs.add(ReplayInput.PageCache);
    }
    if (task.opCount != 0 && record.a2 == 0) this.advanceOp(task, mm, va);
    if (task.call == NO_CALL && task.action == 0) task.during = During.Fault;
    const access =
      (error & 2) != 0 ? Access.Write : (error & 16) != 0 ? Access.Execute : Access.Read;
    this.finishBeforeFault(task, mm, va, access);
    this.faultsExpected++;
    if (!wouldFault(this.kernel, mm, va, access)) {
      this.faultsUnneeded++;
      if (this.firstBadFaultLine == 0) this.firstBadFaultLine = record.line;
    }
    if (this.windows.count == 0 && access == Access.Write && this.isUncertain(mm, va)) {
      task.deferred = va;
      task.deferredCpu = record.cpu;
      return;
    }
    const hadTable = this.racingTables.isThere(this.kernel, mm, va);
    this.serveFault(task, mm, va, access);
    if (!hadTable && this.racingTables.isThere(this.kernel, mm, va)) {
      this.racingTables.add(mm, va, task, record.line);
    }
  }

  /** Whether what others do meanwhile decides if a write to the page at `va` copies it. */
  private isUncertain(mm: Mm, va: u64): bool {
    const kernel = this.kernel;
    return isSharedPage(kernel, mm, va) || otherCpuOfPage(kernel, mm, va) != CPUS;
  }

  private serveFault(task: Task, mm: Mm, va: u64, access: Access): void {
    this.stage.faults(mm, va, access);
    this.predictFor(task);
    const result = handleFault(this.kernel, mm, va, access, false);
    this.idle();
    if (result == FaultResult.Handled) this.stage.touched(mm, va, access);
    if (result == FaultResult.Handled && task.opCount == 0) this.kernel.markAccess(mm, va, access);
  }

  /**
   * A write to a page that was shared when the fault began. A process in the middle of its exit may
   * have given the page up by now, and one that copies it at the same time may not have yet: the
   * recording shows which.
   */
  private serveDeferred(task: Task): void {
    const tlbs = this.kernel.tlbs;
    const cpu = tlbs.cpu;
    const loaded = tlbs.loadedOn(task.deferredCpu);
    tlbs.cpu = task.deferredCpu;
    tlbs.setLoaded(task.deferredCpu, task.mm);
    this.serveUncertain(task);
    tlbs.setLoaded(task.deferredCpu, loaded);
    tlbs.cpu = cpu;
  }

  private serveUncertain(task: Task): void {
    const va = task.deferred;
    const mm = this.mmOf(task);
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
    this.kthreadInputs.add(ReplayInput.RacingCopy);
    this.predictFor(task);
    copyPage(this.kernel, mm, vma, va);
    this.idle();
  }

  /** Copies of the same page by other tasks that show in the recording come first. */
  private serveOthers(va: u64): void {
    for (let i: u32 = 0; i < this.taskOrder.length; i++) {
      const other = changetype<Task>(<usize>this.taskOrder.at(i));
      if (other.deferred >> 12 != va >> 12 || recordedOf(other).length == 0) continue;
      this.serveDeferred(other);
    }
  }

  /** The page was not copied, so it waits on no other CPU's list any more. */
  private drainOther(mm: Mm, va: u64): void {
    if (isSharedPage(this.kernel, mm, va)) return;
    const cpu = otherCpuOfPage(this.kernel, mm, va);
    if (cpu == CPUS) return;
    this.kernel.pending.drainOf(cpu);
    this.kthreadInputs.add(ReplayInput.PendingElsewhere);
  }

  private unmapInExiting(va: u64): void {
    for (let i: u32 = 0; i < this.taskOrder.length; i++) {
      const task = changetype<Task>(<usize>this.taskOrder.at(i));
      // execve tears the old mm down before it shows
      if (task.isExiting == 0 && task.call != Call.Execve) continue;
      if (task.mm == 0 || mmAt(task.mm).users != 1) continue;
      if (forgetPage(this.kernel, mmAt(task.mm), va)) this.kthreadInputs.add(ReplayInput.Teardown);
    }
  }

  private takeOp(record: EventRecord, task: Task): void {
    this.settle(task, record.line);
    task.opKind = <u32>record.a0;
    task.opStart = record.a1;
    task.opCount = (record.present & 4) != 0 ? <u32>record.a2 : 1;
    task.opStep = record.a3;
    task.opByte = <u32>record.a4;
    task.opNext = 0;
    task.during = During.Access;
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
      if (wouldFault(this.kernel, mm, va, access)) this.faultsMissing++;
      this.stage.accessed(mm, va, access);
      this.kernel.markAccess(mm, va, access);
      if (access == Access.Write) this.kernel.noteContent(mm, va, task.opByte);
    }
    task.opNext = end;
  }

  private takeDone(record: EventRecord, task: Task): void {
    const mm = this.mmOf(task);
    if (task.opCount != 0) this.markAccesses(task, mm, task.opCount);
    task.opCount = 0;
    if (task.action != 0) {
      this.predictFor(task);
      const handled = performAction(this.kernel, mm, task, this.descriptors);
      if (!handled) this.unsupported.add(During.Text);
      this.idle();
      this.settle(task, task.actionLine);
      task.action = 0;
    } else {
      this.settle(task, record.line);
    }
    task.during = During.Nothing;
  }

  // ---- tasks

  private takeNewtask(record: EventRecord, task: Task): void {
    const parent = this.mmOf(task);
    const child = this.makeTask(<u32>record.a0, task.process);
    const isThread = (record.a1 & CLONE_VM) != 0;
    if (isThread) {
      child.mm = task.mm;
      parent.users++;
    } else {
      if (task.forked == 0) this.forkEarly(task);
      child.mm = task.forked;
      mmAt(child.mm).id = <u32>record.a2;
      task.forked = 0;
      this.mms.set(record.a2 + 1, child.mm);
      this.settle(task, task.callLine);
    }
    task.isCallDone = 1;
  }

  /**
   * The mm of the last task is torn down after its exit was recorded.
   */
  private takeTaskexit(record: EventRecord, task: Task): void {
    this.settle(task, record.line);
    task.call = NO_CALL;
    task.cpu = record.cpu;
    task.exitLine = record.line;
    task.exitTime = record.t;
    task.isExiting = 1;
    this.exiting++;
  }

  /**
   * In a small program's recording, made on one CPU, the teardown is over when another task runs.
   */
  private isTornDown(task: Task, cpu: u32, time: u64): bool {
    if (cpu == ANY_CPU) return true;
    if (this.windows.count > 0) return task.cpu == cpu;
    return time > task.exitTime + TEARDOWN_NS;
  }

  private finishExits(cpu: u32, tid: u32, time: u64): void {
    for (let i: u32 = 0; i < this.taskOrder.length; i++) {
      const task = changetype<Task>(<usize>this.taskOrder.at(i));
      if (task.isExiting == 0 || task.tid == tid || !this.isTornDown(task, cpu, time)) continue;
      this.exiting--;
      this.buryTask(task);
      i--;
    }
  }

  private buryTask(task: Task): void {
    this.leaveMm(task, task.exitLine);
    this.tasks.remove(<u64>task.tid + 1);
    for (let i: u32 = 0; i < this.taskOrder.length; i++) {
      if (this.taskOrder.at(i) != <u32>changetype<usize>(task)) continue;
      this.taskOrder.removeAt(i);
      break;
    }
    const arena = this.kernel.arena;
    freeRun(arena, recordedOf(task));
    freeRun(arena, predictedOf(task));
    arena.give(task.recordedRun, offsetof<EventRun>());
    arena.give(task.predictedRun, offsetof<EventRun>());
    arena.give(changetype<usize>(task), offsetof<Task>());
  }

  private takeExec(record: EventRecord, task: Task): void {
    const mm = this.kernel.makeMm(record.mm);
    // a small program's window is empty after exec; a real program's state comes with its first
    // snapshot
    mm.known = this.windows.count > 0 ? 1 : 0;
    this.leaveMm(task, record.line);
    task.mm = addressOfMm(mm);
    task.call = NO_CALL;
    this.mms.set(<u64>record.mm + 1, task.mm);
    this.kernel.tlbs.load(record.cpu, mm);
  }

  /**
   * The last task to leave tears the mm down; the flush of that asks whatever CPUs are still in its
   * mask.
   */
  private leaveMm(task: Task, line: u32): void {
    if (task.mm == 0) return;
    const mm = mmAt(task.mm);
    mm.users--;
    if (mm.users == 0) {
      this.mms.remove(<u64>mm.id + 1);
      this.stage.exits(mm);
      if (mm.known != 0) this.learnExitMask(task, mm);
      this.predictFor(task);
      exitMm(this.kernel, mm);
      this.idle();
    }
    if (task.call == NO_CALL) task.during = During.Exit;
    this.compare(task, mm.users == 0 ? null : mm, mm.known != 0, line);
    task.mm = 0;
  }

  private taskOf(record: EventRecord): Task {
    const known = this.tasks.get(<u64>record.tid + 1);
    if (known != 0) {
      const task = changetype<Task>(<usize>known);
      if (task.process != record.p) {
        this.descriptors.inherit(record.p, task.process);
        task.process = record.p;
      }
      return task;
    }
    const task = this.makeTask(record.tid, record.p);
    const mm = this.mms.get(<u64>record.mm + 1);
    if (mm != 0) {
      task.mm = mm;
      mmAt(mm).users++;
    }
    return task;
  }

  private makeTask(tid: u32, process: u32): Task {
    const arena = this.kernel.arena;
    const task = changetype<Task>(arena.take(offsetof<Task>()));
    task.tid = tid;
    task.process = process;
    task.call = NO_CALL;
    task.during = During.Nothing;
    task.recordedRun = <u32>arena.take(offsetof<EventRun>());
    task.predictedRun = <u32>arena.take(offsetof<EventRun>());
    this.tasks.set(<u64>tid + 1, <u32>changetype<usize>(task));
    this.taskOrder.push(<u32>changetype<usize>(task));
    return task;
  }

  private mmOf(task: Task): Mm {
    if (task.mm == 0) {
      const mm = this.kernel.makeMm(0);
      task.mm = addressOfMm(mm);
    }
    return mmAt(task.mm);
  }

  /** Below a window that begins inside a mapping lies the rest of it, which is not recorded. */
  private mapBelowWindow(mm: Mm, start: u64): void {
    const vma = this.kernel.newVma(start - 4096, start, VM_PFNMAP | VM_DONTCOPY);
    insertVma(this.kernel.arena, mm, vma);
  }

  // ---- files

  /**
   * The harness wrote `filled` bytes in pieces of 64 KiB; ext4 caches each piece in folios as large
   * as fit.
   */
  private takeFile(record: EventRecord, task: Task): void {
    this.settle(task, record.line);
    const kind = <FileKind>record.a1;
    const file = this.kernel.files.make(kind, record.a2);
    this.descriptors.set(task.process, <u32>record.a0, file);
    const pages = (record.a3 + 4095) >> 12;
    let index: u64 = 0;
    while (index < pages) {
      let order: u32 = 0;
      if (kind == FileKind.Ext4) {
        const piece = min((index | 15) + 1, pages) - index;
        while ((<u64>2) << order <= piece && (index & (((<u64>2) << order) - 1)) == 0) order++;
      }
      const pfn = addFolioToCache(this.kernel, file, index, order);
      if (kind != FileKind.Ext4) this.kernel.frames.at(pfn).flags |= FRAME_DIRTY;
      index += (<u64>1) << order;
    }
  }

  // ---- kernel threads

  /**
   * What a kernel thread does and when is an input; the ranges and flushes that follow from it are
   * predicted.
   */
  private takeFromKthread(record: EventRecord): void {
    const task = this.kthreadTask();
    this.kernel.tlbs.cpu = record.cpu;
    task.mm = this.threads.firstSubscribed();
    if (task.mm == 0) return;
    if (record.kind == RecordKind.Tlb) {
      const reason = <u32>record.a0;
      if (
        reason == FlushReason.LocalMm ||
        reason == FlushReason.SendIpi ||
        reason == FlushReason.Local
      ) {
        const run = recordedOf(task);
        pushEvent(
          this.kernel.arena,
          run,
          EventKind.Flush,
          record.a0,
          record.a1,
          record.line,
          record.cpu,
        );
      }
      return;
    }
    if (record.kind == RecordKind.Inval) {
      const run = recordedOf(task);
      this.settleKthread(task);
      pushEvent(
        this.kernel.arena,
        run,
        EventKind.Notifier,
        record.a0,
        record.a1,
        record.line,
        record.cpu,
      );
      this.kthreadInputs.add(record.kthread);
    }
    this.predictFor(task);
    this.kernel.tlbs.isLazy = true;
    this.actAsKthread(record);
    this.kernel.tlbs.isLazy = false;
    this.idle();
  }

  private actAsKthread(record: EventRecord): void {
    if (record.kind == RecordKind.MigSet) this.threads.beginMigration(record.a0, <u32>record.a1);
    if (record.kind == RecordKind.MigClear) this.threads.finishMigration(record.a0);
    if (record.kind == RecordKind.Ksm && record.a1 == 0) this.threads.ksmMerged();
    if (record.kind != RecordKind.Inval) return;
    if (record.kthread == Kthread.Ksmd) this.threads.ksmCall(record.a0);
    if (record.kthread == Kthread.Khugepaged) this.threads.collapse(record.a0, record.a1);
    if (record.kthread == Kthread.Kswapd) this.threads.reclaim(record.a0);
    if (record.kthread == Kthread.Kworker) this.threads.writeBack(record.a0);
  }

  private settleKthread(task: Task): void {
    this.comparer.settle(recordedOf(task), predictedOf(task), null, 0, During.Kthread, 0);
  }

  /** The kernel threads' place among the tasks. */
  private kthreadTask(): Task {
    if (this.kthreads == 0) this.kthreads = <u32>changetype<usize>(this.makeTask(KTHREAD_TID, 0));
    const task = changetype<Task>(<usize>this.kthreads);
    task.during = During.Kthread;
    return task;
  }
}

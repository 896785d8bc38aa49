/**
 * Feeds the events of a recording to the mm, one by one, and compares what it predicts.
 *
 * Models:     what a record means for its task is in the file of its kind: calls, faults, exits,
 *             kernel threads; what was recorded and predicted is compared in settling.
 */
import { During, RecordKind } from "../abi/recording";
import { EventRecord } from "../abi/records";
import { Kernel } from "../kernel/kernel";
import { Mm, insertVma, mmAt } from "../kernel/mm/mm";
import { VM_DONTCOPY, VM_PFNMAP } from "../kernel/mm/vm_flags";
import { performAction } from "./actions";
import { Calls } from "./calls";
import { Comparer } from "./comparer";
import { Descriptors } from "./descriptors";
import { EarlyFaults } from "./early_faults";
import { ANY_CPU, Exits } from "./exits";
import { Faults } from "./faults";
import { KernelThreadEvents, KTHREAD_TID } from "./kernel_thread_events";
import { KernelThreads } from "./kernel_threads";
import { makeRecordedFile } from "./recorded_file";
import { Settling } from "./settling";
import { Snapshots } from "./snapshot";
import { Stage } from "./stage";
import { Tally } from "./tally";
import { Task } from "./task";
import { Tasks } from "./tasks";
import { Windows } from "./windows";

export class Replay {
  readonly comparer: Comparer;
  readonly snapshots: Snapshots;
  readonly descriptors: Descriptors;
  /** Calls and texts that no rule covers. */
  readonly unsupported: Tally;
  /** What was taken from the recording, by kernel thread and by `ReplayInput`. */
  readonly inputs: Tally;
  readonly faults: Faults;
  events: u32 = 0;
  /** Where the host writes records. */
  batch: usize = 0;
  batchCapacity: u32 = 0;
  private readonly windows: Windows;
  private readonly early: EarlyFaults;
  private readonly threads: KernelThreads;
  private readonly tasks: Tasks;
  private readonly settling: Settling;
  private readonly calls: Calls;
  private readonly exits: Exits;
  private readonly threadEvents: KernelThreadEvents;
  private snapMm: u32 = 0;

  constructor(
    readonly kernel: Kernel,
    private readonly stage: Stage,
  ) {
    const arena = kernel.arena;
    const windows = new Windows();
    const early = new EarlyFaults();
    this.windows = windows;
    this.early = early;
    const comparer = new Comparer(arena);
    const descriptors = new Descriptors(arena);
    const unsupported = new Tally(arena);
    const inputs = new Tally(arena);
    const tasks = new Tasks(kernel, descriptors);
    const threads = new KernelThreads(kernel);
    const settling = new Settling(kernel, stage, tasks, comparer, windows, inputs);
    const calls = new Calls(kernel, tasks, settling, descriptors, early, unsupported);
    const faults = new Faults(kernel, stage, tasks, settling, calls, early, windows, inputs);
    settling.deferred = faults;
    this.comparer = comparer;
    this.descriptors = descriptors;
    this.unsupported = unsupported;
    this.inputs = inputs;
    this.tasks = tasks;
    this.threads = threads;
    this.settling = settling;
    this.calls = calls;
    this.faults = faults;
    this.snapshots = new Snapshots(arena, windows);
    this.exits = new Exits(kernel, stage, tasks, settling, windows);
    this.threadEvents = new KernelThreadEvents(kernel, tasks, settling, threads, comparer, inputs);
  }

  /** One record; the only entry. */
  take(record: EventRecord): void {
    this.events++;
    this.stage.time = record.t;
    if (record.kind == RecordKind.Window) {
      this.windows.add(record.a0, record.a1);
      if (record.tid != 0) this.mapBelowWindow(this.tasks.mmOf(this.tasks.of(record)), record.a0);
      return;
    }
    this.exits.finish(record.cpu, record.tid, record.t);
    if (record.kthread != 0) {
      this.threadEvents.take(record);
      return;
    }
    if (record.tid == 0) return;
    const task = this.tasks.of(record);
    if (
      record.kind != RecordKind.Tlb &&
      record.kind != RecordKind.Inval &&
      record.kind != RecordKind.Taskexit
    ) {
      if (record.kind != RecordKind.Exec) this.kernel.tlbs.load(record.cpu, this.tasks.mmOf(task));
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
    for (let i: u32 = 0; i < this.tasks.length; i++) {
      const task = this.tasks.at(i);
      if (task.deferred != 0) this.settling.settle(task, 0);
    }
    this.exits.finish(ANY_CPU, 0, 0);
    this.threadEvents.settle();
    for (let i: u32 = 0; i < this.tasks.length; i++) {
      const task = this.tasks.at(i);
      if (task.tid != KTHREAD_TID) this.settling.settle(task, 0);
    }
  }

  private dispatch(record: EventRecord, task: Task): void {
    switch (<i32>record.kind) {
      case RecordKind.Inval:
        this.settling.takeNotifierCall(record, task);
        return;
      case RecordKind.Tlb:
        this.settling.takeFlush(record, task);
        return;
      case RecordKind.Enter:
        this.calls.enter(record, task);
        return;
      case RecordKind.Exit:
        this.calls.leave(record, task);
        return;
      case RecordKind.Fault:
        this.faults.take(record, task);
        return;
      case RecordKind.Op:
        this.faults.announce(record, task);
        return;
      case RecordKind.Done:
        this.takeDone(record, task);
        return;
      case RecordKind.Signal:
        this.settling.settle(task, record.line);
        task.opCount = 0;
        return;
      case RecordKind.Newtask:
        this.calls.fork(record, task);
        return;
      case RecordKind.Taskexit:
        this.exits.begin(record, task);
        return;
      case RecordKind.Exec:
        this.exits.exec(record, task);
        return;
      case RecordKind.Notifier:
        this.settling.settle(task, record.line);
        this.tasks.mmOf(task).hasNotifier = <u32>record.a0;
        this.early.begin(this.tasks.mmOf(task));
        if (record.a0 != 0) this.stage.notifierRegistered(this.tasks.mmOf(task));
        return;
      case RecordKind.File:
        this.settling.settle(task, record.line);
        makeRecordedFile(this.kernel, this.descriptors, task, record);
        return;
      case RecordKind.Action:
        this.settling.settle(task, record.line);
        task.action = <u32>record.a0;
        task.actionLine = record.line;
        task.action0 = record.a1;
        task.action1 = record.a2;
        task.action2 = record.a3;
        task.action3 = record.a4;
        task.during = During.Text;
        return;
      case RecordKind.SnapBegin:
        this.settling.settle(task, record.line);
        this.exits.finish(ANY_CPU, record.tid, 0);
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
        this.threadEvents.beginByTask(record, task);
        return;
      case RecordKind.MigClear:
        this.threads.finishMigration(record.a0);
        return;
      case RecordKind.Begin:
      case RecordKind.End:
      case RecordKind.Fini:
        this.settling.settle(task, record.line);
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

  private takeDone(record: EventRecord, task: Task): void {
    const mm = this.tasks.mmOf(task);
    this.faults.finishOp(task);
    if (task.action != 0) {
      this.settling.predictFor(task);
      const handled = performAction(this.kernel, mm, task, this.descriptors);
      if (!handled) this.unsupported.add(During.Text);
      this.settling.idle();
      this.settling.settle(task, task.actionLine);
      task.action = 0;
    } else {
      this.settling.settle(task, record.line);
    }
    task.during = During.Nothing;
  }

  /** Below a window that begins inside a mapping lies the rest of it, which is not recorded. */
  private mapBelowWindow(mm: Mm, start: u64): void {
    const vma = this.kernel.newVma(start - 4096, start, VM_PFNMAP | VM_DONTCOPY);
    insertVma(this.kernel.arena, mm, vma);
  }
}

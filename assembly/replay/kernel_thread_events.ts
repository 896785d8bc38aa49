/**
 * What kernel threads did to the mms of a recorded program: when is an input, the ranges and
 * flushes that follow from it are predicted.
 */
import { During, Kthread, RecordKind, ReplayInput } from "../abi/recording";
import { EventRecord } from "../abi/records";
import { Kernel } from "../kernel/kernel";
import { Comparer } from "./comparer";
import { EventKind, isDetermined, pushRecord } from "./event_run";
import { KernelThreads } from "./kernel_threads";
import { Settling } from "./settling";
import { Tally } from "./tally";
import { Task, predictedOf, recordedOf } from "./task";
import { Tasks } from "./tasks";

export const KTHREAD_TID: u32 = 0xfffffffe;

export class KernelThreadEvents {
  private kthreads: u32 = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly tasks: Tasks,
    private readonly settling: Settling,
    private readonly threads: KernelThreads,
    private readonly comparer: Comparer,
    private readonly inputs: Tally,
  ) {}

  take(record: EventRecord): void {
    const task = this.task();
    this.kernel.tlbs.cpu = record.cpu;
    task.mm = this.threads.firstSubscribed();
    if (task.mm == 0) return;
    if (record.kind == RecordKind.Tlb) {
      if (isDetermined(record.a0))
        pushRecord(this.kernel.arena, recordedOf(task), EventKind.Flush, record);
      return;
    }
    if (record.kind == RecordKind.Inval) {
      this.settleTask(task);
      pushRecord(this.kernel.arena, recordedOf(task), EventKind.Notifier, record);
      this.inputs.add(record.kthread);
    }
    this.settling.predictFor(task);
    this.kernel.tlbs.isLazy = true;
    this.act(record);
    this.kernel.tlbs.isLazy = false;
    this.settling.idle();
  }

  /** A task, not a kernel thread, begins to migrate a page. */
  beginByTask(record: EventRecord, task: Task): void {
    this.settling.predictFor(task);
    this.threads.beginMigration(record.a0, <u32>record.a1);
    this.settling.idle();
    this.inputs.add(ReplayInput.MigrationByTask);
  }

  settle(): void {
    if (this.kthreads != 0) this.settleTask(this.task());
  }

  private settleTask(task: Task): void {
    this.comparer.settle(recordedOf(task), predictedOf(task), null, 0, During.Kthread, 0);
  }

  private act(record: EventRecord): void {
    if (record.kind == RecordKind.MigSet) this.threads.beginMigration(record.a0, <u32>record.a1);
    if (record.kind == RecordKind.MigClear) this.threads.finishMigration(record.a0);
    if (record.kind == RecordKind.Ksm && record.a1 == 0) this.threads.ksmMerged();
    if (record.kind != RecordKind.Inval) return;
    if (record.kthread == Kthread.Ksmd) this.threads.ksmCall(record.a0);
    if (record.kthread == Kthread.Khugepaged) this.threads.collapse(record.a0, record.a1);
    if (record.kthread == Kthread.Kswapd) this.threads.reclaim(record.a0);
    if (record.kthread == Kthread.Kworker) this.threads.writeBack(record.a0);
  }

  /** The kernel threads' place among the tasks. */
  private task(): Task {
    if (this.kthreads == 0) this.kthreads = <u32>changetype<usize>(this.tasks.make(KTHREAD_TID, 0));
    const task = changetype<Task>(<usize>this.kthreads);
    task.during = During.Kthread;
    return task;
  }
}

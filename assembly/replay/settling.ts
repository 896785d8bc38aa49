/**
 * Compares what was recorded of a task with what was predicted for it, after adopting what only the
 * recording can tell.
 *
 * Models:     the two lists of a task are compared whenever it does something else.
 * Simplifies: inputs are believed, and counted.                                 (DEVIATIONS R2)
 */
import { FlushReason, ReplayInput } from "../abi/recording";
import { EventRecord } from "../abi/records";
import { alignUp } from "../base/page";
import { Kernel } from "../kernel/kernel";
import { Mm, addressOfMm, mmAt } from "../kernel/mm/mm";
import { Call } from "./call_numbers";
import { Comparer } from "./comparer";
import { EventKind, eventAt, isDetermined, onlyFlush, pushRecord } from "./event_run";
import { Interleaving } from "./interleaving";
import { learnFromUnmap } from "./page_cache_input";
import { RacingTables } from "./racing_tables";
import { Stage } from "./stage";
import { Tally } from "./tally";
import { Task, predictedOf, recordedOf } from "./task";
import { Tasks } from "./tasks";
import { adoptAccesses } from "./unseen_inputs";
import { Windows } from "./windows";

/** Work whose outcome shows only in the events after it, and which comes before a comparison. */
export abstract class DeferredWork {
  abstract serve(task: Task): void;
}

export class Settling {
  /** Set once, when the work that may be deferred has been put together. */
  deferred: DeferredWork | null = null;
  readonly racingTables: RacingTables = new RacingTables();
  private readonly interleaving: Interleaving;
  /** The mm that works for a task. */
  private working: u32 = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly stage: Stage,
    private readonly tasks: Tasks,
    private readonly comparer: Comparer,
    private readonly windows: Windows,
    private readonly inputs: Tally,
  ) {
    this.interleaving = new Interleaving(kernel.arena);
  }

  /** Directs predictions to `task` until `idle`. */
  predictFor(task: Task): void {
    this.predictForMm(task, this.tasks.mmOf(task));
  }

  /** The same for a task that works on the mm of another process. */
  predictForMm(task: Task, mm: Mm): void {
    this.working = addressOfMm(mm);
    this.stage.begin(task, mm, this.kernel.tlbs.cpu);
  }

  idle(): void {
    this.stage.end(mmAt(this.working));
  }

  takeNotifierCall(record: EventRecord, task: Task): void {
    pushRecord(this.kernel.arena, recordedOf(task), EventKind.Notifier, record);
  }

  takeFlush(record: EventRecord, task: Task): void {
    const reason = <u32>record.a0;
    const mm = this.tasks.mmOf(task);
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
    if (isDetermined(record.a0))
      pushRecord(this.kernel.arena, recordedOf(task), EventKind.Flush, record);
  }

  /** Whether another task of the mm is in a call that may hold a gather open. */
  private gathersElsewhere(task: Task): bool {
    for (let i: u32 = 0; i < this.tasks.length; i++) {
      const other = this.tasks.at(i);
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
    this.inputs.add(ReplayInput.BatchOfOthers);
    const run = recordedOf(task);
    if (run.length == 0) return;
    const last = eventAt(run, run.length - 1);
    if (last.kind == EventKind.Flush && last.a == <u64>FlushReason.SendIpi) run.length--;
  }

  settle(task: Task, line: u32): void {
    const mm = this.tasks.mmOf(task);
    this.compare(task, mm, mm.known != 0, line);
  }

  compare(task: Task, mm: Mm | null, isKnown: bool, line: u32): void {
    if (task.deferred != 0) this.deferred!.serve(task);
    const recorded = recordedOf(task);
    const predicted = predictedOf(task);
    if (!isKnown || !this.stage.compares()) {
      if (recorded.length > 0) this.inputs.addSome(ReplayInput.BeforeSnapshot, recorded.length);
      recorded.length = 0;
      predicted.length = 0;
      return;
    }
    if (
      this.windows.count == 0 &&
      task.call == Call.Madvise &&
      adoptAccesses(this.kernel, mm!, task, recorded, predicted)
    ) {
      this.inputs.add(ReplayInput.UnseenAccess);
    }
    const merged = this.interleaving.reconcile(task, recorded, predicted);
    if (merged > 0) this.inputs.addSome(ReplayInput.Interleaved, merged);
    const raced = this.racingTables.reconcile(task, recorded, predicted);
    if (raced > 0) this.inputs.addSome(ReplayInput.RacingTable, raced);
    this.comparer.settle(recorded, predicted, mm, this.kernel.tlbs.cpu, task.during, line);
  }

  /**
   * Other tasks, which the recording does not show, take CPUs out of the mask and bring them in:
   * whether the call's flushes asked other CPUs is known before it is carried out.
   */
  learnMask(task: Task, mm: Mm): void {
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

  /** What a munmap flushed tells which pages of a file it had mapped. */
  learnUnmapped(task: Task, mm: Mm): void {
    const pages = onlyFlush(recordedOf(task), FlushReason.LocalMm);
    if (pages == 0) return;
    const end = task.args0 + alignUp(task.args1, 4096);
    if (learnFromUnmap(this.kernel, mm, task.args0, end, pages)) {
      this.inputs.add(ReplayInput.PageCache);
    }
  }

  /** As `learnMask`, for the one flush that a teardown may show. */
  learnExitMask(task: Task, mm: Mm): void {
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
}

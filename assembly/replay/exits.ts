/**
 * How the tasks of a recorded program leave their mm, by an exit or an exec.
 *
 * Models:     the last task to leave tears the mm down.
 * Simplifies: when a teardown is over is guessed.                               (DEVIATIONS R2)
 */
import { During } from "../abi/recording";
import { EventRecord } from "../abi/records";
import { Kernel } from "../kernel/kernel";
import { addressOfMm, mmAt } from "../kernel/mm/mm";
import { exitMm } from "../kernel/operations/exit";
import { Settling } from "./settling";
import { Stage } from "./stage";
import { NO_CALL, Task } from "./task";
import { Tasks } from "./tasks";
import { Windows } from "./windows";

/** Longer than any teardown in the recordings takes. */
const TEARDOWN_NS: u64 = 50_000_000;
export const ANY_CPU: u32 = 0xffffffff;

export class Exits {
  /** Tasks whose exit was seen but not finished. */
  private pending: u32 = 0;

  constructor(
    private readonly kernel: Kernel,
    private readonly stage: Stage,
    private readonly tasks: Tasks,
    private readonly settling: Settling,
    private readonly windows: Windows,
  ) {}

  /**
   * The mm of the last task is torn down after its exit was recorded.
   */
  begin(record: EventRecord, task: Task): void {
    this.settling.settle(task, record.line);
    task.call = NO_CALL;
    task.cpu = record.cpu;
    task.exitLine = record.line;
    task.exitTime = record.t;
    task.isExiting = 1;
    this.pending++;
  }

  exec(record: EventRecord, task: Task): void {
    const mm = this.kernel.makeMm(record.mm);
    // a small program's window is empty after exec; a real program's state comes with its first
    // snapshot
    mm.known = this.windows.count > 0 ? 1 : 0;
    this.leaveMm(task, record.line);
    task.mm = addressOfMm(mm);
    task.call = NO_CALL;
    this.tasks.numberMm(record.mm, mm);
    this.kernel.tlbs.load(record.cpu, mm);
  }

  /** Tears down what tasks other than `tid` have left by now. */
  finish(cpu: u32, tid: u32, time: u64): void {
    if (this.pending == 0) return;
    for (let i: u32 = 0; i < this.tasks.length; i++) {
      const task = this.tasks.at(i);
      if (task.isExiting == 0 || task.tid == tid || !this.isTornDown(task, cpu, time)) continue;
      this.pending--;
      this.leaveMm(task, task.exitLine);
      this.tasks.bury(task);
      i--;
    }
  }

  /**
   * In a small program's recording, made on one CPU, the teardown is over when another task runs.
   */
  private isTornDown(task: Task, cpu: u32, time: u64): bool {
    if (cpu == ANY_CPU) return true;
    if (this.windows.count > 0) return task.cpu == cpu;
    return time > task.exitTime + TEARDOWN_NS;
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
      this.tasks.forgetMm(mm);
      this.stage.exits(mm);
      if (mm.known != 0) this.settling.learnExitMask(task, mm);
      this.settling.predictFor(task);
      exitMm(this.kernel, mm);
      this.settling.idle();
    }
    if (task.call == NO_CALL) task.during = During.Exit;
    this.settling.compare(task, mm.users == 0 ? null : mm, mm.known != 0, line);
    task.mm = 0;
  }
}

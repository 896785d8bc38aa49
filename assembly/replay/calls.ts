/**
 * The system calls and forks of a recorded program.
 *
 * Models:     a call is carried out at its exit, when its result is known, a fork when its child
 *             shows; before that only where another thread could not have gone on otherwise.
 * Simplifies: threads of one mm do not interleave within a call.                (DEVIATIONS R3)
 */
import { During } from "../abi/recording";
import { EventRecord } from "../abi/records";
import { Access } from "../kernel/mm/access";
import { Kernel } from "../kernel/kernel";
import { Mm, addressOfMm, mmAt } from "../kernel/mm/mm";
import { exitMm } from "../kernel/operations/exit";
import { forkMm } from "../kernel/operations/fork";
import { reapMm } from "../kernel/operations/reap";
import { Call } from "./call_numbers";
import { CLONE_VM, gaveBack, isDoneAt, isForking, isInCall } from "./concurrent_calls";
import { Descriptors } from "./descriptors";
import { EarlyFaults } from "./early_faults";
import { Settling } from "./settling";
import { performCall } from "./system_calls";
import { Tally } from "./tally";
import { NO_CALL, Task } from "./task";
import { Tasks } from "./tasks";

const EAGAIN: i64 = -11;

export class Calls {
  constructor(
    private readonly kernel: Kernel,
    private readonly tasks: Tasks,
    private readonly settling: Settling,
    private readonly descriptors: Descriptors,
    private readonly early: EarlyFaults,
    private readonly unsupported: Tally,
  ) {}

  enter(record: EventRecord, task: Task): void {
    this.settling.settle(task, record.line);
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

  leave(record: EventRecord, task: Task): void {
    if (task.call == NO_CALL) return;
    const result = <i64>record.a0;
    if (task.call == Call.Mmap) this.finishOverlapping(task, record.a0);
    if (task.isCallDone == 0) this.carryOut(task, result);
    if (task.forked != 0) this.endFailedFork(task);
    this.settling.settle(task, task.callLine);
    task.call = NO_CALL;
    task.during = During.Nothing;
  }

  /** A new task shows: a thread, or the child of a fork. */
  fork(record: EventRecord, task: Task): void {
    const parent = this.tasks.mmOf(task);
    const child = this.tasks.make(<u32>record.a0, task.process);
    const isThread = (record.a1 & CLONE_VM) != 0;
    if (isThread) {
      child.mm = task.mm;
      parent.users++;
    } else {
      if (task.forked == 0) this.forkEarly(task);
      child.mm = task.forked;
      mmAt(child.mm).id = <u32>record.a2;
      task.forked = 0;
      this.tasks.numberMm(<u32>record.a2, mmAt(child.mm));
      this.settling.settle(task, task.callLine);
    }
    task.isCallDone = 1;
  }

  /** The calls of other threads that a fault at `va` comes after. */
  finishBeforeFault(task: Task, mm: Mm, va: u64, access: Access): void {
    if (mm.users < 2) return;
    for (let i: u32 = 0; i < this.tasks.length; i++) {
      const other = this.tasks.at(i);
      if (isInCall(task, other) && isDoneAt(this.kernel, mm, other, va, access))
        this.finishCall(other);
    }
  }

  /** The calls of other threads that must be over for an mmap to get the address it got. */
  private finishOverlapping(task: Task, start: u64): void {
    if (this.tasks.mmOf(task).users < 2) return;
    for (let i: u32 = 0; i < this.tasks.length; i++) {
      const other = this.tasks.at(i);
      if (isInCall(task, other) && gaveBack(other, start, task.args1)) this.finishCall(other);
    }
  }

  /** The child's task and number are known only when it shows. */
  private forkEarly(task: Task): void {
    const parent = this.tasks.mmOf(task);
    this.settling.learnMask(task, parent);
    this.settling.predictFor(task);
    task.forked = addressOfMm(forkMm(this.kernel, parent, 0));
    this.settling.idle();
    task.isCallDone = 1;
  }

  private endFailedFork(task: Task): void {
    this.settling.predictFor(task);
    exitMm(this.kernel, mmAt(task.forked));
    this.settling.idle();
    task.forked = 0;
  }

  private carryOut(task: Task, result: i64): void {
    if (task.call == Call.ProcessMrelease) {
      if (!this.reap(task, result)) this.unsupported.add(task.call);
      task.isCallDone = 1;
      return;
    }
    const mm = this.tasks.mmOf(task);
    if (mm.known == 0) {
      if (task.call == Call.Mmap && result > 0)
        this.early.addMapping(mm, <u64>result, task.args1, <u32>task.args3);
      return;
    }
    this.settling.learnMask(task, mm);
    if (task.call == Call.Munmap) this.settling.learnUnmapped(task, mm);
    this.settling.predictFor(task);
    if (!performCall(this.kernel, mm, task, this.descriptors, result))
      this.unsupported.add(task.call);
    this.settling.idle();
    task.isCallDone = 1;
  }

  /**
   * process_mrelease: the mm of a process that is being killed is reaped by the task that calls.
   * False where that mm is not known, or where a notifier has refused: which VMA is not recorded.
   */
  private reap(task: Task, result: i64): bool {
    const isRefused = result == EAGAIN;
    if (result < 0) return !isRefused;
    const tid = this.descriptors.findProcess(task.process, <u32>task.args0);
    if (tid == 0) return false;
    const mm = this.tasks.mmOfTid(tid - 1);
    if (mm == null || mm.known == 0) return false;
    this.settling.predictForMm(task, mm);
    const isDone = reapMm(this.kernel, mm);
    this.settling.idle();
    return isDone;
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
}

/** The tasks of a recorded program and the address spaces they work in, by their numbers. */
import { LongMap } from "../base/long_map";
import { WordList } from "../base/word_list";
import { During } from "../abi/recording";
import { EventRecord } from "../abi/records";
import { Kernel } from "../kernel/kernel";
import { Mm, addressOfMm, mmAt } from "../kernel/mm/mm";
import { Descriptors } from "./descriptors";
import { EventRun, freeRun } from "./event_run";
import { NO_CALL, Task, predictedOf, recordedOf } from "./task";

export class Tasks {
  private readonly byTid: LongMap;
  private readonly mms: LongMap;
  /** In the order in which they appeared. */
  private readonly order: WordList;

  constructor(
    private readonly kernel: Kernel,
    private readonly descriptors: Descriptors,
  ) {
    this.byTid = new LongMap(kernel.arena);
    this.mms = new LongMap(kernel.arena);
    this.order = new WordList(kernel.arena);
  }

  // @ts-ignore: decorator
  @inline
  get length(): u32 {
    return this.order.length;
  }

  // @ts-ignore: decorator
  @inline
  at(index: u32): Task {
    return changetype<Task>(<usize>this.order.at(index));
  }

  /** The task of a record; made when it is seen for the first time. */
  of(record: EventRecord): Task {
    const known = this.byTid.get(<u64>record.tid + 1);
    if (known != 0) {
      const task = changetype<Task>(<usize>known);
      if (task.process != record.p) {
        this.descriptors.inherit(record.p, task.process);
        task.process = record.p;
      }
      return task;
    }
    const task = this.make(record.tid, record.p);
    const mm = this.mms.get(<u64>record.mm + 1);
    if (mm != 0) {
      task.mm = mm;
      mmAt(mm).users++;
    }
    return task;
  }

  /** The mm of the task of that number, which the recording has shown; null when it has not. */
  mmOfTid(tid: u32): Mm | null {
    const known = this.byTid.get(<u64>tid + 1);
    if (known == 0) return null;
    const mm = changetype<Task>(<usize>known).mm;
    return mm == 0 ? null : mmAt(mm);
  }

  make(tid: u32, process: u32): Task {
    const arena = this.kernel.arena;
    const task = changetype<Task>(arena.take(offsetof<Task>()));
    task.tid = tid;
    task.process = process;
    task.call = NO_CALL;
    task.during = During.Nothing;
    task.recordedRun = <u32>arena.take(offsetof<EventRun>());
    task.predictedRun = <u32>arena.take(offsetof<EventRun>());
    this.byTid.set(<u64>tid + 1, <u32>changetype<usize>(task));
    this.order.push(<u32>changetype<usize>(task));
    return task;
  }

  /** Forgets a task that has left its mm. */
  bury(task: Task): void {
    this.byTid.remove(<u64>task.tid + 1);
    for (let i: u32 = 0; i < this.order.length; i++) {
      if (this.at(i) != task) continue;
      this.order.removeAt(i);
      break;
    }
    const arena = this.kernel.arena;
    freeRun(arena, recordedOf(task));
    freeRun(arena, predictedOf(task));
    arena.give(task.recordedRun, offsetof<EventRun>());
    arena.give(task.predictedRun, offsetof<EventRun>());
    arena.give(changetype<usize>(task), offsetof<Task>());
  }

  /** The mm of a task; one that the recording does not number when it has none. */
  mmOf(task: Task): Mm {
    if (task.mm == 0) {
      const mm = this.kernel.makeMm(0);
      task.mm = addressOfMm(mm);
    }
    return mmAt(task.mm);
  }

  /** From now on `mm` is the one of that number. */
  numberMm(number: u32, mm: Mm): void {
    this.mms.set(<u64>number + 1, addressOfMm(mm));
  }

  forgetMm(mm: Mm): void {
    this.mms.remove(<u64>mm.id + 1);
  }
}

/**
 * Which tasks, processes and mms a recording has told of, to refuse an event of one that cannot be.
 *
 * Models:     a task is made by another one before it does anything; it stays in its process, on
 *             that process's mm, which only an exec replaces; what it does follows on what it did
 *             (task_activity.ts).
 * Simplifies: a recording that does not begin with an exec begins amid a program: there, tasks
 *             appear that nothing has made, and calls end that began before it.
 * Source:     linux 6.18 kernel/fork.c (copy_process, copy_mm), fs/exec.c (exec_mmap, de_thread).
 */
import { EventRecords } from "../abi/event_records.js";
import { RecordKind } from "../abi/recording.generated.js";
import { callByNumber } from "./calls.js";
import type { ExecEvent, NewtaskEvent, RecordedEvent, RecordingHeader } from "./events.js";
import { UNKNOWN_KERNEL } from "./imported.js";
import { RecordingError } from "./recording_error.js";
import { mustFail, TaskActivity } from "./task_activity.js";
import { CLONE_THREAD, CLONE_VM } from "./task_numbers.js";

const HINT = "A line is missing, repeated or changed; take a fresh copy or record again";

/** A task, with its process; 0: one of its own, which its first event names. */
interface Task {
  p: number;
  readonly tid: number;
  /** The mm it was made with. */
  readonly mm: number;
  readonly activity: TaskActivity;
}

export class TaskHistory {
  readonly #tasks = new Map<number, Task>();
  /** The mm of each process. */
  readonly #mms = new Map<number, number>();
  readonly #knownMms = new Set<number>();
  #beginsWithExec = false;
  #measured: "before" | "begun" | "over" = "before";
  /** The task of the record before, which most records share, if nothing has changed since. */
  #last: Task | null = null;
  #lastMm = 0;
  #line = 0;

  readonly #cpus: number;

  constructor(
    private readonly file: string,
    { kernel, cpus }: RecordingHeader,
  ) {
    this.#cpus = kernel === UNKNOWN_KERNEL ? Infinity : cpus;
  }

  /** Takes the records of lines that the core has read. */
  takeRecords(bytes: Uint8Array): void {
    const records = new EventRecords(bytes);
    for (let i = 0; i < records.length; i++) {
      this.#line = records.line(i);
      this.#checkCpu(records.cpu(i));
      const task = this.#taskAt(records.process(i), records.tid(i), records.mm(i));
      const kind = records.kind(i) as RecordKind;
      if (kind === RecordKind.Enter) this.#enterAt(task, records, i);
      else if (kind === RecordKind.Exit) this.#exitAt(task, records, i);
    }
  }

  /** Takes an event that was read as an object. */
  take(event: RecordedEvent): void {
    this.#line = event.line;
    this.#checkCpu(event.cpu);
    if (event.tid === 0) return;
    this.#last = null;
    if (event.ev === "exec") this.#exec(event);
    const task = this.#taskAt(event.p, event.tid, event.mm);
    if (event.ev === "newtask") this.#newtask(task, event);
    if (event.ev === "begin" || event.ev === "end") this.#measure(event.ev);
    this.#refuse(task.activity.take(event, this.#beginsWithExec));
  }

  #enterAt({ activity }: Task, records: EventRecords, index: number): void {
    const call = callByNumber(records.call(index))!;
    const isBound = mustFail(call, (_, arg) => records.high(index, arg));
    this.#refuse(activity.enter(call.name, isBound, this.#line));
  }

  #exitAt({ activity }: Task, records: EventRecords, index: number): void {
    const call = callByNumber(records.call(index))!;
    // Only its sign matters, and whether it is the number of a task, which has 32 bits.
    const result = records.high(index, 0) < 0 ? -1 : records.low(index, 0);
    this.#refuse(activity.exit(call.name, result, this.#beginsWithExec));
  }

  /** The task that an event names, checked to be in its process and on its mm. */
  #taskAt(p: number, tid: number, mm: number): Task {
    const last = this.#last;
    if (last !== null && last.tid === tid && last.p === p && this.#lastMm === mm) return last;
    const task = this.#tasks.get(tid) ?? this.#appear(p, tid, mm);
    if (task.p === 0) this.#name(task, p);
    if (task.p !== p) this.#fail(`task ${tid} is in process ${task.p}, not in ${p}`);
    const current = this.#mms.get(p);
    if (current === undefined) this.#mms.set(p, mm);
    else if (current !== mm) this.#fail(`process ${p} is on mm ${current}, not on ${mm}`);
    this.#last = task;
    this.#lastMm = mm;
    return task;
  }

  /** A task that nothing has made: the first, or one that was there before the recording. */
  #appear(p: number, tid: number, mm: number): Task {
    if (this.#beginsWithExec && this.#tasks.size > 0) {
      this.#fail(`there is no task ${tid}: no newtask made it`);
    }
    this.#knownMms.add(mm);
    return this.#add({ p, tid, mm, activity: new TaskActivity() });
  }

  /** The first event of a child process names it. */
  #name(task: Task, p: number): void {
    if (this.#mms.has(p)) this.#fail(`task ${task.tid} is a new process, not in process ${p}`);
    task.p = p;
    this.#mms.set(p, task.mm);
  }

  #add(task: Task): Task {
    this.#tasks.set(task.tid, task);
    return task;
  }

  #newtask({ p, activity }: Task, { child, flags, child_mm, mm }: NewtaskEvent): void {
    const before = this.#tasks.get(child);
    if (before !== undefined && !before.activity.hasEnded) {
      this.#fail(`task ${child} is there already`);
    }
    const isShared = (flags & CLONE_VM) !== 0;
    if (isShared && child_mm !== mm) {
      this.#fail(`task ${child} shares mm ${mm} by its flags, and has mm ${child_mm}`);
    }
    if (!isShared && this.#knownMms.has(child_mm)) {
      this.#fail(`task ${child} has a copy of mm ${mm} by its flags, not mm ${child_mm}`);
    }
    this.#knownMms.add(child_mm);
    const isThread = (flags & CLONE_THREAD) !== 0;
    const made = { p: isThread ? p : 0, tid: child, mm: child_mm, activity: new TaskActivity() };
    this.#add(made);
    activity.make();
  }

  /** The process has a new mm, and its task that called execve has the leader's number. */
  #exec({ p, tid, mm }: ExecEvent): void {
    if (this.#tasks.size === 0) this.#beginsWithExec = true;
    if (this.#knownMms.has(mm))
      this.#fail(`the exec makes a new mm, but mm ${mm} is there already`);
    const task = this.#tasks.get(tid);
    if (task !== undefined && task.p !== 0 && task.p !== p) {
      this.#fail(`task ${tid} is in process ${task.p}, not in ${p}`);
    }
    this.#knownMms.add(mm);
    if (task === undefined) return;
    if (task.p === 0) this.#name(task, p);
    this.#mms.set(p, mm);
    for (const other of this.#tasks.values()) {
      if (other.p === p && other !== task) task.activity.takeOver(other.activity);
    }
  }

  #measure(ev: "begin" | "end"): void {
    const expected = ev === "begin" ? "before" : "begun";
    if (this.#measured !== expected) {
      this.#fail(`the ${ev} of the measured part comes when it is ${this.#measured}`);
    }
    this.#measured = ev === "begin" ? "begun" : "over";
  }

  #checkCpu(cpu: number): void {
    if (cpu >= this.#cpus) this.#fail(`there is no CPU ${cpu}: the header has ${this.#cpus}`);
  }

  #refuse(problem: string | null): void {
    if (problem !== null) this.#fail(problem);
  }

  #fail(problem: string): never {
    throw new RecordingError(this.file, this.#line, problem, HINT);
  }
}

/**
 * Numbers processes, tasks and mms by first appearance, as recordings do.
 *
 * Models:     which mm a task runs on: a fork makes a new one, CLONE_VM keeps it, exec makes a new
 *             one. A thread id that the kernel uses again gets new numbers.
 * Source:     linux 6.18 kernel/fork.c (copy_mm, CLONE_THREAD), fs/exec.c (exec_mmap, de_thread).
 */
export const CLONE_VM = 0x100;
export const CLONE_VFORK = 0x4000;
export const CLONE_THREAD = 0x10000;

/** The numbers of one task. */
export interface Task {
  p: number;
  tid: number;
  mm: number;
}

export class TaskNumbers {
  /**
   * By the kernel's thread id; a task stays after its exit, for what it still does and for its
   * parent.
   */
  readonly #tasks = new Map<number, Task>();
  #processes = 0;
  #threads = 0;
  #mms = 0;

  /** The task of this thread id, if it has appeared. */
  find(threadId: number): Task | undefined {
    return this.#tasks.get(threadId);
  }

  /**
   * The task of this thread id. One that appears without its parent's fork is a thread of the
   * process `processId` when that has appeared, and otherwise a process of its own.
   */
  get(threadId: number, processId: number = threadId): Task {
    const known = this.#tasks.get(threadId);
    if (known !== undefined) return known;
    const leader = this.#tasks.get(processId);
    const p = leader?.p ?? ++this.#processes;
    return this.#add(threadId, { p, tid: ++this.#threads, mm: leader?.mm ?? ++this.#mms });
  }

  /** A task made another one with these CLONE_* flags. */
  clone(parent: Task, childThreadId: number, flags: number): Task {
    return this.#add(childThreadId, {
      p: (flags & CLONE_THREAD) === 0 ? ++this.#processes : parent.p,
      tid: ++this.#threads,
      mm: (flags & CLONE_VM) === 0 ? ++this.#mms : parent.mm,
    });
  }

  /** A task executed a program; a thread that does takes over the id of its process. */
  exec(threadId: number, oldThreadId: number = threadId): Task {
    const known = this.#tasks.get(oldThreadId);
    if (known !== undefined) known.mm = ++this.#mms;
    const task = known ?? this.get(oldThreadId, threadId);
    this.#tasks.delete(oldThreadId);
    return this.#add(threadId, task);
  }

  #add(threadId: number, task: Task): Task {
    this.#tasks.set(threadId, task);
    return task;
  }
}

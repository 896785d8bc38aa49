/**
 * A small program written as the events that a recording of it would have, without what the kernel
 * announced: the mm's predictions are then all that a replay reports.
 */
import type { ReplayAction } from "../../src/abi/recording.generated.js";
import { ReplayCore } from "../../src/replay/replay_core.js";
import { EventEncoder } from "../../src/workload/encode.js";
import type { Context, RecordedEvent, RecordingHeader } from "../../src/workload/recording.js";

export const PAGE = 4096;
export const BLOCK = 2 * 2 ** 20;
export const GIB = 2 ** 30;
/** Where programs work; one page is kept mapped at the end of the first GiB, as in any real mm. */
export const BASE = 2 ** 40;

/** A page that nothing else uses, near the keeper. */
const DRAIN_PAGE = GIB / PAGE - 3;
const MADV_COLD = 20;

export const NONE = 0;
export const R = 1;
export const RW = 3;
export const RX = 5;
export const PRIVATE = 0x22;
export const SHARED = 0x21;
const FIXED = 0x10;

/**
 * What an operation was predicted to cause, in order: ranges in pages from BASE, flushes with their
 * reason.
 */
export type Predicted = string[];

const HEADER: RecordingHeader = {
  format: 1,
  name: "program",
  program: ["program"],
  kernel: "6.18",
  machine: "x86_64",
  cpus: 2,
  page: PAGE,
  pmd: BLOCK,
  thp: "madvise",
  shmem_thp: "never",
  thp_sizes: {},
  swap: false,
  ksm: "0",
  flush_ceiling: 33,
  window: [BASE, BASE + 4 * GIB],
  needs: [],
  note: "",
};

const REASONS: Record<number, string> = { 2: "local", 3: "flush", 4: "ask others" };

export interface Task {
  p: number;
  tid: number;
  mm: number;
  cpu: number;
}

/** What a program is carried out by. */
export type ProgramCore = Pick<ReplayCore, "run" | "mismatches" | "audit">;

export class Program {
  readonly #encoder = new EventEncoder();
  readonly #main: Task = { p: 1, tid: 1, mm: 1, cpu: 1 };
  #line = 1;
  readonly #children: Task[] = [];
  #tasks = 1;
  #mms = 1;

  private constructor(
    private readonly core: ProgramCore,
    header: RecordingHeader,
    keeper: boolean,
  ) {
    this.#encoder.addHeader(header);
    this.#add({ ev: "exec" });
    this.#add({ ev: "notifier", on: true, forked: false });
    if (keeper) {
      this.map(GIB / PAGE - 1, 1);
      this.write(GIB / PAGE - 1, 1);
    }
  }

  static async start(settings: Partial<RecordingHeader> = {}, keeper = true): Promise<Program> {
    return Program.on((header) => ReplayCore.create(header, true), settings, keeper);
  }

  /** The same on another core. */
  static async on(
    create: (header: RecordingHeader) => Promise<ProgramCore>,
    settings: Partial<RecordingHeader> = {},
    keeper = true,
  ): Promise<Program> {
    const header = { ...HEADER, ...settings };
    return new Program(await create(header), header, keeper);
  }

  // ---- memory; places and lengths are pages from BASE

  map(page: number, pages: number, prot = RW, flags = PRIVATE, fd = -1, offset = 0): this {
    const addr = at(page);
    const a = { addr, len: pages * PAGE, prot, flags: flags | FIXED, fd, off: offset * PAGE };
    return this.call("mmap", a, addr);
  }

  unmap(page: number, pages: number): this {
    return this.call("munmap", { addr: at(page), len: pages * PAGE });
  }

  protect(page: number, pages: number, prot: number): this {
    return this.call("mprotect", { addr: at(page), len: pages * PAGE, prot });
  }

  advise(page: number, pages: number, advice: number): this {
    return this.call("madvise", { addr: at(page), len: pages * PAGE, advice });
  }

  remap(page: number, pages: number, target: number, newPages = pages, flags = 3): this {
    const a = { addr: at(page), old_len: pages * PAGE, new_len: newPages * PAGE, flags };
    return this.call("mremap", { ...a, new_addr: at(target) }, at(target));
  }

  write(page: number, pages: number, task = this.#main): this {
    return this.#access(page, pages, 6, task);
  }

  read(page: number, pages: number, task = this.#main): this {
    return this.#access(page, pages, 4, task);
  }

  /** Accesses that need no fault. */
  touch(page: number, pages: number, op: "read" | "write" = "write"): this {
    const event = { ev: "op", op, addr: at(page), n: pages, step: PAGE, byte: 1 } as const;
    return this.#add(event).#add({ ev: "done" });
  }

  file(fd: number, kind: string, pages: number, filled = pages): this {
    return this.#add({ ev: "file", fd, kind, len: pages * PAGE, filled: filled * PAGE });
  }

  // ---- tasks

  fork(): Task {
    const child = { p: ++this.#tasks, tid: this.#tasks, mm: ++this.#mms, cpu: 1 };
    this.#add({ ev: "enter", call: "fork", a: {} });
    this.#add({ ev: "newtask", child: child.tid, flags: 0, child_mm: child.mm });
    this.#add({ ev: "exit", call: "fork", ret: child.tid });
    this.#children.push(child);
    return child;
  }

  /** A thread that runs on another CPU. */
  thread(cpu: number): Task {
    const thread = { ...this.#main, tid: ++this.#tasks, cpu };
    this.#add({ ev: "newtask", child: thread.tid, flags: 0x100, child_mm: thread.mm });
    this.#add({ ev: "begin" }, thread);
    return thread;
  }

  exit(task: Task): this {
    this.#children.splice(this.#children.indexOf(task), 1);
    return this.#add({ ev: "taskexit" }, task).#add({ ev: "begin" });
  }

  call(call: string, a: Record<string, number>, ret = 0, task = this.#main): this {
    return this.#add({ ev: "enter", call, a }, task).#add({ ev: "exit", call, ret }, task);
  }

  /** What a kernel thread did, as the recording of it tells. */
  kernelThread(kthread: string, event: WithoutContext): this {
    const line = ++this.#line;
    const nobody = { p: 0, tid: 0, mm: 0, cpu: 1 };
    this.#encoder.add({ ...event, ...nobody, line, t: line, kthread });
    return this;
  }

  /** An ioctl, or a write to a file of procfs. */
  act(action: ReplayAction, ...args: number[]): this {
    return this.announce(action, ...args).#add({ ev: "done" });
  }

  /** What the next call works on. */
  announce(action: ReplayAction, ...args: number[]): this {
    const line = ++this.#line;
    const event = { ev: "text", text: "", ...this.#main, line, t: line, kthread: null } as const;
    this.#encoder.addAction(event, [action, ...args]);
    return this;
  }

  /** The first task of the program ends, and another program runs. */
  end(): this {
    const next = { p: 99, tid: 99, mm: 99, cpu: this.#main.cpu };
    return this.#add({ ev: "taskexit" }).#add({ ev: "begin" }, next);
  }

  /** Pages that wait to be put on the LRU are put there: only their entries hold them then. */
  drain(): this {
    const page = DRAIN_PAGE;
    return this.map(page, 1).advise(page, 1, MADV_COLD).unmap(page, 1);
  }

  // ---- results

  /** Carries out the program so far, and gives what `act` then causes. */
  predict(act: (program: this) => unknown): Predicted {
    this.carryOut();
    const before = this.core.mismatches().length;
    act(this);
    for (const task of [...this.#children, this.#main]) this.#add({ ev: "begin" }, task);
    this.carryOut();
    return this.core
      .mismatches()
      .slice(before)
      .map(({ kind, predicted }) => (kind === 0 ? range(predicted!) : flush(predicted!)));
  }

  /** The number of a broken invariant, or 0. */
  audit(): number {
    this.carryOut();
    return this.core.audit();
  }

  /** Carries out what was written so far. */
  carryOut(): void {
    if (this.#encoder.records > 0) this.core.run(this.#encoder.take());
  }

  #access(page: number, pages: number, err: number, task: Task): this {
    for (let i = 0; i < pages; i++) this.#add({ ev: "fault", addr: at(page + i), err, k: 0 }, task);
    return this;
  }

  #add(event: WithoutContext, task = this.#main): this {
    const line = ++this.#line;
    this.#encoder.add({ ...event, ...task, line, t: line, kthread: null });
    return this;
  }
}

type WithoutContext = RecordedEvent extends infer E
  ? E extends RecordedEvent
    ? Omit<E, keyof Context>
    : never
  : never;

export function at(page: number): number {
  return BASE + page * PAGE;
}

function range([start, end]: readonly [bigint, bigint]): string {
  const page = (address: bigint) => (address - BigInt(BASE)) / BigInt(PAGE);
  return end > 2n ** 63n ? "everything" : `[${page(start)}, ${page(end)})`;
}

function flush([reason, pages]: readonly [bigint, bigint]): string {
  return `${REASONS[Number(reason)] ?? "?"} ${BigInt.asIntN(64, pages)}`;
}

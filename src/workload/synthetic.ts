/**
 * A synthetic workload as the events that a recording of it would have: one program that does each
 * operation to a vma of its own, again and again.
 *
 * Models:     calls, faults of the program, and what kernel threads did and to which page. Flushes
 *             and notifier calls are left to the mm.
 * Simplifies: one task on one CPU; a repetition begins at its time, or when the one before it is
 *             over; what undoes it begins half a period later.
 */
import type { ResolvedWorkloadOperation } from "../scenario/resolved.js";
import type { WorkloadOperationKind } from "../scenario/vocabulary.js";
import type { Context, RecordedEvent, RecordingHeader } from "./events.js";

const PAGE = 4096;
const BLOCK_PAGES = 512;
/** Where the first vma lies; the others follow, each at a boundary of its own. */
const FIRST_VMA = 0x1000_0000_0000;
const VMA_STRIDE = 2 ** 37;

const PROT_READ = 1;
const PROT_READ_WRITE = 3;
/** MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS */
const MAP_FLAGS = 0x32;
const MADV_DONTNEED = 4;
const MADV_MERGEABLE = 12;
const MADV_COLLAPSE = 25;
/** The write of a page that is not present, and of one that is. */
const FAULT_WRITE = 6;
const FAULT_WRITE_PRESENT = 7;

/** What every event of the program has in common. */
const TASK = { line: 0, p: 1, tid: 1, mm: 1, cpu: 0, kthread: null };
const KERNEL = { line: 0, p: 0, tid: 0, mm: 0, cpu: 0 };

/** A system on which nothing but the workload happens. */
export const SYNTHETIC_HEADER: RecordingHeader = {
  format: 1,
  name: "synthetic",
  program: "a synthetic workload",
  kernel: "6.19",
  machine: "x86_64",
  cpus: 1,
  page: PAGE,
  pmd: PAGE * BLOCK_PAGES,
  thp: "madvise",
  shmem_thp: "never",
  thp_sizes: {},
  swap: false,
  ksm: "0",
  flush_ceiling: 33,
  // Everything the program does is in it, so nothing is left to be told by its flushes.
  window: [FIRST_VMA, 2 ** 47],
  needs: [],
  note: "",
};

/**
 * Gives the events of a workload to `emit`, in order; lines are counted as a recording's are.
 * Yields after each step of an operation how many events there have been.
 */
export function* emitSyntheticEvents(
  operations: readonly ResolvedWorkloadOperation[],
  emit: (event: RecordedEvent) => void,
): Generator<number, void> {
  const writer = new EventWriter(emit);
  writer.boot();
  const vmas = operations.map(({ pages }, at) => new Vma(FIRST_VMA + at * VMA_STRIDE, pages));
  for (const vma of vmas) writer.mapAndTouch(vma);
  for (const { at, t, half } of turns(operations)) {
    writer.time = t;
    HALVES[operations[at]!.kind][half]?.(writer, vmas[at]!);
    yield writer.events;
  }
  writer.exit();
}

interface Turn {
  readonly at: number;
  readonly t: number;
  readonly half: number;
}

/**
 * Which half of which operation is due when; of two due at once the one listed first comes first.
 */
function* turns(operations: readonly ResolvedWorkloadOperation[]): Generator<Turn, void> {
  const done = operations.map(() => 0);
  for (;;) {
    let next: Turn | null = null;
    for (const [at, { periodNs, repeat }] of operations.entries()) {
      if (done[at] === 2 * repeat) continue;
      const half = done[at]! % 2;
      const t = Math.floor(done[at]! / 2) * periodNs + half * Math.floor(periodNs / 2);
      if (next === null || t < next.t) next = { at, t, half };
    }
    if (next === null) return;
    done[next.at]!++;
    yield next;
  }
}

type Half = (writer: EventWriter, vma: Vma) => void;

/** What is done to a vma, and half a period later what undoes it, where that is another step. */
const HALVES: Record<WorkloadOperationKind, readonly Half[]> = {
  // Every page has been written when it was mapped: no fault, but the CPU translates again.
  touch: [
    (writer, vma) => {
      writer.write(vma);
    },
  ],
  munmap: [
    (writer, vma) => {
      writer.call("munmap", { addr: vma.start, len: vma.bytes }, 0);
      writer.mapAndTouch(vma);
    },
  ],
  dontneed: [
    (writer, vma) => {
      writer.advise(vma, MADV_DONTNEED);
      writer.touch(vma, FAULT_WRITE);
    },
  ],
  mprotect: [
    (writer, vma) => {
      writer.protect(vma.start, vma.bytes, PROT_READ);
    },
    (writer, vma) => {
      writer.protect(vma.start, vma.bytes, PROT_READ_WRITE);
    },
  ],
  fork: [
    (writer, vma) => {
      vma.child = writer.fork();
    },
    (writer, vma) => {
      writer.touch(vma, FAULT_WRITE_PRESENT);
      writer.exitOf(vma.child);
    },
  ],
  migrate: [
    (writer, vma) => {
      for (const addr of vma.pages()) writer.migrate(addr);
    },
  ],
  ksm: [
    (writer, vma) => {
      writer.advise(vma, MADV_MERGEABLE);
      for (const addr of vma.pages()) writer.merge(addr, addr === vma.start);
    },
    (writer, vma) => {
      writer.touch(vma, FAULT_WRITE_PRESENT);
    },
  ],
  collapse: [
    (writer, vma) => {
      writer.advise(vma, MADV_COLLAPSE);
    },
    (writer, vma) => {
      for (const block of vma.blocks()) {
        writer.protect(block, PAGE, PROT_READ);
        writer.protect(block, PAGE, PROT_READ_WRITE);
      }
    },
  ],
};

class Vma {
  /** The number of the child that was forked last. */
  child = 0;

  constructor(
    readonly start: number,
    private readonly count: number,
  ) {}

  get bytes(): number {
    return this.count * PAGE;
  }

  pages(): number[] {
    return Array.from({ length: this.count }, (_, page) => this.start + page * PAGE);
  }

  /** The 2 MiB blocks that it covers whole. */
  blocks(): number[] {
    const count = Math.floor(this.count / BLOCK_PAGES);
    return Array.from({ length: count }, (_, block) => this.start + block * BLOCK_PAGES * PAGE);
  }
}

type WithoutContext<E> = E extends Context ? Omit<E, keyof Context> : never;

class EventWriter {
  /** When what is written next is due. */
  time = 0;
  private children = 0;
  events = 0;

  constructor(private readonly emit: (event: RecordedEvent) => void) {}

  boot(): void {
    this.task({ ev: "exec" });
    this.task({ ev: "snap", vmas: [], pages: [] });
    this.task({ ev: "notifier", on: true, forked: false });
  }

  exit(): void {
    this.task({ ev: "enter", call: "exit_group", a: { status: 0 } });
    this.task({ ev: "taskexit" });
  }

  call(call: string, a: Record<string, number>, ret: number): void {
    this.task({ ev: "enter", call, a });
    this.task({ ev: "exit", call, ret });
  }

  mapAndTouch(vma: Vma): void {
    const rest = { prot: PROT_READ_WRITE, flags: MAP_FLAGS, fd: -1, off: 0 };
    this.call("mmap", { addr: vma.start, len: vma.bytes, ...rest }, vma.start);
    this.touch(vma, FAULT_WRITE);
  }

  touch(vma: Vma, err: number): void {
    for (const addr of vma.pages()) this.task({ ev: "fault", addr, err, k: 0 });
  }

  write(vma: Vma): void {
    const n = vma.bytes / PAGE;
    this.task({ ev: "op", op: "write", addr: vma.start, n, step: PAGE, byte: 0 });
    this.task({ ev: "done" });
  }

  advise(vma: Vma, advice: number): void {
    this.call("madvise", { addr: vma.start, len: vma.bytes, advice }, 0);
  }

  protect(addr: number, len: number, prot: number): void {
    this.call("mprotect", { addr, len, prot }, 0);
  }

  /** The number of the child, which is that of its task, process and mm. */
  fork(): number {
    const child = 2 + this.children++;
    this.task({ ev: "enter", call: "fork", a: {} });
    this.task({ ev: "newtask", child, flags: 0, child_mm: child });
    this.task({ ev: "exit", call: "fork", ret: child });
    return child;
  }

  exitOf(child: number): void {
    const place = { p: child, tid: child, mm: child };
    this.add({ ev: "enter", call: "exit_group", a: { status: 0 } }, { ...TASK, ...place });
    this.add({ ev: "taskexit" }, { ...TASK, ...place });
  }

  migrate(addr: number): void {
    const by = { ...KERNEL, kthread: "kcompactd0" };
    this.add({ ev: "mig_set", addr, order: 0 }, by);
    this.add({ ev: "mig_clear", addr, order: 0 }, by);
  }

  /**
   * ksmd calls once to write-protect a page, and once more to replace it by the one merged first.
   */
  merge(addr: number, isFirst: boolean): void {
    const by = { ...KERNEL, kthread: "ksmd" };
    const calls = isFirst ? 1 : 2;
    for (let call = 0; call < calls; call++) {
      this.add({ ev: "inval", start: addr, end: addr + PAGE }, by);
    }
    this.add({ ev: "ksm", what: "ksm_merge_with_ksm_page", err: 0 }, by);
  }

  private task(event: WithoutContext<RecordedEvent>): void {
    this.add(event, TASK);
  }

  private add(event: WithoutContext<RecordedEvent>, by: Omit<Context, "t">): void {
    this.events++;
    // The header is line 1.
    this.emit({ ...event, ...by, line: this.events + 1, t: this.time });
  }
}

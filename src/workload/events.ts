/**
 * The events of a recording: what a kernel reported while a program ran, one interface an event.
 *
 * Models:     recording format 1. Field names are those of the file.
 * Simplifies: addresses are numbers (see `Address`).
 * Source:     the tracepoints named at each event (linux 6.18 include/trace/events/).
 */

/**
 * A byte address, or the half-open end of a range.
 *
 * Every user address of x86-64 with four page-table levels is below 2^47, so a number holds it
 * exactly. Above 2^53 a number is exact for multiples of 2048 only: such an address (a
 * non-canonical one that a program passed by mistake) is rounded down to one, which keeps its page
 * right. 2^64-1 stands for "to the very end" and for an argument of -1; it is `ADDRESS_MAX`.
 */
export type Address = number;

/** What 2^64-1 in a recording becomes: as an exclusive end, the end of everything. */
export const ADDRESS_MAX: Address = 2 ** 64;

/** Where and when an event happened. */
export interface Context {
  /** Line of the recording, counted from 1; the header is line 1. */
  line: number;
  /** Nanoseconds since the first exec of the program. */
  t: number;
  /** The process that runs, from 1; 0 in a kernel thread. Not always the one that is changed. */
  p: number;
  /** The task (thread) that runs, from 1; 0 in a kernel thread. */
  tid: number;
  /** The mm of that process, from 1; 0 in a kernel thread. */
  mm: number;
  cpu: number;
  /** Name of the kernel thread in whose context the event came; null in a task of the program. */
  kthread: string | null;
}

/** The program, or a further one, replaced its image; `mm` is the new one. */
export interface ExecEvent extends Context {
  ev: "exec";
}

/** From here on this mm has a notifier (`on`), or none could be had. */
export interface NotifierEvent extends Context {
  ev: "notifier";
  on: boolean;
  /** A forked child registered a notifier of its own. */
  forked: boolean;
}

/** The program reached its exit handlers. */
export interface FiniEvent extends Context {
  ev: "fini";
  notifier_still_on: boolean;
}

/** A thread or process was made (task:task_newtask). */
export interface NewtaskEvent extends Context {
  ev: "newtask";
  /** Task number of the child. */
  child: number;
  /** CLONE_* flags. */
  flags: number;
  child_mm: number;
}

/** A task ended, and its mm when it was the last one that used it (sched:sched_process_exit). */
export interface TaskexitEvent extends Context {
  ev: "taskexit";
}

/** A system call begins (syscalls:sys_enter_*). */
export interface EnterEvent extends Context {
  ev: "enter";
  call: string;
  /** Arguments by name; names that calls.ts knows have a fixed place in the encoding. */
  a: Record<string, number>;
}

/** A system call returns (syscalls:sys_exit_*). */
export interface ExitEvent extends Context {
  ev: "exit";
  call: string;
  /** Its result; negative is an errno. */
  ret: number;
}

/** A page fault (exceptions:page_fault_user, exceptions:page_fault_kernel). */
export interface FaultEvent extends Context {
  ev: "fault";
  addr: Address;
  /** x86 error code: bit 0 present, 1 write, 2 user, 4 instruction fetch. */
  err: number;
  /** 1: taken by the kernel on a user address. */
  k: number;
}

/** `invalidate_range_start` on an mm that has a notifier. */
export interface InvalEvent extends Context {
  ev: "inval";
  start: Address;
  end: Address;
}

/** `clear_young` or `clear_flush_young` of the notifier. */
export interface AgeEvent extends Context {
  ev: "age";
  start: Address;
  end: Address;
}

/** `test_young` of the notifier. */
export interface TestAgeEvent extends Context {
  ev: "test_age";
  addr: Address;
}

/** Why a CPU TLB was flushed (enum tlb_flush_reason). */
export type TlbFlushReason =
  "task_switch" | "remote" | "local" | "local_mm" | "send_ipi" | "remote_wrong_cpu";

/** One CPU TLB flush (tlb:tlb_flush). */
export interface TlbEvent extends Context {
  ev: "tlb";
  reason: TlbFlushReason;
  /** Strides for `local_mm` and `remote`, 4 KiB pages for `send_ipi`; -1 is everything. */
  pages: number;
}

/** A migration entry was put in place of a page (migrate:set_migration_pte). */
export interface MigSetEvent extends Context {
  ev: "mig_set";
  addr: Address;
  /** log2 of the folio's pages. */
  order: number;
}

/** A migration entry was removed again (migrate:remove_migration_pte). */
export interface MigClearEvent extends Context {
  ev: "mig_clear";
  addr: Address;
  order: number;
}

/** A batch of page migration ended (migrate:mm_migrate_pages). */
export interface MigrateEvent extends Context {
  ev: "migrate";
  /** Pages moved, and pages that could not be; of any program. */
  ok: number;
  failed: number;
  /** MIGRATE_ASYNC, MIGRATE_SYNC_LIGHT or MIGRATE_SYNC. */
  mode: string;
  reason: string;
}

/** Result of a huge-page scan or collapse (huge_memory:*). */
export interface ThpEvent extends Context {
  ev: "thp";
  what: string;
  status: string;
}

/** A KSM merge (ksm:*). */
export interface KsmEvent extends Context {
  ev: "ksm";
  what: string;
  /** 0, or a negative errno. */
  err: number;
}

/** The measured part of a small program begins; what came before is preparation. */
export interface BeginEvent extends Context {
  ev: "begin";
}

/** The measured part ends. */
export interface EndEvent extends Context {
  ev: "end";
}

/** The program now accesses one byte at addr, addr + step, ... n times, or calls code at addr. */
export interface OpEvent extends Context {
  ev: "op";
  op: "read" | "write" | "exec";
  addr: Address;
  n: number;
  /** Bytes from one access to the next; may be negative. */
  step: number;
  /** The byte written; null for the other two. */
  byte: number | null;
}

/** End of an `op`, or of what a `text` announced. */
export interface DoneEvent extends Context {
  ev: "done";
}

/** A signal was delivered for an access; it ends the `op`. */
export interface SignalEvent extends Context {
  ev: "signal";
  addr: Address;
  /** Without its prefix: SEGV or BUS. */
  sig: string;
}

/** A file descriptor now is a file whose first `filled` bytes were written. */
export interface FileEvent extends Context {
  ev: "file";
  fd: number;
  /** ext4, tmpfs, memfd or hugetlb. */
  kind: string;
  /** Bytes. */
  len: number;
  filled: number;
}

/** What the program does next where no call says it. */
export interface TextEvent extends Context {
  ev: "text";
  text: string;
}

/** This range is recorded too. */
export interface WindowEvent extends Context {
  ev: "window";
  start: Address;
  end: Address;
}

/** One vma of a snapshot. */
export interface SnapVma {
  start: Address;
  end: Address;
  /** Four letters as in /proc/PID/maps, such as `rw-p`. */
  perm: string;
  /** Equal numbers are the same file; null for anonymous memory. */
  file: number | null;
  /** Byte offset in the file. */
  off: number;
  /** `[heap]`, `[stack]`, ...; null where there is none. */
  name: string | null;
}

/** A run of pages alike; what no run lists has no page-table entry. */
export interface SnapPages {
  start: Address;
  /** Number of 4 KiB pages. */
  count: number;
  /** Letters of `PAGE_FLAGS`. */
  flags: string;
  /**
   * Number of the first frame, counting upward over the run; null where frames are not recorded.
   */
  frame: number | null;
}

/** The letters a page run may carry, in the order of their bits in the encoding. */
export const PAGE_FLAGS = "PSfxwghzkctsa";

/** The vmas and pages of an mm at one instant. */
export interface SnapEvent extends Context {
  ev: "snap";
  vmas: SnapVma[];
  pages: SnapPages[];
}

/** Every event between the header and the trailer of a recording. */
export type RecordedEvent =
  | ExecEvent
  | NotifierEvent
  | FiniEvent
  | NewtaskEvent
  | TaskexitEvent
  | EnterEvent
  | ExitEvent
  | FaultEvent
  | InvalEvent
  | AgeEvent
  | TestAgeEvent
  | TlbEvent
  | MigSetEvent
  | MigClearEvent
  | MigrateEvent
  | ThpEvent
  | KsmEvent
  | BeginEvent
  | EndEvent
  | OpEvent
  | DoneEvent
  | SignalEvent
  | FileEvent
  | TextEvent
  | WindowEvent
  | SnapEvent;

/** The settings in force while a recording was made: its first line. */
export interface RecordingHeader {
  format: 1;
  name: string;
  /** The small program with its arguments, or a description of a real one. */
  program: string | string[];
  /** Kernel release, such as `6.18`. */
  kernel: string;
  machine: string;
  cpus: number;
  /** Bytes mapped by a pte. */
  page: number;
  /** Bytes mapped by a pmd. */
  pmd: number;
  /** always, madvise or never. */
  thp: string;
  shmem_thp: string;
  /** Setting of each folio size, by name such as `64kB`. */
  thp_sizes: Record<string, string>;
  swap: boolean;
  ksm: string;
  /** Largest number of strides that is flushed one by one (tlb_single_page_flush_ceiling). */
  flush_ceiling: number;
  /** The range a small program works in; null when the whole address space is recorded. */
  window: [Address, Address] | null;
  /** What was switched on for this recording. */
  needs: string[];
  note: string;
}

/** The last line of a recording. */
export interface RecordingTrailer {
  /** How many events of each kind there are. */
  events: Record<string, number>;
  /** Records that the recorder lost. */
  lost: number;
  /** Events left out on purpose, by kind. */
  dropped: Record<string, number>;
  /** Exit status of a real program; null where it was not kept. */
  exit_status: number | null;
}

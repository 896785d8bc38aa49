/**
 * The binary form of events that the core reads: fixed records of 80 bytes, little-endian.
 *
 * ```
 *  offset  0        2        4                 8                 12                16
 *          +--------+--------+-----------------+-----------------+-----------------+
 *       0  |  kind  |  call  |      line       |       tid       |        p        |
 *          +--------+--------+-----+-----+-----+-----------------+-----------------+
 *      16  |       mm        | cpu |pres.|kthr.|                 t                 |
 *          +-----------------+-----+-----+-----+-----------------------------------+
 *      32  |                a0                 |                a1                 |
 *          +-----------------------------------+-----------------------------------+
 *      48  |                a2                 |                a3                 |
 *          +-----------------------------------+-----------------------------------+
 *      64  |                a4                 |                a5                 |
 *          +-----------------------------------+-----------------------------------+
 *
 *  kind   u16  RecordKind
 *  call   u16  x86-64 number of the call for Enter and Exit, 0xffff for a call without a number here
 *              (calls.ts); 0 for every other kind
 *  line   u32  line of the recording, from 1; 2^32-1 for any line beyond
 *  tid    u32  task that runs, from 1; 0 in a kernel thread
 *  p      u32  its process
 *  mm     u32  its mm
 *  cpu    u16
 *  pres.  u8   bit i: argument i was recorded; an argument that was not is 0
 *  kthr.  u8   Kthread in whose context the event came; 0 in a task of the program
 *  t      u64  nanoseconds since the first exec
 *  a0-a5  u64  arguments, see RecordKind; negative values in two's complement, 2^64-1 as it is
 * ```
 *
 * One event is one record, except a snapshot: SnapBegin, its vmas, its page runs, SnapEnd, all with the
 * same line. Enter and Exit of a call are joined by tid; calls of one task do not nest, but a call may
 * lack its Exit (exit_group, a task that was killed, the end of the recording).
 *
 * Words (file kinds, migration reasons, ...) are numbers of vocabulary.ts: from 1 in the order of the
 * list there, 0 for any other word.
 */
export const RECORD_BYTES = 80;

export const OFFSET_KIND = 0;
export const OFFSET_CALL = 2;
export const OFFSET_LINE = 4;
export const OFFSET_TID = 8;
export const OFFSET_P = 12;
export const OFFSET_MM = 16;
export const OFFSET_CPU = 20;
export const OFFSET_PRESENT = 22;
export const OFFSET_KTHREAD = 23;
export const OFFSET_T = 24;
export const OFFSET_ARGS = 32;
export const ARGS_MAX = 6;

/** What a record is, and its arguments a0, a1, ... in order. */
export enum RecordKind {
  /** none; `mm` is the new one */
  Exec = 1,
  /** on (0, 1), forked (0, 1) */
  Notifier = 2,
  /** notifier still on (0, 1) */
  Fini = 3,
  /** child task, CLONE_* flags, child mm */
  Newtask = 4,
  /** none */
  Taskexit = 5,
  /** the arguments of `call` in register order */
  Enter = 6,
  /** result */
  Exit = 7,
  /** address, x86 error code, taken by the kernel (0, 1) */
  Fault = 8,
  /** start, end */
  Inval = 9,
  /** start, end */
  Age = 10,
  /** address */
  TestAge = 11,
  /** TlbReason, pages (-1: everything) */
  Tlb = 12,
  /** address, order */
  MigSet = 13,
  /** address, order */
  MigClear = 14,
  /** pages moved, pages failed, word of MIGRATE_MODES, word of MIGRATE_REASONS */
  Migrate = 15,
  /** word of THP_STEPS, succeeded (0, 1) */
  Thp = 16,
  /** word of KSM_STEPS, errno (0 or negative) */
  Ksm = 17,
  /** none */
  Begin = 18,
  /** none */
  End = 19,
  /** AccessKind, address, number of accesses, step in bytes, byte written (if a write) */
  Op = 20,
  /** none */
  Done = 21,
  /** address, signal number (0: another) */
  Signal = 22,
  /** fd, word of FILE_KINDS, length, bytes filled */
  File = 23,
  /** index in the encoder's `texts` */
  Text = 24,
  /** start, end; also written first for the window that the header names */
  Window = 25,
  /** number of vmas, number of page runs */
  SnapBegin = 26,
  /** start, end, VmaBits, file number (if a file), offset in the file, word of VMA_NAMES */
  SnapVma = 27,
  /** start, number of pages, PageBits, first frame (if recorded) */
  SnapPages = 28,
  /** none */
  SnapEnd = 29,
  /** what a text means: the number of an action of the replay, and its arguments */
  Action = 40,
}

/** enum tlb_flush_reason of the kernel. */
export enum TlbReason {
  TaskSwitch = 0,
  Remote = 1,
  Local = 2,
  LocalMm = 3,
  SendIpi = 4,
  RemoteWrongCpu = 5,
}

export enum AccessKind {
  Read = 1,
  Write = 2,
  Exec = 3,
}

export enum Kthread {
  None = 0,
  Ksmd = 1,
  Khugepaged = 2,
  Kcompactd = 3,
  Kswapd = 4,
  Kworker = 5,
  Kdamond = 6,
  Other = 255,
}

/** The kernel's VM_READ, VM_WRITE, VM_EXEC, VM_SHARED. */
export enum VmaBits {
  Read = 1,
  Write = 2,
  Exec = 4,
  Shared = 8,
}

/** Bit i is letter i of PAGE_FLAGS. */
export enum PageBits {
  /** P: present */
  Present = 0x1,
  /** S: swap entry, migration entry or marker */
  Swap = 0x2,
  /** f: file page or shared anonymous page */
  File = 0x4,
  /** x: mapped by this mm only */
  Exclusive = 0x8,
  /** w: write-protected by userfaultfd */
  UffdWp = 0x10,
  /** g: guard region */
  Guard = 0x20,
  /** h: mapped by one pmd entry */
  Huge = 0x40,
  /** z: the zero page */
  Zero = 0x80,
  /** k: a KSM page */
  Ksm = 0x100,
  /** c: part of a large folio */
  Compound = 0x200,
  /** t: hugetlb */
  Hugetlb = 0x400,
  /** s: in the swap cache */
  SwapCache = 0x800,
  /** a: anonymous */
  Anon = 0x1000,
}

/**
 * The numbers of recordings and their replay that core and host agree on. This file imports
 * nothing; the build copies it into src/abi/recording.generated.ts.
 */

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
  /** FlushReason, pages (-1: everything) */
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
  /** what a text means: ReplayAction, and its arguments */
  Action = 40,
}

/** Why a CPU flushes: the kernel's enum tlb_flush_reason. */
export enum FlushReason {
  TaskSwitch = 0,
  Remote = 1,
  Local = 2,
  LocalMm = 3,
  SendIpi = 4,
  RemoteWrongCpu = 5,
  /** arm64: a TLBI instruction, which reaches every CPU; no tracepoint tells of it. */
  Broadcast = 6,
}

/**
 * Which numbers of pages a flush can have: any, only everything (-1) or nothing (0), or only
 * nothing.
 */
export enum FlushRule {
  Any = 0,
  AllOrNone = 1,
  None = 2,
}

/** What holds of an argument of a system call, as bits. */
export enum ArgumentRule {
  /** A recording writes it in hexadecimal. */
  Address = 1,
  /** A recording of the call has it. */
  Required = 2,
}

/** What the result of a system call is, if it is no error. */
export enum CallRule {
  ReturnsNumber = 0,
  ReturnsAddress = 1,
}

/** What a probe hears of the mm. */
export enum ProbeKind {
  /** detail: a member of NotifierEvent; start, end */
  RangeStart = 0,
  RangeEnd = 1,
  /** detail: a FlushReason; start: the number of pages or strides, 2^64 - 1 for everything */
  CpuFlush = 2,
  /** start, end */
  SecondaryFlush = 3,
  TlbBarrier = 4,
  /** start, end */
  InvalidatePage = 5,
  /** start, end */
  ChangePte = 6,
  Release = 7,
  /** start: the order of the folio */
  FreedPage = 8,
  FreedTable = 9,
  /** detail: a member of NotifierEvent; start, end */
  RangeStartNonblock = 10,
  /** start, end */
  ClearFlushYoung = 11,
  /** start, end */
  ClearYoung = 12,
  /** start, end */
  TestYoung = 13,
  /** detail: a member of NotifierEvent, plus 256 times the owner; start, end */
  RangeStartOwned = 14,
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

/** What a text of a recording stands for. */
export enum ReplayAction {
  /** Something whose events come from its faults alone. */
  None = 1,
  ClearSoftDirty = 2,
  /** start, end: written through /proc/self/mem. */
  WriteForced = 3,
  /** fd, first page, end page. */
  WriteDirect = 4,
  UffdRegister = 5,
  UffdUnregister = 6,
  UffdProtect = 7,
  UffdCopy = 8,
  UffdZero = 9,
  UffdMove = 10,
  ScanWritten = 11,
  /** start, count, length, step: the ranges of the process_madvise that follows. */
  AdviseRanges = 12,
  ReclaimPages = 13,
  /** start, end: reclaim asks whether their folios are in use. */
  CheckReferenced = 14,
  /** start, end: their folios are marked idle. */
  TrackIdle = 15,
  /** address: DAMON makes it old. */
  PrepareSample = 16,
  /** address: DAMON asks whether it was accessed since. */
  CheckSample = 17,
  /** address for which a notifier holds a lock, or 0: the mm is reaped. */
  ReapMm = 18,
  /** start, end: NUMA balancing scans it. */
  HintNuma = 19,
  /** start, end: reclaim has unmapped its folios, and what it batched is not flushed yet. */
  UnmapForReclaim = 20,
  /** The flush of that. */
  FlushReclaimed = 21,
  /** start, end, owner: a driver migrates the range to its device. */
  MigrateToDevice = 22,
  /** address, owner: a driver takes the page for its device alone. */
  TakeForDevice = 23,
  /** address: a uprobe is set, and cleared. */
  SetBreakpoint = 24,
  ClearBreakpoint = 25,
  /** fd, first page, end page: a driver that tracks writes protects what maps it. */
  TrackWrites = 26,
  /** ... or cleans it. */
  TrackDirty = 27,
  /** start, end: reclaim asks as CheckReferenced does, with generations. */
  LookAround = 28,
  /** start, end: a new generation begins. */
  AgeGeneration = 29,
  /** fd, first page, end page: a driver takes back what maps it. */
  UnmapMapping = 30,
  /** fd, pages: memory of a device, which its driver maps as frames. */
  OpenDevice = 31,
}

/** What of the recorded system decides how its mm behaves. */
export enum ReplaySetting {
  PmdThp = 0,
  ShmemThp = 1,
  HasSwap = 2,
  AnonOrdersAlways = 3,
  AnonOrdersMadvise = 4,
  /** Bytes of the next System V segment. */
  SegmentSize = 5,
  /** CPUs of the recorded machine. */
  Cpus = 6,
}

/** What a replay counts. */
export enum ReplayCounter {
  NotifierExpected = 0,
  NotifierMatched = 1,
  NotifierMissing = 2,
  NotifierExtra = 3,
  FlushExpected = 4,
  FlushMatched = 5,
  FlushMissing = 6,
  FlushExtra = 7,
  Mismatches = 8,
  MaskInputs = 9,
  Events = 10,
  SnapshotsCompared = 11,
  SnapshotsEqual = 12,
  FaultsExpected = 13,
  FaultsUnneeded = 14,
  FaultsMissing = 15,
  UnsupportedKinds = 16,
  KthreadKinds = 17,
  FramesInUse = 18,
  TablesInUse = 19,
  FirstBadFaultLine = 20,
  SnapshotDifference = 21,
  SnapshotExpected = 22,
  SnapshotFound = 23,
  SnapshotAtLow = 24,
  SnapshotAtHigh = 25,
  ModelStartLow = 26,
  ModelStartHigh = 27,
  ModelEndLow = 28,
  ModelEndHigh = 29,
}

/** What a task is doing when it is in no call. */
export enum During {
  Fault = 0x10000,
  Access = 0x10001,
  Exit = 0x10002,
  Kthread = 0x10003,
  Text = 0x10004,
  Nothing = 0x10005,
}

/** Differences that are kept for the report; all are counted. */
export const MISMATCHES_MAX = 4096;

/** What else than a kernel thread the recording decides; below these numbers stand the Kthreads. */
export enum ReplayInput {
  MigrationByTask = 256,
  BatchOfOthers = 257,
  BeforeSnapshot = 258,
  Interleaved = 259,
  PageCache = 260,
  /** How far an exiting process's teardown has come. */
  Teardown = 261,
  /** Accesses that did not fault. */
  UnseenAccess = 262,
  /** Two processes that copy one page at the same time. */
  RacingCopy = 263,
  /** Another CPU's pending lists, which tasks that are not recorded worked off. */
  PendingElsewhere = 264,
  /** Page tables that a fault of another thread makes during a call. */
  RacingTable = 265,
}

/** Where the system allows huge pages. */
export enum ThpPolicy {
  Never = 0,
  Madvise = 1,
  Always = 2,
  /** Within the size of a file. */
  Within = 3,
}

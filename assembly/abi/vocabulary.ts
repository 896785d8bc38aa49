/**
 * The numbers that core and host agree on. This file imports nothing; the build copies it into
 * src/abi/vocabulary.generated.ts, so that each number is written once.
 */

/** The operations of the mm that the explorer runs, in the order of their definitions. */
export enum Operation {
  Munmap,
  MunmapLate,
  Dontneed,
  Mprotect,
  Cow,
  Migrate,
  Ksm,
  Collapse,
  /** Not one of the matrix of definitions: a mapping moves, another takes its place. */
  Mremap,
}

/** What can go wrong, as judged by the oracle. */
export enum Property {
  StaleRead,
  StaleWrite,
  ReadonlyWrite,
  LostWrite,
  SplitBrain,
  StaleWalk,
  DeviceFailure,
  Served,
}

/** Where a driver protocol may act. */
export enum Hook {
  /** invalidate_range_start */
  RangeStart,
  /** Before an entry changes; no kernel has this hook, wrong orders are written with it. */
  BeforeChange,
  /** invalidate_range, since 6.6 arch_invalidate_secondary_tlbs. */
  SecondaryFlush,
  /** invalidate_range_end */
  RangeEnd,
  /** The driver's page-request handler. */
  Fault,
}

/** Which secondary flush of which operation is meant: a protocol may act at some of them only. */
export enum FlushSite {
  Munmap = 1,
  Dontneed = 2,
  Mprotect = 4,
  Fork = 8,
  CowBreak = 16,
  Migrate = 32,
  Ksm = 64,
  Collapse = 128,
}

/** Every atomic step that an actor can be asked to take. */
export enum StepKind {
  // Steps of the mm.
  Done,
  MmapLockWrite,
  MmapUnlockWrite,
  MmapLockRead,
  MmapUnlockRead,
  RmapLock,
  RmapUnlock,
  PtlLock,
  PtlUnlock,
  DetachVma,
  MakeVmaReadOnly,
  RangeStart,
  RangeEnd,
  ClearPte,
  NextPage,
  SetPteReadOnly,
  WriteProtectForChild,
  SetPteCopy,
  SetMigrationEntry,
  RemoveMigrationEntry,
  SetPteMerged,
  ClearPteIfSame,
  ClearUpper,
  ClearDetachedPte,
  SetHuge,
  CpuFlush,
  FreePages,
  FreeTable,
  CopyPage,
  CopyUnlessPinned,
  DropRmap,
  PromiseReadOnly,
  Compare,
  // Steps of a driver protocol: invalidation.
  Invalidate,
  InvalidateLeaf,
  InvalidateIotlb,
  InvalidateAtc,
  InvalidateReadsOnly,
  QueueInvalidate,
  QueueInvalidateAtc,
  QueueForTimer,
  // Steps of a driver protocol: empty table and mirror.
  CountUp,
  CountDown,
  FlagSet,
  FlagClear,
  InstallEmptyTable,
  RestoreTable,
  DriverLock,
  DriverUnlock,
  ZapMirror,
  SequenceUp,
  SequenceOdd,
  SequenceEven,
  SampleNotifiers,
  // Steps of a page-request handler.
  SampleSequence,
  SampleEvenSequence,
  HandleFault,
  CheckCountAndSequence,
  CheckSequence,
  InstallMirror,
  Respond,
  Grace,
  RespondSuccess,
  Hang,
  // Steps of the mm whose numbers stand behind those that tokens are made with.
  MovePte,
  AttachVma,
  InstallPage,
}

/** How a step goes together with the ones behind it. */
export enum Joint {
  /** It is an atomic action of its own, or the end of one. */
  None,
  /** One atomic action with the next step, unless that one is passed over. */
  Next,
  /** A mark of the mm: one atomic action with the next step that is not passed over. */
  NextTaken,
}

/** When a step of a program is taken at all; a step whose condition fails is passed over. */
export enum StepCondition {
  Always,
  /** The fault found a page. */
  Served,
  /** This task's CountUp was the first one open; a FlagSet takes itself for the first. */
  First,
  /** This task's CountDown closed the last one; a FlagClear takes itself for the last. */
  Last,
  /** This task's SampleNotifiers found a notifier. */
  Sampled,
  NotFirst,
  NotLast,
}

/** Facts about a protocol that are not steps. */
export enum ProtocolTrait {
  /** The device reads a mirror that the driver fills, not the mm's page table. */
  Mirror = 1,
  /** An IOTLB stands between the device's ATC and the walker. */
  TwoLevel = 2,
  /** What the handler installs is pinned; the driver drops pins by an actor of its own. */
  Pins = 4,
  /** fork, and the child's reuse of the frame, take no notice of pins. */
  PinsIgnoredByFork = 8,
  /** The flush queue's timer frees page-table pages. */
  TimerFreesTables = 16,
  /** The flush queue's timer frees data frames too. */
  TimerFreesPages = 32,
  /** Data frames are freed one step later than they would be. */
  GraceBeforeFree = 64,
  /** A second thread of the mm invalidates an overlapping range that it does not change. */
  OverlappingThread = 128,
  /** The notifier registers at any time, without a lock. */
  LateRegistration = 256,
  /** The notifier registers while mmap_lock, rmap lock and page-table lock are free. */
  LockedRegistration = 512,
}

/** Who takes a step. */
export enum ActorKind {
  MmThread,
  SecondMmThread,
  Device,
  Handler,
  Environment,
  Iommu,
  Timer,
  Unpinner,
  Registrar,
}

/** What a device may do on its own. The number of a page is added by its owner. */
export enum DeviceMove {
  Land,
  Retry,
  IssueRead,
  IssueWrite,
  Evict,
  WalkRead,
  WalkWrite,
  FillAtc,
}

/** Who owns a frame. */
export enum FrameOwner {
  Free,
  /** This mm only. */
  Mm,
  /** This mm, read-only, and another mm. */
  Shared,
  /** Another mm only. */
  Elsewhere,
  /** Put by the mm, still pinned. */
  Held,
  /** Somebody else, after it was free or after the other mm let it go. */
  Reused,
}

/** How a world is explored. */
export enum ExploreMode {
  /** Every state and every order, and nothing kept beside them. */
  Plain = 0,
  /** Keep the transitions that `served` is judged on; goes with no reduction. */
  KeepGraph = 1,
  /** One state stands for all that differ in names only. */
  Symmetry = 2,
  /** One order stands for all orders of independent moves. */
  PartialOrder = 4,
}

/** In which order the states of a world are gone through. */
export enum ExploreMethod {
  /** All of them, nearest first. */
  BreadthFirst,
  /** Depth-first, with a few bits a state. */
  Bitstate,
  /** Depth-first, deeper step by step, with a table of fixed size. */
  IterativeDeepening,
  /** Along walks that a seed decides. */
  RandomWalk,
}

/** Why exploration has ended. */
export enum ExploreEnd {
  /** It goes on. */
  Running,
  /** Every state is known. */
  Exhausted,
  /** Too many states, bytes, or steps: there are more than are known. */
  States,
  Memory,
  Depth,
  /** A count has grown beyond what is kept; the states behind are not known. */
  CutOff,
  /** Every state was met, unless two of them have the same hash. */
  Hashed,
  /** As many walks as were asked for have been taken. */
  Walks,
}

/** What the oracle remembers of a frame. */
export enum FrameMark {
  /** The mm has promised somebody that this frame does not change any more. */
  Promised = 1,
  /** The frame's content was copied elsewhere: later writes to it are lost. */
  Copied = 2,
  /** The address shows another frame by now. */
  Replaced = 4,
}

/** A page table entry or a cached translation, as it is shown to people; 0 is none. */
export enum ShownEntry {
  /** The number of the data frame, from 1. */
  Frame = 15,
  Writable = 16,
  Migration = 32,
  /** It points to the page-table page. */
  Table = 64,
}

/** What became of a device's page request. */
export enum RequestState {
  Idle,
  Outstanding,
  Retrying,
}

/** What a timed run counts. Each is exact. */
export enum Counter {
  // The mm.
  Operations,
  PageFaults,
  RangeStarts,
  RangeEnds,
  /** Pages covered by the ranges announced; a range of everything counts as one. */
  RangePages,
  CpuFlushesLocal,
  CpuFlushesSent,
  CpuFlushesFull,
  SecondaryFlushes,
  // The CPUs.
  /** Accesses of the program whose translation the CPU's TLB had, in either level. */
  CpuTlbHits,
  CpuTlbSecondLevelHits,
  CpuTlbMisses,
  CpuWalkReads,
  /** Of both levels, by flushes of any kind. */
  CpuTlbEntriesDropped,
  /** One for each CPU that is asked to flush. */
  IpisSent,
  /** Carried out by other CPUs than the one whose mm operation it is. */
  CpuFlushesRemote,
  /** Of CPUs that missed flushes while they ran something else. */
  CpuFlushesOnSwitch,
  /** Waits until every CPU that was asked has answered. */
  AcknowledgementWaits,
  /** Accesses of threads to pages that they would have to fault for, which are left. */
  ThreadAccessesLeft,
  CpuAccessesInWindow,
  CpuAccessesToUnmapped,
  /** Accesses of CPUs that broke a rule. */
  CpuViolations,
  // The notifier chain.
  NotifierCalls,
  /** Walks of the list that found nobody who implements the callback. */
  NotifierWalksForNothing,
  // The IOMMU.
  Invalidations,
  InvalidationCommands,
  CompletionWaits,
  /** Waits for completion that a CPU gave up: it went on as if all was invalidated. */
  CompletionWaitsGivenUp,
  /** Invalidations that waited for room in the command queue. */
  CommandQueueWaits,
  PagesInvalidatedWanted,
  PagesInvalidatedCovered,
  TranslationsDropped,
  TranslationsDroppedInAtc,
  WholePasidInvalidations,
  TranslationRequests,
  IotlbHits,
  IotlbMisses,
  WalkReads,
  WalksDiscarded,
  PageRequestsLogged,
  PageRequestLogHighWater,
  PageRequestLogOverflows,
  PageRequestsDropped,
  Interrupts,
  // The page-request handler.
  WorkerWakeUps,
  FaultsHandled,
  HandlerRestarts,
  MmapLockWaits,
  ResponsesSuccess,
  ResponsesInvalid,
  /** Responses to a request that the device had given up waiting for. */
  ResponsesLate,
  // The device.
  Accesses,
  Writes,
  AtcHits,
  AtcMisses,
  AnswersDiscarded,
  PageRequests,
  /** Page requests sent while a range pair was open. */
  PageRequestsInOpenPair,
  /** Of these, for a page outside of every open range. */
  PageRequestsOutsideRange,
  /** Lanes that waited because the device had as many translation requests as it may have. */
  TranslationWaits,
  TranslationHighWater,
  CreditWaits,
  CreditHighWater,
  /** Page requests without response in time. */
  RequestTimeouts,
  Refusals,
  RefusalsHighWater,
  Retries,
  DeviceFailures,
  /** Devices that an INVALID response has stopped. */
  DevicesStopped,
  AccessesAbandoned,
  // What is kept from the mm.
  PinnedHighWater,
  HeldHighWater,
  /** Accesses through a translation that the operation under way has yet to flush: allowed. */
  AccessesInWindow,
  /** Accesses that reached a frame which nobody maps and nobody has reused. */
  AccessesToUnmapped,
  EventsProcessed,
  FaultsInjected,
  COUNT,
}

/** What a timed run measures, in simulated nanoseconds. */
export enum Timing {
  /** From the first page request of an access to its translation. */
  FaultLatency,
  /** From the submission of an invalidation to its completion. */
  InvalidationWait,
  /** Of an operation of the mm, from its first step to its return. */
  OperationTime,
  /** What of it was spent in notifier callbacks. */
  NotifierTime,
  /** The same, of copies that page-request handlers have the mm make: no part of an operation. */
  HandlerNotifierTime,
  /** A range pair that an operation of the mm opens, from its start to its end. */
  OpenPair,
  /** A lane without translation. */
  LaneStall,
  /** Of these, the stalls in which a page outside of every open range was requested. */
  LaneStallOutside,
  /** Waits for mmap_lock in page-request handlers. */
  MmapLockWait,
  /** From the first IPI of a flush to the last acknowledgement. */
  Shootdown,
  COUNT,
}

/** What a trace tells of; the unit and the index say of whom, `detail` the rest. */
export enum TraceWhat {
  // The mm. Detail: the number of the call, or a member of TracedWork.
  OperationBegin,
  OperationEnd,
  RangeStart,
  RangeEnd,
  /** The entries of a range are cleared. */
  Cleared,
  /** The entries of a range lose rights. */
  Protected,
  /** The entry of a page points to a copy of it. */
  Replaced,
  /** A fault of the program has left a page there. Detail: its frame. */
  Touched,
  CpuFlush,
  /** Another CPU is asked to flush; the unit is its number, as in the next two. */
  IpiSent,
  /** The TLB of a CPU loses a range. */
  CpuFlushed,
  /** A CPU that was asked has answered. */
  Acknowledged,
  SecondaryFlush,
  /** The driver takes a step in a callback. Detail: its StepKind. */
  DriverStep,
  /** A CPU does not wait any longer for an invalidation. */
  WaitGivenUp,
  // The IOMMU.
  /** The IOTLB has answered. Detail: the frame. */
  Hit,
  /** A walk is over. Detail: the frame, or all ones. */
  Walked,
  WalkDiscarded,
  /** The IOTLB and the walk caches lose a range. */
  IotlbInvalidated,
  InvalidationComplete,
  RequestLogged,
  RequestDropped,
  Interrupt,
  // A page-request handler.
  /** Something goes wrong that the scenario asks for. Detail: an InjectedFault. */
  Injected,
  /** Detail: a StepKind. */
  HandlerStep,
  // A device; the index is the lane.
  /** It asks for a translation. */
  Asked,
  /** Detail: the frame, or all ones. */
  Answered,
  AnswerDiscarded,
  /** Detail: the frame. */
  ReadIssued,
  WriteIssued,
  ReadLanded,
  WriteLanded,
  PageRequested,
  /** Detail: 1 for success. */
  Responded,
  Refused,
  TimedOut,
  Failed,
  Stopped,
  AtcInvalidated,
  /** A rule is broken. Detail: the Property. */
  Violation,
}

/** What the mm works for, where it is no call. */
export enum TracedWork {
  Fault = 0xffff,
  Kthread = 0xfffe,
}

/** What can be made to go wrong. */
export enum InjectedFault {
  LostInvalidation,
  LostCompletion,
  LateCompletion,
  Overflow,
  LostResponse,
}

/** What the mm was doing when an entry of its table went, or lost its right to write. */
export enum Taker {
  /** Nothing that is known: the page never was this mm's, or was reused more than once since. */
  Unknown,
  Munmap,
  /** MADV_DONTNEED and its like. */
  Dontneed,
  Mprotect,
  /** fork, and the copy that a write makes after it. */
  Cow,
  Migrate,
  Ksm,
  Collapse,
  Mremap,
  /** A hole in a file, or a file that became shorter. */
  Truncate,
  Reclaim,
  /** userfaultfd, soft-dirty clearing and what else is not explored. */
  Other,
  COUNT,
}

/** How far one invalidation reaches beyond the range that was asked for. */
export enum InvalidationScope {
  /** The smallest aligned power of two that covers the range (AMD, VT-d, SMMUv3 ATC of 6.19). */
  PowerOfTwo,
  /** One page, or else the whole PASID (AMD of 3.19). */
  PageOrPasid,
  /** Always the whole PASID (AMD of 3.17). */
  Pasid,
}

/** How the notifier chain of the mm looks to the hot paths. */
export enum NotifierMode {
  /** A notifier that implements what the protocol needs. */
  Implementing,
  /** No notifier is registered. */
  None,
  /** One is registered and implements nothing: the list is walked for nothing. */
  NotImplementing,
  /** The same, and nobody asks: the flush looks at one flag. */
  ShortCircuit,
  /** Callbacks of the host, whoever is registered at the moment. */
  Host,
}

/** Which pages the lanes of a device touch. */
export enum DevicePattern {
  /** The pages touched last, the newest most often. */
  Live,
  /** Evenly among the pages touched last. */
  Window,
  /** Populated pages in the order of their addresses. */
  Sequential,
  /** Evenly among all pages of the VMAs. */
  Uniform,
}

/** What a device does when a page request is answered INVALID. */
export enum InvalidPolicy {
  /** The lane leaves the access and goes on with the next. */
  FailOperation,
  /** The lane asks again, which counts as a refusal. */
  Retry,
  /** The device stops and reports an error. */
  Stop,
}

/** A version of the kernel, as far as its notifiers differ. */
export enum Era {
  Linux3_17,
  Linux3_19,
  Linux4_15,
  Linux6_4,
  Linux6_19,
}

/** Why a timed run cannot go on. */
export enum RunFailure {
  None = 0,
  /** The program and the driver wait for each other. */
  Deadlock = 1,
  /** Everything that is mapped and cached does not fit into memory. */
  OutOfFrames = 2,
  /** ... or would need more page tables than there are. */
  OutOfTables = 3,
}

/** Flushes of CPU TLBs that a kernel with a defect does not carry out, as bits. */
export enum LostFlush {
  /** Of the CPU that works on the mm. */
  Own = 1,
  /** Of every other CPU: it answers without. */
  Remote = 2,
}

/** An architecture, as far as its flushes differ. */
export enum Arch {
  X86,
  Arm64,
}

/** What of a device takes time in a timed run. */
export enum DeviceLatency {
  /** One way over the PCIe link. */
  Link,
  /** From a translated access to memory having it. */
  Dma,
  /** From an ATC's invalidation request to its completion, without draining. */
  Invalidation,
  /** A lane's pause between two accesses. */
  Think,
  COUNT,
}

export enum DeviceState {
  Running,
  /** One request was refused too often. */
  Failed,
  /** An INVALID response has stopped it. */
  Stopped,
}

/** What else takes time in a timed run. */
export enum Latency {
  IotlbHit,
  /** One memory read of an IOMMU walk. */
  WalkStep,
  /** One command of the IOMMU. */
  Command,
  /** From a logged page request to the driver's thread reading the log. */
  Interrupt,
  WorkerWake,
  /** A page fault that needs no I/O. */
  Fault,
  /** Taking or releasing a lock that nobody holds. */
  Lock,
  /** One notifier call with its list walk. */
  NotifierCall,
  /** What a callback costs the CPU besides its waits. */
  Callback,
  FlushPage,
  FlushAll,
  /** An IPI to one other CPU and its acknowledgement, less the flush between them. */
  Ipi,
  /** What each further CPU that is asked adds to that. */
  IpiPerCore,
  /** A hit in the second level of a CPU's TLB. */
  CpuTlbHit,
  /** One memory read of a CPU's walk. */
  CpuWalkStep,
  /** A pause of a thread between two accesses. */
  ThreadThink,
  /** Clearing or changing one entry. */
  ClearEntry,
  /** An operation of the mm besides all that. */
  Operation,
  COUNT,
}

// A protocol is encoded as its traits and one block for each Hook: the number of steps in its first
// byte, then from byte 4 on four bytes a step: kind, condition, joined, sites.
export const PROTOCOL_HEAD_BYTES = 8;
export const HOOK_BYTES = 128;
/** With so many steps at every hook, the step program of each operation has fewer than 255. */
export const HOOK_STEPS_MAX = 20;
export const HOOKS = 5;

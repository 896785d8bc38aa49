/**
 * Layouts that the host reads in place. The build writes their offsets to
 * src/abi/layout.generated.ts; classes here have fields and no methods.
 */

/** What is explored, and how. */
@unmanaged
export class ExploreSpec {
  /** Of random walks. */
  seed: u64;
  /** A member of Operation. */
  operation: u32;
  devices: u32;
  pages: u32;
  /** 0: devices never give up. */
  retryLimit: u32;
  /** Bits of ExploreMode. */
  mode: u32;
  /** A member of ExploreMethod. */
  method: u32;
  /** A depth-first search has a table of so many bytes: 2 to this power. */
  tableShift: u32;
  /** How many walks are taken at random. */
  walks: u32;
}

/** One step of a path: 8 bytes. */
@unmanaged
export class PathStep {
  move: u32;
  choices: u32;
}

/** Who moved, and how many steps of its program it took; their kinds follow as bytes. */
@unmanaged
export class MoveRecord {
  actor: u32;
  index: u32;
  kind: u32;
  page: u32;
  steps: u32;
  hasBranched: u32;
}

/**
 * A state for people to read; a DeviceRecord for each device follows. Entries and cached
 * translations are bits of ShownEntry, frames are their numbers in the instance: 0 is F0.
 */
@unmanaged
export class StateRecord {
  upper: u32;
  pte0: u32;
  pte1: u32;
  vmaExists: u32;
  vmaIsWritable: u32;
  /** How many data frames there are. */
  frames: u32;
  owner0: u32;
  owner1: u32;
  owner2: u32;
  tableOwner: u32;
  marks0: u32;
  marks1: u32;
  marks2: u32;
  isEmptied: u32;
  count: u32;
  sequence: u32;
  isRegistered: u32;
  queued: u32;
  isTimerPending: u32;
  mmapReaders: u32;
  mmapWriter: u32;
  pageTableLock: u32;
  rmapLock: u32;
  driverLock: u32;
}

/** What stands between one device and memory. */
@unmanaged
export class DeviceRecord {
  atc0: u32;
  atc1: u32;
  iotlb0: u32;
  iotlb1: u32;
  mirror0: u32;
  mirror1: u32;
  isTableCached: u32;
  requestState: u32;
  requestPage: u32;
  requestIsWrite: u32;
  refusals: u32;
  inFlight: u32;
  inFlightFrame: u32;
  isFailed: u32;
  handlerIsServed: u32;
  handlerFrame: u32;
}

/**
 * What a timed run is told of everything but its devices: times in nanoseconds, sizes in entries.
 */
@unmanaged
export class RunSpec {
  seed: u64;
  /** A member of Era. */
  era: u32;
  /** A member of Arch. */
  arch: u32;
  workers: u32;
  /** Commands that the IOMMU's queue holds. */
  commandEntries: u32;
  logEntries: u32;
  iotlbEntries: u32;
  iotlbWays: u32;
  walkPmdEntries: u32;
  walkPudEntries: u32;
  walkPgdEntries: u32;
  /** How often a CPU looks whether its commands have completed, and when it stops to wait. */
  pollNs: u32;
  giveUpNs: u64;
  /** Recorded time is divided by this. */
  timeDivisor: u32;
  /** A member of NotifierMode. */
  notifierMode: u32;
  /** As many DeviceSpecs follow in their block. */
  devices: u32;
  /** The PASID of the mm that devices share. */
  pasid: u32;
  /** The recorded number of the mm that devices share; 0: the first that has a notifier. */
  sharedMm: u32;
  mirrorEntries: u32;
  /** Frames of memory for pages; page tables have a zone of their own. */
  frames: u32;
  cores: u32;
  // The TLBs of each core, and its paging-structure caches.
  firstTlbEntries: u32;
  firstTlbWays: u32;
  secondTlbEntries: u32;
  secondTlbWays: u32;
  cpuWalkPmdEntries: u32;
  cpuWalkPudEntries: u32;
  cpuWalkPgdEntries: u32;
  /** Of the time of an IPI and its acknowledgement, what passes before the other core has it. */
  ipiDeliveryPermille: u32;
  /** Threads of the program that touch its pages, each on a core of its own. */
  threads: u32;
  threadPages: u32;
  threadWritePermille: u32;
  /** More pages than this are flushed as everything on x86. */
  flushCeiling: u32;
  /** Of mmu_gather: places in a batch of a page, and such batches. */
  gatherPlaces: u32;
  gatherBatches: u32;
  /** Bits of LostFlush. */
  lostFlushes: u32;
  // What goes wrong, in thousandths: an ATC is not told, a completion is not seen or is late, the
  // log of page requests is full, a response does not arrive.
  lostInvalidations: u32;
  lostCompletions: u32;
  lateCompletions: u32;
  lateNs: u32;
  overflows: u32;
  lostResponses: u32;
  /** Bit n: the host chooses the accesses of device n. */
  hostAccess: u64;
  /** Bit n: the host is told of failures and violations of device n. */
  hostWatched: u64;
}

/** What a timed run is told of one device. */
@unmanaged
export class DeviceSpec {
  lanes: u32;
  atcEntries: u32;
  atcWays: u32;
  /** Translation requests in flight at most. */
  outstandingRequests: u32;
  /** Page requests in flight at most. */
  credits: u32;
  /** A page request without response is repeated after this; 0: never. */
  requestTimeoutNs: u32;
  /** Refusals of one request after which the device fails; 0: it never does. */
  retryLimit: u32;
  /** A member of InvalidPolicy. */
  onInvalid: u32;
  backoffNs: u32;
  /** A member of DevicePattern. */
  pattern: u32;
  /** How many of the pages that the program touched last it knows. */
  livePages: u32;
  /** Pages from one access of a sequence to the next. */
  stride: u32;
  writePermille: u32;
}

/** What became of one device. */
@unmanaged
export class DeviceReport {
  /** A member of DeviceState. */
  state: u32;
  /** When it failed or stopped. */
  endedAt: u64;
  accesses: u64;
  atcHits: u64;
  atcMisses: u64;
  translationRequests: u64;
  pageRequests: u64;
  responses: u64;
  responsesInvalid: u64;
  refusals: u64;
  timeouts: u64;
}

/** One latency of a timed run, as a distribution. */
@unmanaged
export class TimingRecord {
  count: u64;
  sum: u64;
  p50: u64;
  p90: u64;
  p99: u64;
  p999: u64;
  largest: u64;
}

/** One event of a recording; what its arguments are is said at RecordKind. */
@unmanaged
export class EventRecord {
  kind: u16;
  call: u16;
  line: u32;
  tid: u32;
  p: u32;
  mm: u32;
  cpu: u16;
  present: u8;
  kthread: u8;
  t: u64;
  a0: u64;
  a1: u64;
  a2: u64;
  a3: u64;
  a4: u64;
  a5: u64;
}

/** How far the lines of a text are read, and what was read last. */
@unmanaged
export class LineReaderState {
  /** The time of the last event. */
  time: u64;
  /** Bytes of the text, and where in it reading goes on. */
  length: u32;
  position: u32;
  /** The number of the last line that was read, from 1. */
  line: u32;
  /** Records that were written, and of which events they are. */
  records: u32;
  faults: u32;
  flushes: u32;
  ranges: u32;
  enters: u32;
  exits: u32;
}

/** One thing that a probe heard; what its fields are is said at ProbeKind. */
@unmanaged
export class ProbeRecord {
  kind: u32;
  detail: u32;
  mm: u32;
  reserved: u32;
  start: u64;
  end: u64;
}

/** One difference between prediction and recording. */
@unmanaged
export class MismatchRecord {
  line: u32;
  kind: u32;
  hasExpected: u32;
  hasPredicted: u32;
  expectedA: u64;
  expectedB: u64;
  predictedA: u64;
  predictedB: u64;
  during: u32;
}

/** One entry of a trace. */
@unmanaged
export class TraceRecord {
  time: u64;
  /** The first page it is about. */
  page: u64;
  /** How many pages; 0: it is about none in particular. */
  pages: u32;
  detail: u32;
  /** A member of TraceWhat. */
  what: u16;
  /** Which device, or which worker. */
  unit: u16;
  /** Which lane of a device. */
  index: u32;
}

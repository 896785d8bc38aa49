/**
 * A scenario in which nothing is left to be guessed: what describes a run, and what the host
 * encodes for the core. Times are in nanoseconds, ranges and sizes in pages or frames of 4 KiB.
 */
import type { Protocol } from "../protocols/schema.js";
import type { Latency } from "./schema.js";
import type {
  Arch,
  DeviceKind,
  Era,
  IommuPreset,
  NotifierMode,
  OnInvalid,
  OperationId,
  WorkloadOperationKind,
} from "./vocabulary.js";

export type RetryLimit = number | "unlimited";

export interface CacheGeometry {
  entries: number;
  ways: number;
}

/** Entries of the paging-structure caches, by the table level they cache. */
export interface WalkCacheGeometry {
  pgd: number;
  pud: number;
  pmd: number;
}

export interface ResolvedExplore {
  operation: OperationId;
  devices: number;
  pages: number;
  retryLimit: RetryLimit;
}

export interface ResolvedMachine {
  cores: number;
  frames: number;
  tlb: { l1: CacheGeometry; l2: CacheGeometry };
  walkCache: WalkCacheGeometry;
  /** A share of the time of an IPI and its acknowledgement. */
  ipiDelivery: number;
  flushCeilingPages: number;
  gatherBatchFrames: number;
  gatherBatches: number;
  latency: {
    tlbHit: Latency;
    walkStep: Latency;
    minorFault: Latency;
    ipi: Latency;
    ipiPerCore: Latency;
    flushPage: Latency;
    flushAll: Latency;
    clearEntry: Latency;
    copyPage: Latency;
    lock: Latency;
    operation: Latency;
    notifierCallback: Latency;
    notifierCall: Latency;
  };
}

export interface ResolvedIommu {
  preset: IommuPreset;
  pasidBits: number;
  iotlb: CacheGeometry;
  walkCache: WalkCacheGeometry;
  commandQueueEntries: number;
  pageRequestLogEntries: number;
  workers: number;
  waitPollNs: number;
  waitGiveUpNs: number;
  latency: {
    iotlbHit: Latency;
    walkStep: Latency;
    command: Latency;
    interruptDelivery: Latency;
    interruptEntry: Latency;
    threadWake: Latency;
    workerWake: Latency;
  };
}

export type ResolvedAccess = { writeShare: number; think: Latency } & (
  | { kind: "live"; pages: number }
  | { kind: "window"; pages: number }
  | { kind: "sequential"; stride: number }
  | { kind: "uniform" }
);

export interface ResolvedDevice {
  name: string;
  kind: DeviceKind;
  pasid: number;
  lanes: number;
  atc: CacheGeometry;
  outstandingRequests: number;
  priCapacity: number;
  priAllocation: number;
  priTimeoutNs: number;
  retryLimit: RetryLimit;
  onInvalid: OnInvalid;
  backoffNs: number;
  access: ResolvedAccess;
  latency: { link: Latency; dma: Latency; invalidation: Latency };
}

export interface ResolvedWorkloadOperation {
  kind: WorkloadOperationKind;
  pages: number;
  periodNs: number;
  repeat: number;
}

export type ResolvedWorkload =
  | { kind: "recording"; recording: string; speed: number }
  | { kind: "synthetic"; operations: ResolvedWorkloadOperation[] };

/** Threads of the program beside those of its workload. */
export interface ResolvedThreads {
  count: number;
  pages: number;
  writeShare: number;
  think: Latency;
}

/** What goes wrong although nobody's code is wrong; shares of all that could. */
export interface ResolvedFaults {
  lostInvalidations: number;
  lostCompletions: number;
  lateCompletions: number;
  lateByNs: number;
  overflows: number;
  lostResponses: number;
}

/** When a run ends; the end of the workload ends it in any case. */
export type ResolvedUntil =
  { kind: "workload" } | { kind: "time"; ns: number } | { kind: "events"; events: number };

export interface ResolvedScenario {
  name: string;
  description: string;
  seed: bigint;
  era: Era;
  arch: Arch;
  protocol: Protocol;
  notifier: NotifierMode;
  explore: ResolvedExplore;
  machine: ResolvedMachine;
  iommu: ResolvedIommu;
  devices: ResolvedDevice[];
  workload: ResolvedWorkload;
  threads: ResolvedThreads;
  faults: ResolvedFaults;
  until: ResolvedUntil;
}

/**
 * What each exact count and each modelled time of a run means, in the order in which they are read.
 */
import type { CountName, TimingName } from "./result.js";

export interface CountText {
  readonly group: CountGroup;
  /** What is counted, as a plural or a phrase. */
  readonly text: string;
}

/** Whose work is counted; the first part of a name in stats.txt. */
export const COUNT_GROUPS = {
  mm: "the mm",
  cpu: "the CPUs",
  notifier: "the notifier chain",
  iommu: "the IOMMU",
  handler: "the page-request handler",
  device: "the devices",
  memory: "memory",
  run: "the run",
} as const;

export type CountGroup = keyof typeof COUNT_GROUPS;

const mm = (text: string) => ({ group: "mm", text }) as const;
const cpu = (text: string) => ({ group: "cpu", text }) as const;
const notifier = (text: string) => ({ group: "notifier", text }) as const;
const iommu = (text: string) => ({ group: "iommu", text }) as const;
const handler = (text: string) => ({ group: "handler", text }) as const;
const device = (text: string) => ({ group: "device", text }) as const;
const memory = (text: string) => ({ group: "memory", text }) as const;

export const COUNT_TEXTS: Readonly<Record<CountName, CountText>> = {
  operations: mm("operations of the mm"),
  pageFaults: mm("page faults of the program"),
  rangeStarts: mm("calls of invalidate_range_start"),
  rangeEnds: mm("calls of invalidate_range_end"),
  rangePages: mm("pages covered by range_start"),
  cpuFlushesLocal: mm("flushes of the own CPU TLB"),
  cpuFlushesSent: mm("flushes sent to other CPUs"),
  cpuFlushesFull: mm("flushes of whole CPU TLBs"),
  secondaryFlushes: mm("secondary flushes"),
  cpuTlbHits: cpu("program's accesses that a TLB translates"),
  cpuTlbSecondLevelHits: cpu("of these, in the second level"),
  cpuTlbMisses: cpu("program's accesses that miss the TLB"),
  cpuWalkReads: cpu("memory reads of walks that found a page"),
  cpuTlbEntriesDropped: cpu("TLB entries dropped by flushes"),
  ipisSent: cpu("IPIs: one for each CPU asked to flush"),
  cpuFlushesRemote: cpu("flushes that other CPUs asked for"),
  cpuFlushesOnSwitch: cpu("flushes of CPUs that had missed some"),
  acknowledgementWaits: cpu("waits for acknowledgements of IPIs"),
  threadAccessesLeft: cpu("threads' accesses to pages not there"),
  cpuAccessesInWindow: cpu("accesses in the window before a flush"),
  cpuAccessesToUnmapped: cpu("accesses to frames that nobody maps"),
  cpuViolations: cpu("accesses and walks that broke a rule"),
  notifierCalls: notifier("callbacks run"),
  notifierWalksForNothing: notifier("list walks that found nobody"),
  invalidations: iommu("invalidations"),
  faultsInjected: iommu("faults injected"),
  invalidationCommands: iommu("invalidation commands"),
  completionWaits: iommu("waits for completion"),
  completionWaitsGivenUp: iommu("waits given up: the CPU went on"),
  commandQueueWaits: iommu("waits for room in the command queue"),
  pagesInvalidatedWanted: iommu("pages asked to be invalidated"),
  pagesInvalidatedCovered: iommu("pages covered by the commands"),
  wholePasidInvalidations: iommu("invalidations of a whole PASID"),
  translationsDropped: iommu("translations dropped from the IOTLB"),
  translationsDroppedInAtc: iommu("translations dropped from ATCs"),
  translationRequests: iommu("translation requests"),
  iotlbHits: iommu("hits in the IOTLB"),
  iotlbMisses: iommu("misses in the IOTLB"),
  walkReads: iommu("memory reads of page walks"),
  walksDiscarded: iommu("walks that an invalidation overtook"),
  pageRequestsLogged: iommu("page requests logged"),
  pageRequestLogHighWater: iommu("most entries in the page-request log"),
  pageRequestLogOverflows: iommu("overflows of the page-request log"),
  pageRequestsDropped: iommu("page requests dropped"),
  interrupts: iommu("interrupts"),
  workerWakeUps: handler("wake-ups of workers"),
  faultsHandled: handler("faults handled"),
  handlerRestarts: handler("handlers started over"),
  mmapLockWaits: handler("waits for mmap_lock"),
  responsesSuccess: handler("responses: success"),
  responsesInvalid: handler("responses: invalid"),
  responsesLate: handler("responses that came too late"),
  accesses: device("accesses"),
  writes: device("of these, writes"),
  atcHits: device("hits in the ATC"),
  atcMisses: device("misses in the ATC"),
  answersDiscarded: device("answers that an invalidation overtook"),
  pageRequests: device("page requests"),
  pageRequestsInOpenPair: device("of these, while a pair was open"),
  pageRequestsOutsideRange: device("of these, outside of its range"),
  translationWaits: device("waits to send a translation request"),
  translationHighWater: device("most translation requests in flight"),
  creditWaits: device("waits for a page-request credit"),
  creditHighWater: device("most credits in use"),
  requestTimeouts: device("page requests without response in time"),
  refusals: device("refusals of a repeated request"),
  refusalsHighWater: device("most refusals of one request"),
  retries: device("retries after a response"),
  deviceFailures: device("devices that gave up"),
  devicesStopped: device("devices stopped by an invalid response"),
  accessesAbandoned: device("accesses abandoned"),
  pinnedHighWater: memory("most frames pinned"),
  heldHighWater: memory("most frames held after the mm put them"),
  accessesInWindow: memory("device accesses in the allowed window"),
  accessesToUnmapped: memory("device accesses to frames nobody maps"),
  eventsProcessed: { group: "run", text: "events processed" },
};

export const TIMING_TEXTS: Readonly<Record<TimingName, string>> = {
  faultLatency: "device fault to translation",
  invalidationWait: "invalidation to completion",
  operationTime: "operation of the mm",
  notifierTime: "its notifier callbacks",
  handlerNotifierTime: "callbacks in handlers' faults",
  openPair: "range pair of an operation open",
  laneStall: "lane without translation",
  laneStallOutside: "the same, outside of a range",
  mmapLockWait: "handler waits for mmap_lock",
  shootdown: "first IPI to last acknowledgement",
};

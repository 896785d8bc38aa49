/**
 * The words a scenario may use, each with the sentence that `tlbstorm list` prints.
 *
 * Source: linux 3.17, 3.19, 4.15, 6.4 and 6.19 (mm/, include/linux/mmu_notifier.h, drivers/iommu/).
 */

export const ERAS = {
  "3.17": "range_start and range_end only; freed page-table pages are never notified",
  "3.19": "adds invalidate_range beside each CPU TLB flush, and again at every range_end",
  "4.15": "invalidate_page is gone; range_end no longer repeats the flush where it was done",
  "6.4": "event types, range_start that may not block, interval notifiers; range_end still flushes",
  "6.19": "the secondary flush lives in the architecture's TLB flush; range_end never flushes",
} as const;

export const ARCHES = {
  x86: "CPU TLBs are flushed by IPI; the secondary flush follows, for zaps after range_end",
  arm64:
    "CPU TLBs are flushed by broadcast; the secondary flush of leaf entries is inside the pair",
} as const;

/** Operations that can be explored step by step. */
export const OPERATIONS = {
  munmap: "munmap whose gather batch is full: the leaf frame is freed inside the pair",
  munmap_late: "the usual small munmap: frames and the page-table page are freed after range_end",
  dontneed: "MADV_DONTNEED: the vma stays, so a fault may map another frame at once",
  mprotect: "mprotect to read-only: after it returns nobody may write through an old translation",
  cow: "fork write-protects, then a write fault copies the page",
  migrate: "page migration through a migration entry",
  ksm: "KSM merges two equal pages into one that is read-only",
  collapse: "khugepaged replaces a page-table page by a huge mapping",
  mremap: "mremap moves the mapping, then another one takes its place; not part of --all",
} as const;

/** What an operation of a synthetic workload does, each on a vma of its own. */
export const WORKLOAD_OPERATIONS = {
  touch: "writes every page, so that each has a frame, and again at each repetition",
  munmap: "unmaps the vma, maps it again and touches it",
  dontneed: "drops the pages with MADV_DONTNEED and touches them again",
  mprotect: "makes the vma read-only, then writable again",
  fork: "forks a child; the parent writes every page, which breaks the sharing; the child exits",
  migrate: "moves every page to another frame",
  ksm: "merges the pages with equal ones, then writes them again",
  collapse: "replaces the page-table page by a huge mapping, then splits it again",
} as const;

export const DEVICE_KINDS = {
  gpu: "many lanes over whatever is mapped; gives up when it is refused too often",
  nic: "few lanes that walk through a ring of buffers in order",
  accelerator:
    "a copy engine that streams through a window and reports a fault as a partial completion",
} as const;

export const IOMMU_PRESETS = {
  amd: "AMD-Vi with a 512-entry command queue and a 512-entry page-request log, polled each 1 us",
} as const;

export const ACCESS_KINDS = {
  live: "one of the `pages` that the program touched last, the newest most often",
  window: "a page picked evenly among the `pages` that were mapped last",
  sequential: "the mapped pages in order, `stride` pages apart",
  uniform: "a page picked evenly from every vma, whether populated or not",
} as const;

export const NOTIFIER_MODES = {
  implementing: "a notifier is registered, with the callbacks of the protocol",
  none: "no notifier is registered",
  "not-implementing": "one is registered without callbacks: each call walks the list for nothing",
  "short-circuit": "the same, but a flag of the mm says that nobody wants to be called",
} as const;

export const ON_INVALID = {
  "fail-operation": "the device operation fails and the lane goes on with the next one",
  retry: "the lane asks again, which counts as a refusal",
  stop: "the device stops and reports an error",
} as const;

/** The keys of a table of words, as a tuple that a schema can take. */
export function wordsOf<T extends object>(table: T): [keyof T & string, ...(keyof T & string)[]] {
  const [first, ...rest] = Object.keys(table) as (keyof T & string)[];
  if (first === undefined) throw new Error("a table of words is not empty");
  return [first, ...rest];
}

export type Era = keyof typeof ERAS;
export type Arch = keyof typeof ARCHES;
export type OperationId = keyof typeof OPERATIONS;
export type WorkloadOperationKind = keyof typeof WORKLOAD_OPERATIONS;
export type DeviceKind = keyof typeof DEVICE_KINDS;
export type IommuPreset = keyof typeof IOMMU_PRESETS;
export type AccessKind = keyof typeof ACCESS_KINDS;
export type NotifierMode = keyof typeof NOTIFIER_MODES;
export type OnInvalid = keyof typeof ON_INVALID;

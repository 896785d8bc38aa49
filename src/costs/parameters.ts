/** The steps whose prices are fitted: what a CPU does in an operation of the mm, and what for. */

export const COST_PARAMETERS = {
  munmap: "an munmap call, less the steps below",
  mprotect_ro: "an mprotect call that takes write permission away, less the steps below",
  mprotect_rw: "an mprotect call that gives write permission, less the steps below",
  dontneed: "a madvise(MADV_DONTNEED) call, less the steps below",
  mremap: "an mremap call that moves a mapping, less the steps below",
  fork: "a fork with the exit of its child, less the steps below",
  fault: "entering a page fault, finding its vma, and returning",
  fileFault: "a read fault that maps a file page with its neighbours, per page mapped",
  pageZeroed: "allocating, clearing and mapping a page",
  pageCopied: "allocating a page, copying into it and mapping it",
  pageReplaced: "replacing one present entry by another in a fault",
  pageZapped: "clearing a present entry and freeing its page",
  pageProtected: "changing the permission of a present entry",
  pageMoved: "moving an entry to another table",
  tableMoved: "moving a whole page table of 512 entries",
  pageForked: "write-protecting an entry and copying it to a child, and undoing that at its exit",
  vmaForked: "copying a vma to a child, and undoing that at its exit",
  flushPage: "flushing one page from the own TLB",
  flushAll: "flushing the own TLB entirely",
  ipi: "sending a flush to another CPU and waiting for its acknowledgement",
  notifierCall: "a notifier call whose callback finds nothing to do: SRCU section, list walk, call",
  notifierCallback: "what the callback of range_start does when it has work: lock, walk, flush",
  forkNotifier:
    "the calls for the other written vmas of the forking program, which were not counted",
} as const;

export type CostParameter = keyof typeof COST_PARAMETERS;

export const COST_PARAMETER_NAMES = Object.keys(COST_PARAMETERS) as CostParameter[];

/** How often each step is done. */
export type CostCounts = Partial<Readonly<Record<CostParameter, number>>>;

/** Microseconds for each step. */
export type Costs = Readonly<Record<CostParameter, number>>;

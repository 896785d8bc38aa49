/** Drivers whose device walks the mm's own page table, with one level of cache. */
import type { ProtocolInput } from "../schema.js";

export const shared: readonly ProtocolInput[] = [
  { id: "none", title: "no notification at all" },
  {
    id: "flush-at-start",
    title: "invalidates in invalidate_range_start: too early",
    rangeStart: ["invalidate"],
  },
  {
    id: "flush-at-end",
    title: "invalidates in invalidate_range_end: too late",
    rangeEnd: ["invalidate"],
  },
  {
    id: "flush-at-both",
    title: "invalidates in both: too early and too late",
    rangeStart: ["invalidate"],
    rangeEnd: ["invalidate"],
  },
  {
    id: "invalidate-range",
    title: "invalidates where the CPU flushes, and once more at the end",
    source: "linux 3.19 drivers/iommu/amd/amd_iommu_v2.c, mm/mmu_notifier.c",
    secondaryFlush: ["invalidate"],
    rangeEnd: ["invalidate"],
  },
  {
    id: "secondary-flush",
    title: "invalidates where the CPU flushes, and only there",
    source: "linux 6.6 and later, arch_invalidate_secondary_tlbs",
    secondaryFlush: ["invalidate"],
  },
  {
    id: "invalidate-range-deferred",
    title: "invalidates where a page is freed or replaced, elsewhere at the end",
    source: "linux 4.15 to 6.5",
    secondaryFlush: [{ do: "invalidate", at: ["munmap", "dontneed", "cow-break"] }],
    rangeEnd: ["invalidate"],
  },
  {
    id: "flush-before-clear",
    title: "invalidates before the entry is cleared: the wrong order",
    beforeChange: ["invalidate"],
  },
  {
    id: "flush-before-clear-and-at-end",
    title: "invalidates before the entry is cleared and at the end",
    beforeChange: ["invalidate"],
    rangeEnd: ["invalidate"],
  },
  {
    id: "leaf-only",
    title: "invalidates leaf translations and keeps the walk cache",
    source: "leaf-only hints of IOMMU invalidation commands",
    secondaryFlush: ["invalidate-leaf"],
  },
  {
    id: "posted-writes-not-drained",
    title: "the completion does not wait for posted writes",
    source: "linux drivers/iommu/intel, dtlb_extra_inval (QAT)",
    secondaryFlush: ["invalidate-reads-only"],
  },
];

/** Drivers that do not wait for their invalidation, or leave it to a timer. */
import type { ProtocolInput } from "../schema.js";

export const deferred: readonly ProtocolInput[] = [
  {
    id: "queued-not-waited",
    title: "queues the invalidation and goes on",
    secondaryFlush: ["queue-invalidate"],
  },
  {
    id: "flush-queue",
    title: "a timer invalidates; data frames are freed after a grace period",
    source: "linux drivers/iommu/dma-iommu.c (flush queue), used where it must not be",
    secondaryFlush: ["queue-for-timer"],
    traits: ["grace-before-free", "timer-frees-tables"],
  },
  {
    id: "flush-queue-frees-data",
    title: "a timer invalidates, and frees tables and data frames behind it",
    secondaryFlush: ["queue-for-timer"],
    traits: ["grace-before-free", "timer-frees-tables", "timer-frees-pages"],
  },
];

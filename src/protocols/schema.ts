import { z } from "zod";

/** A driver's protocol as data: what it does in each notifier hook and in its fault handler. */
export const ProtocolSchema = z.looseObject({ id: z.string() });

/** The protocols that come with tlbstorm. */
export const BUILTIN_PROTOCOL_IDS = [
  "none",
  "flush-at-start",
  "flush-at-end",
  "flush-at-both",
  "empty-table",
  "invalidate-range",
  "secondary-flush",
  "invalidate-range-deferred",
  "flush-before-clear",
  "flush-before-clear-and-at-end",
  "mirror-kvm",
  "mirror-hmm",
  "mirror-unchecked",
  "mirror-unchecked-mmap-lock",
  "mirror-checked-too-early",
  "queued-not-waited",
  "atc-not-waited",
  "iotlb-before-atc",
  "atc-before-iotlb",
  "atc-before-iotlb-and-at-end",
  "leaf-only",
  "flush-queue",
  "flush-queue-frees-data",
  "pinned",
  "pinned-ignored-by-fork",
  "mirror-overlap-flag",
  "mirror-overlap-count",
  "empty-table-overlap-flag",
  "empty-table-overlap-count",
  "short-circuit-sampled-early",
  "short-circuit-load-reordered",
  "short-circuit-at-hook",
  "short-circuit-mirror",
  "short-circuit-mirror-locked",
  "posted-writes-not-drained",
] as const;

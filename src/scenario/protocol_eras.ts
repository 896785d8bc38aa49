/**
 * Which kernels have the notifier callbacks that a protocol needs.
 *
 * Models:     when a callback came, when a combination of callbacks was forbidden.
 * Simplifies: protocols that only need range_start and range_end fit every era.
 * Source:     linux commits 34ee645e83b6 (invalidate_range, 3.19), 99cb252f5e68 (interval notifiers,
 *             5.5), 1af5a8109904 (secondary flush and range callbacks exclude each other, 6.6).
 */
import type { BUILTIN_PROTOCOL_IDS } from "../protocols/schema.js";
import { ERAS, wordsOf, type Era } from "./vocabulary.js";

type ProtocolId = (typeof BUILTIN_PROTOCOL_IDS)[number];

interface Need {
  eras: readonly Era[];
  /** What the other eras lack or forbid. */
  otherwise: string;
}

const SECONDARY_FLUSH: Need = {
  eras: ["3.19", "4.15", "6.4", "6.19"],
  otherwise:
    "this kernel has no callback beside the CPU TLB flush, so the protocol's is never called",
};

const SECONDARY_FLUSH_AND_RANGE: Need = {
  eras: ["3.19", "4.15", "6.4"],
  otherwise: "this kernel does not let one notifier have both a secondary flush and range_end",
};

const INTERVAL: Need = {
  eras: ["6.4", "6.19"],
  otherwise: "this kernel has no interval notifiers",
};

const NEEDS: Partial<Record<ProtocolId, Need>> = {
  "invalidate-range": SECONDARY_FLUSH_AND_RANGE,
  "invalidate-range-deferred": SECONDARY_FLUSH_AND_RANGE,
  "atc-before-iotlb-and-at-end": SECONDARY_FLUSH_AND_RANGE,
  "mirror-hmm": INTERVAL,
  "secondary-flush": SECONDARY_FLUSH,
  "queued-not-waited": SECONDARY_FLUSH,
  "atc-not-waited": SECONDARY_FLUSH,
  "iotlb-before-atc": SECONDARY_FLUSH,
  "atc-before-iotlb": SECONDARY_FLUSH,
  "leaf-only": SECONDARY_FLUSH,
  "flush-queue": SECONDARY_FLUSH,
  "flush-queue-frees-data": SECONDARY_FLUSH,
  "short-circuit-sampled-early": SECONDARY_FLUSH,
  "short-circuit-load-reordered": SECONDARY_FLUSH,
  "short-circuit-at-hook": SECONDARY_FLUSH,
  "posted-writes-not-drained": SECONDARY_FLUSH,
};

/** Why a protocol cannot be what a driver of that era did, or null if it can. */
export function misfitOf(protocol: string, era: Era): { problem: string; hint: string } | null {
  const need = NEEDS[protocol as ProtocolId];
  if (need === undefined || need.eras.includes(era)) return null;
  const fitting = wordsOf(ERAS).filter((one) => need.eras.includes(one));
  return {
    problem: `${protocol} does not fit Linux ${era}: ${need.otherwise}`,
    hint: `it fits ${fitting.join(", ")}`,
  };
}

/** Drivers of devices with an ATC behind an IOTLB: the order of two invalidations. */
import type { ProtocolInput } from "../schema.js";

export const twoLevel: readonly ProtocolInput[] = [
  {
    id: "iotlb-before-atc",
    title: "invalidates the IOTLB, then the ATC: the order that the specifications ask for",
    levels: "two",
    secondaryFlush: ["invalidate-iotlb", "invalidate-atc"],
  },
  {
    id: "atc-before-iotlb",
    title: "invalidates the ATC first: it may refill from the IOTLB",
    levels: "two",
    secondaryFlush: ["invalidate-atc", "invalidate-iotlb"],
  },
  {
    id: "atc-before-iotlb-and-at-end",
    title: "the wrong order, and once more at the end",
    levels: "two",
    secondaryFlush: ["invalidate-atc", "invalidate-iotlb"],
    rangeEnd: ["invalidate-atc", "invalidate-iotlb"],
  },
  {
    id: "atc-not-waited",
    title: "waits for the IOTLB and not for the ATC",
    levels: "two",
    secondaryFlush: ["invalidate-iotlb", "queue-invalidate-atc"],
  },
];

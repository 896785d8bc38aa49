/** Drivers that pin what they install and take no notice of notifiers. */
import type { ProtocolInput, ProtocolStep } from "../schema.js";

const fault: ProtocolStep[] = ["lock-mmap", "fault", "unlock-mmap", "install", "respond"];

export const pinned: readonly ProtocolInput[] = [
  {
    id: "pinned",
    title: "pins pages for writing and drops them when it likes",
    source: "linux mm/gup.c (FOLL_PIN, FOLL_LONGTERM)",
    reads: "mirror",
    fault,
    traits: ["pins"],
  },
  {
    id: "pinned-ignored-by-fork",
    title: "pins that fork and the child take no notice of",
    source: "linux before 5.8 (page_maybe_dma_pinned)",
    reads: "mirror",
    fault,
    traits: ["pins", "pins-ignored-by-fork"],
  },
];

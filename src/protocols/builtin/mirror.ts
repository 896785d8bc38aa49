/** Drivers that keep a table of their own and fill it in their page-request handler. */
import type { ProtocolInput, ProtocolStep } from "../schema.js";

/** One atomic action under the driver's lock: nobody can tell apart what happens inside. */
const inLock = (...steps: ("check-count-and-sequence" | "check-sequence" | "install")[]) => [
  { do: "lock-driver", if: "served", joined: true } as const,
  ...steps.map((step) => ({ do: step, joined: true }) as const),
  { do: "unlock-driver", if: "served" } as const,
];

const fault: ProtocolStep[] = ["lock-mmap", "fault", "unlock-mmap"];

/** KVM: a count of open pairs, and a sequence that each end advances. */
export const kvmHooks = {
  rangeStart: ["lock-driver", "count-up", "zap-mirror", "unlock-driver"],
  rangeEnd: ["lock-driver", "sequence-up", "count-down", "unlock-driver"],
} satisfies Pick<ProtocolInput, "rangeStart" | "rangeEnd">;

export const kvmFault: ProtocolStep[] = [
  "sample-sequence",
  ...fault,
  ...inLock("check-count-and-sequence", "install"),
  "respond",
];

export const mirror: readonly ProtocolInput[] = [
  {
    id: "mirror-kvm",
    title: "a mirror that checks count and sequence under its lock before it installs",
    source: "linux virt/kvm/kvm_main.c",
    reads: "mirror",
    ...kvmHooks,
    fault: kvmFault,
  },
  {
    id: "mirror-hmm",
    title: "a mirror that waits out active invalidations and checks the sequence",
    source: "linux mm/mmu_notifier.c (mmu_interval_read_begin, mmu_interval_read_retry)",
    reads: "mirror",
    rangeStart: [
      "lock-driver",
      { do: "count-up", joined: true },
      "sequence-odd",
      "zap-mirror",
      "unlock-driver",
    ],
    rangeEnd: ["count-down", "sequence-even"],
    fault: ["sample-even-sequence", ...fault, ...inLock("check-sequence", "install"), "respond"],
  },
  {
    id: "mirror-unchecked",
    title: "a mirror that installs without looking whether the page is still right",
    reads: "mirror",
    ...kvmHooks,
    fault: [...fault, ...inLock("install"), "respond"],
  },
  {
    id: "mirror-unchecked-mmap-lock",
    title: "an unchecked mirror that holds mmap_lock until it has installed",
    reads: "mirror",
    ...kvmHooks,
    fault: ["lock-mmap", "fault", ...inLock("install"), "unlock-mmap", "respond"],
  },
  {
    id: "mirror-checked-too-early",
    title: "a mirror that checks before it takes its lock",
    reads: "mirror",
    ...kvmHooks,
    fault: [
      "sample-sequence",
      ...fault,
      "check-count-and-sequence",
      ...inLock("install"),
      "respond",
    ],
  },
  {
    id: "mirror-overlap-flag",
    title: "KVM's mirror with a flag in place of the count, and an overlapping range",
    reads: "mirror",
    rangeStart: ["lock-driver", "flag-set", "zap-mirror", "unlock-driver"],
    rangeEnd: ["lock-driver", "sequence-up", "flag-clear", "unlock-driver"],
    fault: kvmFault,
    traits: ["overlapping-thread"],
  },
  {
    id: "mirror-overlap-count",
    title: "KVM's mirror with its count, and an overlapping range",
    reads: "mirror",
    ...kvmHooks,
    fault: kvmFault,
    traits: ["overlapping-thread"],
  },
];

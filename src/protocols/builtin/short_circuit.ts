/** The short-circuit: no notification while no notifier is registered; when is that looked at? */
import type { ProtocolInput, ProtocolStep } from "../schema.js";
import { kvmFault, kvmHooks } from "./mirror.js";

const sampled = (steps: readonly ProtocolStep[]): ProtocolStep[] =>
  steps.map((step) => ({ ...(typeof step === "string" ? { do: step } : step), if: "sampled" }));

const testedMirror = {
  reads: "mirror",
  rangeStart: ["sample-notifiers", ...sampled(kvmHooks.rangeStart)],
  rangeEnd: ["sample-notifiers", ...sampled(kvmHooks.rangeEnd)],
  fault: kvmFault,
} satisfies Partial<ProtocolInput>;

export const shortCircuit: readonly ProtocolInput[] = [
  {
    id: "short-circuit-sampled-early",
    title: "looks for notifiers at the start of the range, invalidates if it saw one",
    rangeStart: ["sample-notifiers"],
    secondaryFlush: sampled(["invalidate"]),
    traits: ["late-registration"],
  },
  {
    id: "short-circuit-load-reordered",
    title: "looks for notifiers before the entry is cleared: the load passed the store",
    beforeChange: ["sample-notifiers"],
    secondaryFlush: sampled(["invalidate"]),
    traits: ["late-registration"],
  },
  {
    id: "short-circuit-at-hook",
    title: "looks for notifiers where it would call them",
    source: "linux include/linux/mmu_notifier.h (mm_has_notifiers)",
    secondaryFlush: ["sample-notifiers", ...sampled(["invalidate"])],
    traits: ["late-registration"],
  },
  {
    id: "short-circuit-mirror",
    title: "KVM's mirror, its hooks called only while it is registered; no lock to register",
    ...testedMirror,
    traits: ["late-registration"],
  },
  {
    id: "short-circuit-mirror-locked",
    title: "the same, and registration waits for the locks that operations hold",
    source: "linux mm/mmu_notifier.c (mm_take_all_locks)",
    ...testedMirror,
    traits: ["locked-registration"],
  },
];

/** A batch of reclaim that another operation of the mm finds pending. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { type ArchName, type EraName, KernelProbe } from "../support/kernel_probe.js";
import { at, type Program, R } from "../support/program.js";

const DONTNEED = 4;
const FREE = 8;
const COLD = 20;

const unmap = (p: Program) => p.act(ReplayAction.UnmapForReclaim, at(0), at(2));
const flush = (p: Program) => p.act(ReplayAction.FlushReclaimed);

/** Two lazily freed pages and two others, in an mm that another CPU runs as well. */
async function lazilyFreed(era: EraName, arch: ArchName = "x86") {
  const probe = await KernelProbe.boot(era, arch, { swap: true });
  probe.program.map(0, 4).write(0, 4).drain().advise(0, 2, FREE).drain().thread(0);
  return probe;
}

const FINDING: { operation: string; act: (p: Program) => unknown; because: string }[] = [
  { operation: "munmap", act: (p) => p.unmap(0, 4), because: "zap_pte_range" },
  { operation: "MADV_DONTNEED", act: (p) => p.advise(0, 4, DONTNEED), because: "zap_pte_range" },
  { operation: "MADV_FREE", act: (p) => p.advise(0, 4, FREE), because: "madvise_free_pte_range" },
  {
    operation: "MADV_COLD",
    act: (p) => p.advise(0, 4, COLD),
    because: "madvise_cold_or_pageout_pte_range",
  },
  { operation: "mprotect", act: (p) => p.protect(0, 4, R), because: "change_pte_range" },
  { operation: "mremap", act: (p) => p.remap(0, 4, 100), because: "move_ptes" },
];

describe("a batch of reclaim", () => {
  test("waits with the CPUs, and frees its pages behind their flush (try_to_unmap_flush)", async () => {
    const probe = await lazilyFreed("6.19");
    expect(probe.tell(unmap)).toEqual(["S CLEAR 0-1", "Fs all", "E", "S CLEAR 1-2", "Fs all", "E"]);
    const told = probe.tell(flush);
    expect(told[0]).toBe("IPI all");
    expect(told.at(-1)).toBe("free 2 pages");
  });

  test.each(FINDING)(
    "is flushed for, whole, by $operation before that looks at an entry ($because, flush_tlb_batched_pending)",
    async ({ act }) => {
      const probe = await lazilyFreed("6.19");
      probe.tell(unmap);
      const flushes = probe.tell(act).filter((line) => /^(IPI|Fc|Fs)/.test(line));
      expect(flushes.slice(0, 3)).toEqual(["IPI all", "Fc all", "Fs all"]);
    },
  );

  test("is flushed for once: what finds it next flushes its own (tlb_flush_batched)", async () => {
    const probe = await lazilyFreed("6.19");
    probe.tell(unmap);
    probe.tell((p) => p.protect(0, 4, R));
    expect(probe.tell((p) => p.unmap(0, 4))).not.toContain("Fs all");
  });

  test("is flushed for even when reclaim has flushed it: nobody takes its mark off", async () => {
    const probe = await lazilyFreed("6.19");
    probe.tell(unmap);
    probe.tell(flush);
    expect(probe.tell((p) => p.protect(0, 4, R))).toContain("Fs all");
  });

  test.each(["4.15", "6.4"] as const)(
    "is flushed for on x86 in %s, where only CPUs hear of it (flush_tlb_mm)",
    async (era) => {
      const probe = await lazilyFreed(era);
      probe.tell(unmap);
      const told = probe.tell((p) => p.protect(0, 4, R));
      expect(told).toContain("IPI all");
      expect(told).not.toContain("Fs all");
    },
  );

  test("is flushed for by broadcast on arm64 in 6.19 (flush_tlb_mm)", async () => {
    const probe = await lazilyFreed("6.19", "arm64");
    probe.tell(unmap);
    expect(probe.tell((p) => p.protect(0, 4, R)).join()).toContain("TLBI all,DSB,Fs all");
  });

  test.each(["3.17", "3.19"] as const)("does not exist in %s", async (era) => {
    const probe = await lazilyFreed(era);
    probe.tell(unmap);
    expect(probe.tell((p) => p.protect(0, 4, R)).join()).not.toContain("all");
  });
});

/** NUMA balancing: the hints that it leaves in page tables, and the faults that remove them. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { ERAS, type EraName, KernelProbe } from "../support/kernel_probe.js";
import { at, type Program, R, RW } from "../support/program.js";

const VERSIONS = Object.keys(ERAS) as EraName[];
const BLOCK = 512;
const SHARED_FILE = 1;

const hint = (first: number, end: number) => (p: Program) =>
  p.act(ReplayAction.HintNuma, at(first), at(end));

async function withPages(era: EraName, arch: "x86" | "arm64" = "x86") {
  const probe = await KernelProbe.boot(era, arch);
  probe.program.map(0, 8).write(0, 4).drain();
  return probe;
}

describe("NUMA balancing", () => {
  test.each([
    { era: "3.17", told: ["S PROTECTION_VMA 0-8", "E", "Fc 8"], because: "flush_tlb_range" },
    { era: "3.19", told: ["S PROTECTION_VMA 0-8", "Fs 0-8", "E", "Fc 8"], because: "end flushes" },
    { era: "4.15", told: ["S PROTECTION_VMA 0-8", "Fs 0-8", "E", "Fc 8"], because: "end flushes" },
    {
      era: "6.4",
      told: ["S PROTECTION_VMA 0-8", "Fs 0-8", "E", "Fc 4", "Fs 0-4"],
      because: "the gather tells too",
    },
    {
      era: "6.19",
      told: ["S PROTECTION_VMA 0-8", "E", "Fc 4", "Fs 0-4"],
      because: "tlb_finish_mmu",
    },
  ] as const)(
    "tells what mprotect tells in $era, and flushes behind the end: $because (change_prot_numa)",
    async ({ era, told }) => {
      expect((await withPages(era)).tell(hint(0, 8))).toEqual(told);
    },
  );

  test("flushes behind the end on arm64 too (tlb_end_vma of change_protection)", async () => {
    const told = ["S PROTECTION_VMA 0-8", "E", "TLBI 4", "Fs 0-4", "DSB"];
    expect((await withPages("6.19", "arm64")).tell(hint(0, 8))).toEqual(told);
  });

  test.each(VERSIONS)(
    "has a pair and no flush for entries that have their hint in %s",
    async (era) => {
      const probe = await withPages(era);
      probe.tell(hint(0, 8));
      expect(probe.tell(hint(0, 8)).filter((line) => line.startsWith("Fc"))).toEqual([]);
    },
  );

  test("makes the next access fault, which tells nobody and gives all rights back (do_numa_page)", async () => {
    const probe = await withPages("6.19");
    probe.tell(hint(0, 8));
    expect(probe.tell((p) => p.write(1, 1))).toEqual([]);
    const told = probe.tell(hint(0, 8));
    expect(told).toEqual(["S PROTECTION_VMA 0-8", "E", "Fc 1", "Fs 1-2"]);
    expect(probe.program.audit()).toBe(0);
  });

  test("gives a page that fork shares back for reading only: the write copies it (wp_page_copy)", async () => {
    const probe = await withPages("6.19");
    probe.tell(hint(0, 8));
    probe.program.fork();
    expect(probe.tell((p) => p.write(0, 1))[0]).toBe("S CLEAR 0-1");
  });

  test("is lost on mprotect, which has nothing to flush for it (pte_needs_flush)", async () => {
    const probe = await withPages("6.19");
    probe.tell(hint(0, 8));
    expect(probe.tell((p) => p.protect(0, 8, R))).toEqual(["S PROTECTION_VMA 0-8", "E"]);
  });

  test.each([
    { era: "4.15", flush: ["Fc 8"] },
    { era: "6.19", flush: [] },
  ] as const)(
    "hints pages that fork shares in 4.15, and spares them since 4.17: $era (prot_numa_skip)",
    async ({ era, flush }) => {
      const probe = await withPages(era);
      probe.program.fork();
      const told = probe.tell(hint(0, 8));
      expect(told.filter((line) => line.startsWith("Fc"))).toEqual(flush);
    },
  );

  test("hints a 2 MiB entry as a whole, and its fault gives it back (change_huge_pmd, do_huge_pmd_numa_page)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", { thp: "always" });
    probe.program.map(BLOCK, BLOCK).write(BLOCK, 1).drain();
    const told = ["S PROTECTION_VMA 512-1024", "E", "Fc 1", "Fs 512-1024"];
    expect(probe.tell(hint(BLOCK, 2 * BLOCK))).toEqual(told);
    expect(probe.tell((p) => p.write(BLOCK + 7, 1))).toEqual([]);
    expect(probe.tell(hint(BLOCK, 2 * BLOCK))).toEqual(told);
  });

  test("reaches to the end of a 2 MiB block, or of the vma (task_numa_work)", async () => {
    const probe = await KernelProbe.boot("6.19");
    probe.program.map(0, 600).write(0, 1);
    expect(probe.tell(hint(0, 3))[0]).toBe("S PROTECTION_VMA 0-512");
    expect(probe.tell(hint(520, 523))[0]).toBe("S PROTECTION_VMA 520-600");
  });

  test("passes over memory without access and over files that are only read (task_numa_work)", async () => {
    const probe = await KernelProbe.boot("6.19");
    const p = probe.program;
    p.map(0, 2).write(0, 2).protect(0, 2, 0).file(10, "memfd", 4);
    p.map(2, 4, R, SHARED_FILE, 10).read(2, 1).map(8, 4, RW, SHARED_FILE, 10).write(8, 1);
    const starts = probe.tell(hint(0, 12)).filter((line) => line.startsWith("S "));
    expect(starts).toEqual(["S PROTECTION_VMA 8-12"]);
  });
});

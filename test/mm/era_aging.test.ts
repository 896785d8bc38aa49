/** Accessed bits that reclaim, idle page tracking and DAMON clear: callbacks and flushes. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { type ArchName, ERAS, type EraName, KernelProbe } from "../support/kernel_probe.js";
import { at, type Program, R } from "../support/program.js";

const VERSIONS = Object.keys(ERAS) as EraName[];
const BLOCK = 512;
const SHARED_FILE = 1;

const referenced = (pages: number) => (p: Program) =>
  p.act(ReplayAction.CheckReferenced, at(0), at(pages));
const sample = (page: number) => (p: Program) => p.act(ReplayAction.PrepareSample, at(page));
const check = (page: number) => (p: Program) => p.act(ReplayAction.CheckSample, at(page));

async function withPages(pages: number, era: EraName, arch: ArchName = "x86") {
  const probe = await KernelProbe.boot(era, arch, { swap: true });
  probe.program.map(0, pages).write(0, pages).drain();
  return probe;
}

async function withHugePage(era: EraName, arch: ArchName = "x86") {
  const probe = await KernelProbe.boot(era, arch, { thp: "always" });
  probe.program.map(BLOCK, BLOCK).write(BLOCK, 1).drain();
  return probe;
}

describe("reclaim that asks whether a page is in use", () => {
  test.each(VERSIONS)(
    "calls clear_flush_young for each page, and flushes nothing on x86 in %s (ptep_clear_flush_young)",
    async (era) => {
      const probe = await withPages(2, era);
      expect(probe.tell(referenced(2))).toEqual(["clear_flush_young 0-1", "clear_flush_young 1-2"]);
    },
  );

  test.each([
    { era: "3.17", told: ["TLBI 1", "DSB"], because: "flush_tlb_page" },
    { era: "4.15", told: ["TLBI 1", "DSB"], because: "flush_tlb_page" },
    { era: "6.4", told: ["TLBI 1"], because: "flush_tlb_page_nosync" },
    { era: "6.19", told: ["TLBI 1", "Fs 0-1"], because: "the notifier stands in the flush" },
  ] as const)(
    "flushes before the call on arm64 in $era: $told ($because)",
    async ({ era, told }) => {
      const probe = await withPages(1, era, "arm64");
      expect(probe.tell(referenced(1))).toEqual([...told, "clear_flush_young 0-1"]);
    },
  );

  test("calls for an old page too, and flushes nothing for it on arm64 (folio_referenced_one)", async () => {
    const probe = await withPages(1, "6.19", "arm64");
    probe.tell(referenced(1));
    expect(probe.tell(referenced(1))).toEqual(["clear_flush_young 0-1"]);
    probe.program.touch(0, 1, "read");
    expect(probe.tell(referenced(1))).toHaveLength(3);
  });

  test("asks each mm that maps the page, and only the one with a notifier hears of it (rmap_walk_anon)", async () => {
    const probe = await withPages(1, "6.19", "arm64");
    probe.program.fork();
    expect(probe.tell(referenced(1))).toEqual(["TLBI 1", "Fs 0-1", "clear_flush_young 0-1"]);
  });

  test("asks each place of one mm that maps the page (rmap_walk_file)", async () => {
    const probe = await KernelProbe.boot("6.19");
    probe.program.file(10, "memfd", 1).map(0, 1, R, SHARED_FILE, 10).read(0, 1);
    probe.program.map(8, 1, R, SHARED_FILE, 10).read(8, 1).drain();
    expect(probe.tell(referenced(1))).toEqual(["clear_flush_young 0-1", "clear_flush_young 8-9"]);
  });

  test("stops at a locked vma (folio_referenced_one, VM_LOCKED)", async () => {
    const probe = await withPages(1, "6.19");
    probe.program.call("mlock", { addr: at(0), len: 4096 });
    expect(probe.tell(referenced(1))).toEqual([]);
  });

  test.each([
    { era: "3.17", told: ["Fc all", "clear_flush_young 512-513"], because: "it takes one address" },
    { era: "3.19", told: ["Fc all", "clear_flush_young 512-1024"], because: "it takes a range" },
    {
      era: "6.19",
      told: ["Fc all", "Fs 512-1024", "clear_flush_young 512-1024"],
      because: "flush_tlb_range tells",
    },
  ] as const)(
    "flushes a young 2 MiB entry on x86 in $era: $because (pmdp_clear_flush_young)",
    async ({ era, told }) => {
      const probe = await withHugePage(era);
      const act = (p: Program) => p.act(ReplayAction.CheckReferenced, at(BLOCK), at(2 * BLOCK));
      expect(probe.tell(act)).toEqual(told);
      expect(probe.tell(act)).toEqual(told.slice(-1));
    },
  );
});

describe("idle page tracking", () => {
  const idle = (p: Program) => p.act(ReplayAction.TrackIdle, at(0), at(2));

  test.each(["4.15", "6.4", "6.19"] as const)(
    "calls clear_young and flushes nowhere in %s (page_idle_clear_pte_refs_one)",
    async (era) => {
      for (const arch of ["x86", "arm64"] as const) {
        const probe = await withPages(2, era, arch);
        expect(probe.tell(idle)).toEqual(["clear_young 0-1", "clear_young 1-2"]);
      }
    },
  );

  test.each(["3.17", "3.19"] as const)(
    "has no callback to call in %s (clear_young: 4.3)",
    async (era) => {
      expect((await withPages(2, era)).tell(idle)).toEqual([]);
    },
  );
});

describe("DAMON", () => {
  test("makes the sampled entry old with clear_young (damon_ptep_mkold)", async () => {
    const probe = await withPages(2, "6.19", "arm64");
    expect(probe.tell(sample(1))).toEqual(["clear_young 1-2"]);
  });

  test("asks notifiers by test_young where the CPUs have not accessed the page (damon_young_pmd_entry)", async () => {
    const probe = await withPages(2, "6.19");
    probe.tell(sample(1));
    expect(probe.tell(check(1))).toEqual(["test_young 1-2"]);
    probe.program.touch(1, 1, "read");
    expect(probe.tell(check(1))).toEqual([]);
  });

  test("names 2 MiB from the sampled address on, not the block (pmdp_clear_young_notify)", async () => {
    const probe = await withHugePage("6.19");
    expect(probe.tell(sample(BLOCK + 5))).toEqual([`clear_young 517-1029`]);
  });

  test("leaves alone a hole, the zero page, and a page that is not on the LRU yet (damon_get_folio)", async () => {
    const probe = await KernelProbe.boot("6.19");
    probe.program.map(0, 3).read(1, 1).write(2, 1);
    for (const page of [0, 1, 2]) expect(probe.tell(sample(page))).toEqual([]);
  });
});

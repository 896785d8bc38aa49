/** Accessed bits that an LRU of generations clears, and those that khugepaged asks for. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { type ArchName, type EraName, KernelProbe } from "../support/kernel_probe.js";
import { at, type Program, R } from "../support/program.js";

const BLOCK = 512;
const HUGEPAGE = 14;
const RANDOM = 1;
const DONTNEED = 4;
const SHARED_FILE = 1;

const lookAround = (page: number) => (p: Program) =>
  p.act(ReplayAction.LookAround, at(page), at(page + 1));
const age = (page: number, pages: number) => (p: Program) =>
  p.act(ReplayAction.AgeGeneration, at(page), at(page + pages));
const young = (...pages: number[]) => pages.map((page) => `clear_young ${page}-${page + 1}`);
const from = (first: number, count: number) => Array.from({ length: count }, (_, i) => first + i);

async function written(pages: number, era: EraName = "6.19", arch: ArchName = "x86", swap = true) {
  const probe = await KernelProbe.boot(era, arch, { swap });
  probe.program.map(0, pages).write(0, pages).drain();
  return probe;
}

describe("reclaim that asks for a page, where the LRU has generations", () => {
  test("calls clear_young for it, then for its neighbours, and flushes nothing (lru_gen_look_around)", async () => {
    for (const arch of ["x86", "arm64"] as const) {
      const probe = await written(4, "6.19", arch);
      expect(probe.tell(lookAround(1))).toEqual(young(1, 0, 2, 3));
    }
  });

  test("leaves its neighbours alone when it is old itself", async () => {
    const probe = await written(4);
    probe.tell(lookAround(1));
    expect(probe.tell(lookAround(1))).toEqual(young(1));
    expect(probe.tell(lookAround(2))).toEqual(young(2));
  });

  test("looks at no more than 64 pages around it, none of another table (MIN_LRU_BATCH)", async () => {
    const probe = await written(600);
    expect(probe.tell(lookAround(3))).toEqual([
      ...young(3),
      ...young(...from(0, 64).filter((page) => page !== 3)),
    ]);
    const middle = [...young(200), ...young(...from(168, 64).filter((page) => page !== 200))];
    expect(probe.tell(lookAround(200))).toEqual(middle);
    const last = [...young(511), ...young(...from(448, 63))];
    expect(probe.tell(lookAround(511))).toEqual(last);
  });

  test("clears neighbours unheard in 6.4, then calls clear_flush_young, and flushes nothing on arm64 either", async () => {
    const probe = await written(4, "6.4", "arm64");
    expect(probe.tell(lookAround(1))).toEqual(["clear_flush_young 1-2"]);
    const referenced = (p: Program) => p.act(ReplayAction.CheckReferenced, at(2), at(3));
    expect(probe.tell(referenced)).toEqual(["clear_flush_young 2-3"]);
  });

  test("is that of the classic LRU in 4.15, which has no generations", async () => {
    const probe = await written(4, "4.15", "arm64");
    expect(probe.tell(lookAround(1))).toEqual(["TLBI 1", "DSB", "clear_flush_young 1-2"]);
  });

  test("flushes a young 2 MiB entry as the classic LRU does (pmdp_clear_flush_young_notify)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", { thp: "always" });
    probe.program.map(BLOCK, BLOCK).write(BLOCK, 1).drain();
    const told = ["Fc all", "Fs 512-1024", "clear_flush_young 512-1024"];
    expect(probe.tell(lookAround(BLOCK))).toEqual(told);
  });
});

describe("a new generation", () => {
  test("calls clear_young for each page on the LRU, young or not (walk_pte_range)", async () => {
    const probe = await written(3);
    expect(probe.tell(age(0, 3))).toEqual(young(0, 1, 2));
    expect(probe.tell(age(0, 3))).toEqual(young(0, 1, 2));
  });

  test("clears the bits unheard in 6.4 (ptep_test_and_clear_young)", async () => {
    const probe = await written(1, "6.4", "arm64");
    expect(probe.tell(age(0, 1))).toEqual([]);
    const referenced = (p: Program) => p.act(ReplayAction.CheckReferenced, at(0), at(1));
    expect(probe.tell(referenced)).toEqual(["clear_flush_young 0-1"]);
  });

  test("looks at tables first, then at the 2 MiB entries beside them (walk_pmd_range)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", { thp: "madvise", swap: true });
    const p = probe.program.map(0, 4 * BLOCK);
    p.advise(BLOCK, BLOCK, HUGEPAGE)
      .advise(3 * BLOCK, BLOCK, HUGEPAGE)
      .drain();
    p.write(0, 1)
      .write(BLOCK, 1)
      .write(2 * BLOCK, 1)
      .write(3 * BLOCK, 1)
      .drain();
    const told = [
      "clear_young 0-1",
      "clear_young 512-1024",
      "clear_young 1024-1025",
      "clear_young 1536-2048",
    ];
    expect(probe.tell(age(0, 4 * BLOCK))).toEqual(told);
    p.unmap(0, 4 * BLOCK)
      .map(0, 4 * BLOCK)
      .advise(0, 4 * BLOCK, HUGEPAGE);
    p.write(0, 1)
      .write(BLOCK, 1)
      .advise(2 * BLOCK, 1, DONTNEED)
      .drain();
    p.write(2 * BLOCK, 1)
      .advise(2 * BLOCK + 1, BLOCK - 1, DONTNEED)
      .drain();
    expect(probe.tell(age(0, 4 * BLOCK))).toEqual([
      "clear_young 1024-1025",
      "clear_young 0-512",
      "clear_young 512-1024",
    ]);
  });

  test("passes over locked memory, memory that is read at random, and anonymous memory without swap (should_skip_vma)", async () => {
    const locked = await written(1);
    locked.program.call("mlock", { addr: at(0), len: 4096 });
    expect(locked.tell(age(0, 1))).toEqual([]);
    const random = await written(1);
    random.program.advise(0, 1, RANDOM);
    expect(random.tell(age(0, 1))).toEqual([]);
    const swapless = await written(1, "6.19", "x86", false);
    swapless.program.file(10, "ext4", 1).map(8, 1, R, SHARED_FILE, 10).read(8, 1).drain();
    expect(swapless.tell(age(0, 16))).toEqual(young(8));
  });
});

describe("khugepaged", () => {
  test("asks by test_young for each old page before its pair, and again behind it (collapse_scan_pmd, __collapse_huge_page_isolate)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", { swap: true });
    const p = probe.program.map(0, BLOCK).advise(0, BLOCK, HUGEPAGE);
    p.advise(0, BLOCK, 15).write(0, 3).advise(0, BLOCK, HUGEPAGE).drain();
    p.act(ReplayAction.TrackIdle, at(1), at(3)).touch(2, 1);
    const inval = { ev: "inval", start: at(0), end: at(BLOCK) } as const;
    expect(probe.tell((q) => q.kernelThread("khugepaged", inval)).slice(0, 5)).toEqual([
      "test_young 1-2",
      "S CLEAR 0-512",
      "Fs 0-512",
      "E",
      "test_young 1-2",
    ]);
  });
});

/** Memory of a device that a driver maps as frames (VM_PFNMAP). */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { type ArchName, type EraName, KernelProbe } from "../support/kernel_probe.js";
import { type Program, R, RW } from "../support/program.js";

const SHARED_FILE = 1;
const PRIVATE_FILE = 2;
const DONTNEED = 4;
const COLD = 20;
const FD = 10;

/** Eight pages of a device at page 0, beside a page of anonymous memory. */
async function device(era: EraName = "6.19", arch: ArchName = "x86", flags = SHARED_FILE) {
  const probe = await KernelProbe.boot(era, arch);
  probe.program.act(ReplayAction.OpenDevice, FD, 8).map(0, 8, RW, flags, FD);
  probe.program.map(8, 1).write(8, 1).drain();
  return probe;
}

const takeBack = (first: number, end: number) => (p: Program) =>
  p.act(ReplayAction.UnmapMapping, FD, first, end);
const flushes = (lines: string[]) => lines.filter((line) => /^(S|E|Fc)/.test(line));

describe("munmap of a device's memory", () => {
  test.each([
    { era: "4.15", told: ["S UNMAP 0-8", "E", "Fc 8"], because: "with the gather" },
    { era: "6.4", told: ["S UNMAP 0-8", "Fc 8", "E"], because: "tlb_end_vma" },
    { era: "6.19", told: ["S UNMAP 0-8", "E", "Fc 8"], because: "tlb_free_vmas" },
  ] as const)("flushes in $era as $told ($because)", async ({ era, told }) => {
    expect(flushes((await device(era)).tell((p) => p.unmap(0, 8)))).toEqual(told);
  });

  test("flushes before tables are unlinked, and for these once more, in 6.19 (tlb_free_vmas)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", {}, false);
    probe.program.act(ReplayAction.OpenDevice, FD, 8).map(0, 8, RW, SHARED_FILE, FD);
    const told = probe.tell((p) => p.unmap(0, 8));
    expect(told.slice(0, 4)).toEqual(["S UNMAP 0-8", "E", "Fc 8", "Fs 0-8"]);
    // one page stands for each table, in strides of the level above
    expect(told.slice(4, 6)).toEqual(["Fc 0", "Fs 0-1"]);
    expect(told.at(-1)).toBe("free 3 tables");
  });

  test("frees no page: frames of a device have none", async () => {
    const told = (await device()).tell((p) => p.unmap(0, 8));
    expect(told.join()).not.toContain("page");
  });

  test("is flushed at the end of the vma on arm64 anyway (tlb_end_vma)", async () => {
    const told = (await device("6.19", "arm64")).tell((p) => p.unmap(0, 8));
    expect(told).toEqual(["S UNMAP 0-8", "TLBI 8", "Fs 0-8", "DSB", "E"]);
  });

  test("flushes anonymous memory beside it along with it, and the tables of both behind that (vma_pfn)", async () => {
    const told = (await device()).tell((p) => p.unmap(0, 9));
    expect(flushes(told)).toEqual(["S UNMAP 0-9", "E", "Fc 9", "Fc 0"]);
  });
});

describe("a driver that takes its memory back", () => {
  test("has a pair and a flush for each vma that maps it (unmap_mapping_range)", async () => {
    const probe = await device();
    probe.program.map(16, 4, R, SHARED_FILE, FD, 4);
    expect(flushes(probe.tell(takeBack(2, 6)))).toEqual([
      "S CLEAR 2-6",
      "E",
      "Fc 4",
      "S CLEAR 16-18",
      "E",
      "Fc 2",
    ]);
  });

  test("flushes inside the pair in 6.4 (tlb_end_vma)", async () => {
    const told = flushes((await device("6.4")).tell(takeBack(0, 2)));
    expect(told).toEqual(["S CLEAR 0-2", "Fc 2", "E"]);
  });

  test("finds nothing in a vma that is gone, and what it took is faulted in again (vmf_insert_pfn)", async () => {
    const probe = await device();
    probe.tell(takeBack(0, 8));
    expect(flushes(probe.tell(takeBack(0, 8)))).toEqual(["S CLEAR 0-8", "E"]);
    probe.program.read(3, 1);
    expect(flushes(probe.tell(takeBack(0, 8)))).toEqual(["S CLEAR 0-8", "E", "Fc 1"]);
    probe.program.unmap(0, 8);
    expect(probe.tell(takeBack(0, 8))).toEqual([]);
    expect(probe.program.audit()).toBe(0);
  });
});

describe("a device's memory", () => {
  test("is neither discarded nor aged on advice (VM_PFNMAP)", async () => {
    const probe = await device();
    expect(probe.tell((p) => p.advise(0, 8, DONTNEED).advise(0, 8, COLD))).toEqual([]);
  });

  test("is copied by fork without a pair where it is shared, with one where it is private (is_cow_mapping)", async () => {
    const fork = (p: Program) => p.fork();
    expect((await device()).tell(fork)[0]).toBe("S PROTECTION_PAGE 8-9");
    const told = (await device("6.19", "x86", PRIVATE_FILE)).tell(fork);
    expect(told.slice(0, 3)).toEqual(["S PROTECTION_PAGE 0-8", "E", "S PROTECTION_PAGE 8-9"]);
  });

  test("is copied to a page of its own by a private write (wp_page_copy)", async () => {
    const probe = await device("6.19", "x86", PRIVATE_FILE);
    const told = probe.tell((p) => p.write(3, 1));
    expect(told).toEqual(["S CLEAR 3-4", "Fc 1", "Fs 3-4", "E"]);
    expect(probe.program.audit()).toBe(0);
  });

  test("is announced and flushed by mprotect and mremap as any memory", async () => {
    const probe = await device();
    const protect = (p: Program) => p.protect(0, 8, R);
    expect(probe.tell(protect)).toEqual(["S PROTECTION_VMA 0-8", "E", "Fc 8", "Fs 0-8"]);
    const move = (p: Program) => p.remap(0, 8, 64);
    expect(probe.tell(move).slice(0, 4)).toEqual(["S UNMAP 0-8", "Fc 8", "Fs 0-8", "E"]);
    expect(probe.program.audit()).toBe(0);
  });
});

/** Ranges of hugetlb memory whose pmd tables another mm may share. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { type EraName, KernelProbe } from "../support/kernel_probe.js";
import { at, PAGE, type Program, R, RW } from "../support/program.js";

const BLOCK = 512;
const GIB = 512 * BLOCK;
const SHARED_HUGETLB = 0x40021;
const PRIVATE_HUGETLB = 0x40022;
const DONTNEED = 4;
const WRITE_PROTECT = 2;

async function starts(era: EraName, flags: number, act: (p: Program) => unknown, pages = 2 * GIB) {
  const probe = await KernelProbe.boot(era, "x86", {}, false);
  probe.program.map(0, pages, RW, flags).write(BLOCK, 1);
  return probe.tell(act).filter((line) => line.startsWith("S "));
}

const discard = (p: Program) => p.advise(BLOCK, BLOCK, DONTNEED);

describe("shared hugetlb memory that reaches over a whole GiB", () => {
  test("is announced by MADV_DONTNEED of 2 MiB as the GiB (hugetlb_zap_begin)", async () => {
    for (const era of ["6.4", "6.19"] as const)
      expect(await starts(era, SHARED_HUGETLB, discard)).toEqual([`S CLEAR 0-${GIB}`]);
  });

  test("is announced by mremap as the GiB that it leaves, and once more for the cut in its vma (move_hugetlb_page_tables, hugetlb_split)", async () => {
    const act = (p: Program) => p.remap(BLOCK, BLOCK, 4 * GIB);
    const gib = `S CLEAR 0-${GIB}`;
    expect(await starts("6.19", SHARED_HUGETLB, act)).toEqual([gib, gib, "S UNMAP 512-1024"]);
  });

  test.each([
    { era: "4.15", told: ["S UNMAP 512-1024"] },
    { era: "6.4", told: [`S CLEAR 0-${GIB}`, "S UNMAP 512-1024"] },
    { era: "6.19", told: [`S CLEAR 0-${GIB}`, "S UNMAP 512-1024"] },
  ] as const)(
    "is unshared where munmap cuts its GiB, and then unmapped as asked, in $era (hugetlb_unshare_pmds, since 6.2)",
    async ({ era, told }) => {
      const act = (p: Program) => p.unmap(BLOCK, BLOCK);
      expect(await starts(era, SHARED_HUGETLB, act)).toEqual(told);
    },
  );

  test("is flushed inside the pair of the cut (flush_hugetlb_tlb_range)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", {}, false);
    probe.program.map(0, 2 * GIB, RW, SHARED_HUGETLB).write(BLOCK, 1);
    const told = probe.tell((p) => p.unmap(BLOCK, BLOCK));
    expect(told.slice(0, 4)).toEqual([`S CLEAR 0-${GIB}`, "Fc all", `Fs 0-${GIB}`, "E"]);
  });

  test("is unshared where userfaultfd is to mark its entries, and announced as the GiB where it does (hugetlb_unshare_all_pmds, hugetlb_change_protection)", async () => {
    const act = (p: Program) =>
      p
        .act(ReplayAction.UffdRegister, at(0), at(2 * GIB), WRITE_PROTECT)
        .act(ReplayAction.UffdProtect, at(BLOCK), at(2 * BLOCK), 1);
    const marked = [`S CLEAR 0-${2 * GIB}`, `S PROTECTION_VMA 0-${GIB}`];
    expect(await starts("6.19", SHARED_HUGETLB, act)).toEqual(marked);
    expect(await starts("4.15", SHARED_HUGETLB, act)).toEqual(["S PROTECTION_VMA 512-1024"]);
  });

  test.each(["3.17", "3.19", "4.15"] as const)(
    "is announced as it is asked for in %s (adjust_range_if_pmd_sharing_possible: 4.20)",
    async (era) => {
      const told = [`S CLEAR ${BLOCK}-${2 * BLOCK}`];
      expect(await starts(era, SHARED_HUGETLB, discard)).toEqual(told);
    },
  );

  test("is announced as it is asked for when it is private, or less than a GiB (vma_shareable)", async () => {
    const told = [`S CLEAR ${BLOCK}-${2 * BLOCK}`];
    expect(await starts("6.19", PRIVATE_HUGETLB, discard)).toEqual(told);
    expect(await starts("6.19", SHARED_HUGETLB, discard, GIB / 2)).toEqual(told);
  });
});

describe("a pmd table that a child shares", () => {
  /** A GiB of which the parent has written block 1, and which the child has read there. */
  async function family(era: EraName, pages = GIB) {
    const probe = await KernelProbe.boot(era, "x86", {}, false);
    probe.program.map(0, pages, RW, SHARED_HUGETLB).write(BLOCK, 1);
    const child = probe.program.fork();
    probe.program.read(BLOCK, 1, child);
    return { probe, child };
  }

  const flushed = (lines: string[]) => lines.filter((line) => /^(S|Fc|Fs|E)/.test(line));

  test("is flushed as a GiB inside the pair's gather, and clears no entry, where MADV_DONTNEED of 2 MiB unlinks it (__unmap_hugepage_range)", async () => {
    const { probe } = await family("6.19");
    const told = [`S CLEAR 0-${GIB}`, "Fc all", `Fs 0-${GIB}`, "E"];
    expect(probe.tell(discard)).toEqual(told);
    probe.program.write(BLOCK, 1);
    expect(probe.program.audit()).toBe(0);
  });

  test("is taken over, entries and all, by the last who uses it (huge_pmd_unshare)", async () => {
    const { probe, child } = await family("6.19");
    probe.program.exit(child);
    const told = [`S CLEAR 0-${GIB}`, "E", "Fc 1", `Fs ${BLOCK}-${2 * BLOCK}`];
    expect(probe.tell(discard)).toEqual(told);
    expect(probe.program.audit()).toBe(0);
  });

  test("is found with its entries by the fault of another mm: none is filled in twice (huge_pmd_share)", async () => {
    const { probe, child } = await family("6.19");
    probe.program.read(2 * BLOCK, 1).touch(2 * BLOCK, 1);
    expect(probe.program.audit()).toBe(0);
    probe.program.unmap(0, GIB).exit(child);
    expect(probe.program.audit()).toBe(0);
  });

  test.each([
    { era: "4.15", told: [`S CLEAR ${BLOCK}-${2 * BLOCK}`, "E"], because: "CVE-2021-4002" },
    { era: "6.4", told: [`S CLEAR 0-${GIB}`, "Fc all", "E"], because: "tlb_flush_pmd_range" },
  ] as const)(
    "is flushed when a zap unlinks it only since 5.16: in $era $told ($because)",
    async ({ era, told }) => {
      const { probe } = await family(era);
      const lines = flushed(probe.tell(discard)).filter((line) => !line.startsWith("Fs"));
      expect(lines).toEqual(told);
    },
  );

  test("is flushed by mprotect as far as the pair reaches where it is unlinked, else as asked (hugetlb_change_protection)", async () => {
    const { probe, child } = await family("6.19");
    // a boundary in the GiB unshares it before: all of it changes
    const protect = (p: Program) => p.protect(0, GIB, R);
    expect(probe.tell(protect).slice(0, 4)).toEqual([
      `S PROTECTION_VMA 0-${GIB}`,
      "Fc all",
      `Fs 0-${GIB}`,
      "E",
    ]);
    probe.program.read(BLOCK, 1);
    expect(probe.program.exit(child).audit()).toBe(0);
  });

  test("is left behind by mremap with its pages, flushed as the GiB (move_hugetlb_page_tables)", async () => {
    const { probe } = await family("6.19", 2 * GIB);
    const told = probe.tell((p) => p.remap(0, GIB, 4 * GIB));
    expect(told.slice(0, 4)).toEqual([`S CLEAR 0-${GIB}`, "Fc all", `Fs 0-${GIB}`, "E"]);
    expect(told.join()).not.toContain("page");
    expect(probe.program.audit()).toBe(0);
  });

  test("is shared neither by private memory, nor by less than a GiB, nor by other protection (page_table_shareable)", async () => {
    const part = await family("6.19", GIB / 2);
    const told = [`S CLEAR ${BLOCK}-${2 * BLOCK}`, "E", "Fc 1"];
    expect(part.probe.tell(discard).slice(0, 3)).toEqual(told);
    const other = await KernelProbe.boot("6.19", "x86", {}, false);
    other.program.map(0, GIB, RW, SHARED_HUGETLB).write(BLOCK, 1);
    const child = other.program.fork();
    other.program.call("mprotect", { addr: at(0), len: GIB * PAGE, prot: R }, 0, child);
    other.program.read(BLOCK, 1, child);
    expect(other.tell(discard).slice(1, 3)).toEqual(["E", "Fc 1"]);
    expect(other.program.audit()).toBe(0);
  });
});

describe("shared hugetlb memory", () => {
  test("can be written again at once when mprotect gives that right back (vm_get_page_prot)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", {}, false);
    probe.program.map(0, BLOCK, RW, SHARED_HUGETLB).write(0, 1);
    probe.program.protect(0, BLOCK, R).protect(0, BLOCK, RW);
    expect(probe.tell((p) => p.touch(0, 1))).toEqual([]);
    expect(probe.program.audit()).toBe(0);
  });

  test("is never copied by a write: it stays one page for all (hugetlb_wp)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", {}, false);
    probe.program.map(0, BLOCK, RW, SHARED_HUGETLB).write(0, 1);
    probe.program.protect(0, BLOCK, R).protect(0, BLOCK, RW);
    expect(probe.tell((p) => p.write(0, 1))).toEqual([]);
  });
});

/** Ranges of hugetlb memory whose pmd tables another mm may share. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { type EraName, KernelProbe } from "../support/kernel_probe.js";
import { at, type Program, RW } from "../support/program.js";

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

  test("is announced as the GiB by write protection of 2 MiB under userfaultfd (hugetlb_change_protection)", async () => {
    const act = (p: Program) =>
      p
        .act(ReplayAction.UffdRegister, at(0), at(2 * GIB), WRITE_PROTECT)
        .act(ReplayAction.UffdProtect, at(BLOCK), at(2 * BLOCK), 1);
    expect(await starts("6.19", SHARED_HUGETLB, act)).toEqual([`S PROTECTION_VMA 0-${GIB}`]);
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

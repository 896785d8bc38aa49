/**
 * What older kernels tell, as far as a notifier can tell them apart: whether there is a secondary
 * flush, where it stands, what the end of a pair implies, and which other callbacks there are.
 */
import { describe, expect, test } from "vitest";
import { ERAS, type EraName, KernelProbe } from "../support/kernel_probe.js";
import { notifiedOf, type OperationName, toldOf } from "../support/notifying_operations.js";
import { BASE, GIB, PAGE, R, RW } from "../support/program.js";

const VERSIONS = Object.keys(ERAS) as EraName[];
const flushes = (told: readonly string[]) => told.filter((line) => line.startsWith("Fs"));
const before = (told: readonly string[], line: string) => told.slice(0, told.indexOf(line));

describe("the secondary flush of munmap", () => {
  test.each([
    {
      era: "3.17",
      rule: "does not exist",
      because: "struct mmu_notifier_ops",
      told: ["S UNMAP 0-8", "E", "Fc 8", "free 1 table", "free 8 pages"],
    },
    {
      era: "3.19",
      rule: "comes at the end of the pair, and again behind the flush of the CPUs",
      because: "__mmu_notifier_invalidate_range_end, tlb_flush_mmu_tlbonly",
      told: ["S UNMAP 0-8", "Fs 0-8", "E", "Fc 8", "Fs 0-8", "free 1 table", "free 8 pages"],
    },
    {
      era: "4.15",
      rule: "is that of 3.19: unmapping has no only_end",
      because: "unmap_vmas",
      told: ["S UNMAP 0-8", "Fs 0-8", "E", "Fc 8", "Fs 0-8", "free 1 table", "free 8 pages"],
    },
    {
      era: "6.4",
      rule: "still comes at the end too, as a safety net",
      because: "mn_hlist_invalidate_end",
      told: ["S UNMAP 0-8", "Fs 0-8", "E", "Fc 8", "Fs 0-8", "free 1 table", "free 8 pages"],
    },
    {
      era: "6.19",
      rule: "comes behind the flush of the CPUs only",
      because: "flush_tlb_mm_range",
      told: ["S UNMAP 0-8", "E", "Fc 8", "Fs 0-8", "free 1 table", "free 8 pages"],
    },
  ] as const)("$rule in Linux $era ($because)", async ({ era, told }) => {
    expect(await toldOf("munmap", era)).toEqual(told);
  });
});

describe("a freed page-table page", () => {
  test("is freed behind the end and told to nobody in 3.17 (free_pgtables, tlb_finish_mmu)", async () => {
    const told = await toldOf("munmap", "3.17");
    expect(told.indexOf("free 1 table")).toBeGreaterThan(told.indexOf("E"));
    expect(flushes(told)).toEqual([]);
  });

  test.each(VERSIONS.slice(1))(
    "is covered by a secondary flush between its unlinking and its release in %s (tlb_flush_mmu)",
    async (era) => {
      const told = await toldOf("munmap", era);
      const behindEnd = told.slice(told.indexOf("E"), told.indexOf("free 1 table"));
      expect(flushes(behindEnd)).toEqual(["Fs 0-8"]);
    },
  );
});

describe("the end of a vma on arm64", () => {
  test.each([
    { era: "3.17", first: [], because: "there is no secondary flush" },
    {
      era: "3.19",
      first: ["Fs 0-8"],
      because: "__tlb_end_vma calls tlb_flush and no notifier: end does",
    },
    {
      era: "4.15",
      first: ["Fs 0-8"],
      because: "__tlb_end_vma calls tlb_flush and no notifier: end does",
    },
    { era: "6.4", first: ["Fs 0-8", "Fs 0-8"], because: "tlb_flush_mmu_tlbonly, then end" },
    { era: "6.19", first: ["Fs 0-8"], because: "__flush_tlb_range_nosync" },
  ] as const)(
    "flushes secondary TLBs $first.length times in $era: $because",
    async ({ era, first }) => {
      const told = await toldOf("munmap", era, "arm64");
      expect(told.slice(0, 2)).toEqual(["S UNMAP 0-8", "TLBI 8"]);
      expect(flushes(before(told, "E"))).toEqual(first);
    },
  );
});

describe("copy-on-write", () => {
  test.each([
    {
      era: "3.17",
      told: ["S CLEAR 0-1", "Fc 1", "change_pte 0-1", "E"],
      because: "set_pte_at_notify",
    },
    {
      era: "3.19",
      told: ["S CLEAR 0-1", "Fc 1", "Fs 0-1", "change_pte 0-1", "Fs 0-1", "E"],
      because: "ptep_clear_flush_notify, and the end once more",
    },
    {
      era: "4.15",
      told: ["S CLEAR 0-1", "Fc 1", "Fs 0-1", "change_pte 0-1", "E"],
      because: "mmu_notifier_invalidate_range_only_end",
    },
    {
      era: "6.4",
      told: ["S CLEAR 0-1", "Fc 1", "Fs 0-1", "change_pte 0-1", "E"],
      because: "mmu_notifier_invalidate_range_only_end",
    },
    {
      era: "6.19",
      told: ["S CLEAR 0-1", "Fc 1", "Fs 0-1", "E"],
      because: "change_pte is gone since 6.10",
    },
  ] as const)("is told in this order in $era ($because)", async ({ era, told }) => {
    expect(await toldOf("copy-on-write", era)).toEqual(told);
  });
});

describe("KSM", () => {
  test.each([
    { era: "3.17", page: ["change_pte 1-2", "E"], because: "set_pte_at_notify" },
    {
      era: "3.19",
      page: ["Fs 1-2", "change_pte 1-2", "Fs 1-2", "E"],
      because: "ptep_clear_flush_notify",
    },
    { era: "4.15", page: ["change_pte 1-2", "Fs 1-2", "E"], because: "left to the end" },
    { era: "6.4", page: ["change_pte 1-2", "Fs 1-2", "E"], because: "left to the end" },
    { era: "6.19", page: ["Fs 1-2", "E"], because: "flush_tlb_mm_range" },
  ] as const)("tells this of both its steps in $era: $because", async ({ era, page }) => {
    const step = ["S CLEAR 1-2", ...page];
    expect(await notifiedOf("KSM merge", era)).toEqual([...step, ...step]);
  });
});

describe("the reverse map", () => {
  test.each(["3.17", "3.19"] as const)(
    "calls invalidate_page behind the flush in %s, and no pair (try_to_unmap_one)",
    async (era) => {
      expect(await toldOf("reclaim", era)).toEqual(["Fc 1", "invalidate_page 0-1", "free 1 page"]);
    },
  );

  test.each(["3.17", "3.19"] as const)(
    "calls invalidate_page for write-back in %s (page_mkclean_one)",
    async (era) => {
      expect(await toldOf("write-back", era)).toEqual(["Fc 1", "invalidate_page 2-3"]);
    },
  );

  test.each(["4.15", "6.4"] as const)(
    "has a pair in %s and flushes under the page-table lock where the page may go (try_to_unmap_one)",
    async (era) => {
      expect(await toldOf("reclaim", era)).toEqual([
        "S CLEAR 0-1",
        "Fc 1",
        "Fs 0-1",
        "Fs 0-1",
        "E",
        "free 1 page",
      ]);
    },
  );

  test.each(["4.15", "6.4"] as const)(
    "leaves write-back and migration to the end in %s (page_mkclean_one, try_to_migrate_one)",
    async (era) => {
      expect(await notifiedOf("write-back", era)).toEqual(["S PROTECTION_PAGE 0-8", "Fs 0-8", "E"]);
      expect(await notifiedOf("migration", era)).toEqual(["S CLEAR 0-1", "Fs 0-1", "E"]);
    },
  );

  test.each(VERSIONS.slice(2))(
    "never calls invalidate_page in %s (removed in 4.14)",
    async (era) => {
      for (const operation of ["reclaim", "write-back", "migration"] as const) {
        expect((await toldOf(operation, era)).join()).not.toContain("invalidate_page");
      }
    },
  );
});

describe("what leans on the end of its pair", () => {
  const LEANING: { operation: OperationName; range: string; because: string }[] = [
    { operation: "fork", range: "0-2", because: "copy_page_range" },
    { operation: "mprotect", range: "0-4", because: "change_protection_range" },
    { operation: "mremap", range: "0-4", because: "move_page_tables" },
    { operation: "collapse", range: "512-1024", because: "collapse_huge_page" },
    { operation: "clearing of soft-dirty bits", range: "all", because: "clear_refs_write" },
  ];

  test.each(LEANING)("is $operation from 3.19 to 6.4 ($because)", async ({ operation, range }) => {
    for (const era of ["3.19", "4.15", "6.4"] as const) {
      const told = await toldOf(operation, era);
      expect(told[told.indexOf("E") - 1]).toBe(`Fs ${range}`);
      expect(flushes(before(told, "E"))).toHaveLength(1);
    }
  });

  test.each(LEANING)("gets no flush at the end from 6.6 on: $operation", async ({ operation }) => {
    const told = await toldOf(operation, "6.19");
    const inside = before(told, "E").filter((line) => /^(Fc|Fs)/.test(line));
    // the flush that a notifier hears of stands right behind one of the CPUs
    expect(inside.filter((line) => line.startsWith("Fs"))).toHaveLength(
      inside.filter((line) => line.startsWith("Fc")).length,
    );
  });

  test("loses its writable entries at each vma's end until 6.4, and at the end of fork since 6.6", async () => {
    const old = await notifiedOf("fork", "6.4");
    expect(flushes(old)).toEqual(["Fs 0-2", "Fs 16-18", "Fs 262143-262144"]);
    expect(flushes(await notifiedOf("fork", "6.19"))).toEqual(["Fs all"]);
  });
});

describe("huge pages", () => {
  test.each([
    { era: "3.19", told: ["S CLEAR 512-1024", "Fs 512-1024", "Fs 512-1024", "E"] },
    { era: "4.15", told: ["S CLEAR 512-1024", "Fs 512-1024", "E"] },
  ] as const)(
    "are copied whole when they are written in $era, with the flush of the pmd (do_huge_pmd_wp_page)",
    async ({ era, told }) => {
      expect(await notifiedOf("write to a shared huge page", era)).toEqual(told);
      expect(await notifiedOf("write to the huge zero page", era)).toEqual(told);
    },
  );

  test("are split in 6.4, the huge zero page too, and secondary TLBs keep what stays mapped", async () => {
    const told = [
      "S CLEAR 512-1024",
      "E",
      "S CLEAR 512-513",
      "Fs 512-513",
      "change_pte 512-513",
      "E",
    ];
    expect(await notifiedOf("write to a shared huge page", "6.4")).toEqual(told);
    expect(await notifiedOf("write to the huge zero page", "6.4")).toEqual(told);
  });

  test.each([
    { era: "3.17", split: ["S CLEAR 512-1024", "E"], because: "no secondary flush" },
    { era: "3.19", split: ["S CLEAR 512-1024", "Fs 512-1024", "E"], because: "the end flushes" },
    { era: "4.15", split: ["S CLEAR 512-1024", "E"], because: "only_end: the pages stay" },
    { era: "6.4", split: ["S CLEAR 512-1024", "E"], because: "only_end: the pages stay" },
    { era: "6.19", split: ["S CLEAR 512-1024", "Fs 512-1024", "E"], because: "pmdp_invalidate" },
  ] as const)("that are split tell this in $era: $because", async ({ era, split }) => {
    const told = await notifiedOf("split of a huge page", era);
    expect(told.slice(1, 1 + split.length)).toEqual(split);
  });

  test("get a notifying clear under mprotect in 3.19 only (change_huge_pmd)", async () => {
    const operation = "mprotect of a huge page";
    expect(flushes(before(await toldOf(operation, "3.19"), "E"))).toHaveLength(2);
    for (const era of ["4.15", "6.4"] as const) {
      expect(flushes(before(await toldOf(operation, era), "E"))).toHaveLength(1);
    }
  });
});

describe("hugetlb", () => {
  test("is flushed by hand in fork, mprotect and copy-on-write in 3.19", async () => {
    expect(await notifiedOf("fork with hugetlb", "3.19")).toEqual([
      "S CLEAR 512-1536",
      "Fs 512-1536",
      "Fs 512-1536",
      "Fs 512-1536",
      "E",
      "S PROTECTION_PAGE 262143-262144",
      "Fs 262143-262144",
      "E",
    ]);
    expect(await toldOf("mprotect of hugetlb", "3.19")).toEqual([
      "S PROTECTION_VMA 512-1536",
      "Fc 2",
      "Fs 512-1536",
      "Fs 512-1536",
      "E",
    ]);
  });

  test.each(["4.15", "6.4"] as const)(
    "is left to the end in %s where it only loses rights, and flushed by hand where it is copied",
    async (era) => {
      const fork = await notifiedOf("fork with hugetlb", era);
      expect(fork.slice(0, 3)).toEqual(["S CLEAR 512-1536", "Fs 512-1536", "E"]);
      const mprotect = await toldOf("mprotect of hugetlb", era);
      expect(mprotect).toEqual(["S PROTECTION_VMA 512-1536", "Fc 2", "Fs 512-1536", "E"]);
      const copy = await toldOf("copy-on-write of hugetlb", era);
      expect(copy).toEqual(["S CLEAR 512-1024", "Fc 1", "Fs 512-1024", "Fs 512-1024", "E"]);
    },
  );
});

describe("mprotect", () => {
  const LAST = (2 * GIB) / PAGE - 8;

  /** Two GiB with three populated blocks. */
  async function sparse(era: EraName): Promise<string[]> {
    const probe = await KernelProbe.boot(era, "x86", {}, false);
    probe.program.map(0, LAST).write(1024, 1).write(3000, 1).write(262744, 1);
    return probe.tell((p) => p.protect(0, LAST, R)).filter((line) => line.startsWith("S "));
  }

  test.each(["3.17", "3.19", "4.15", "6.4"] as const)(
    "announces each GiB from its first populated block on in %s (change_pmd_range)",
    async (era) => {
      expect(await sparse(era)).toEqual([
        "S PROTECTION_VMA 1024-262144",
        `S PROTECTION_VMA 262656-${LAST}`,
      ]);
    },
  );

  test("announces once from the first populated GiB on in 6.19 (change_pud_range)", async () => {
    expect(await sparse("6.19")).toEqual([`S PROTECTION_VMA 0-${LAST}`]);
  });

  test.each(VERSIONS)("announces nothing in %s where no table is", async (era) => {
    const probe = await KernelProbe.boot(era, "x86", {}, false);
    probe.program.map(0, 8);
    expect(probe.tell((p) => p.protect(0, 8, R))).toEqual([]);
  });

  test.each(["3.17", "3.19", "4.15"] as const)(
    "flushes its whole range behind the end in %s as soon as one entry was there (flush_tlb_range)",
    async (era) => {
      const probe = await KernelProbe.boot(era);
      probe.program.map(0, 16).read(3, 1);
      const told = probe.tell((p) => p.protect(0, 16, R));
      expect(told.slice(told.indexOf("E"))).toEqual(["E", "Fc 16"]);
    },
  );

  test.each(["6.4", "6.19"] as const)(
    "flushes what may do harm, and nothing here, in %s (pte_needs_flush)",
    async (era) => {
      const probe = await KernelProbe.boot(era);
      probe.program.map(0, 16, R).read(3, 1);
      const told = probe.tell((p) => p.protect(0, 16, RW));
      expect(told.filter((line) => line.startsWith("Fc"))).toEqual([]);
    },
  );

  describe("of a mapping at address 0", () => {
    /**
     * Pairs that are open when a mapping of `gib` GiB at address 0, populated in each, is
     * protected.
     */
    async function pairs(era: EraName, gib: number): Promise<{ starts: number; ends: number }> {
      const probe = await KernelProbe.boot(era, "x86", {}, false);
      const zero = -BASE / PAGE;
      probe.program.map(zero, (gib * GIB) / PAGE);
      for (let i = 0; i < gib; i++) probe.program.write(zero + (i * GIB) / PAGE, 1);
      const told = probe.tell((p) => p.protect(zero, (gib * GIB) / PAGE, R));
      return {
        starts: told.filter((line) => line.startsWith("S ")).length,
        ends: told.filter((line) => line === "E").length,
      };
    }

    test.each(VERSIONS)(
      "opens a pair in %s that never ends: 0 stands for a pair that is not open",
      async (era) => {
        expect(await pairs(era, 1)).toEqual({ starts: 1, ends: 0 });
      },
    );

    test("opens it once more at the next populated GiB in 6.19, and ends that (change_pud_range)", async () => {
      expect(await pairs("6.19", 2)).toEqual({ starts: 2, ends: 1 });
    });
  });
});

describe("madvise", () => {
  test.each(["3.17", "3.19", "4.15", "6.4"] as const)(
    "flushes and frees vma by vma in %s (zap_page_range, zap_page_range_single)",
    async (era) => {
      const told = await toldOf("MADV_DONTNEED of two vmas", era);
      expect(told.filter((line) => line.startsWith("Fc"))).toEqual(["Fc 2", "Fc 2"]);
    },
  );

  test("flushes once for all ranges of a call in 6.19 (madvise_finish_tlb)", async () => {
    const told = await toldOf("MADV_DONTNEED of two vmas", "6.19");
    expect(told.filter((line) => line.startsWith("Fc"))).toEqual(["Fc 4"]);
  });

  test.each(["3.17", "3.19", "4.15", "6.4"] as const)(
    "keeps an empty pte table in %s (PT_RECLAIM came with 6.14)",
    async (era) => {
      expect((await toldOf("MADV_DONTNEED of 2 MiB", era)).join()).not.toContain("table");
    },
  );
});

describe("mremap", () => {
  test.each(["3.17", "3.19", "4.15"] as const)(
    "copies the entries of a block in %s and flushes once, inside the pair; the old table goes later",
    async (era) => {
      const told = await toldOf("mremap of 2 MiB", era);
      expect(before(told, "E").filter((line) => line.startsWith("Fc"))).toEqual(["Fc all"]);
      expect(told.at(-1)).toBe("free 1 table");
    },
  );

  test.each(["3.17", "3.19", "4.15"] as const)(
    "flushes the range once in %s, also where several blocks move (move_page_tables)",
    async (era) => {
      const probe = await KernelProbe.boot(era);
      probe.program.map(0, 1100).write(0, 1).write(600, 1).write(1090, 1).drain();
      const told = probe.tell((p) => p.remap(0, 1100, 8193));
      expect(before(told, "E").filter((line) => line.startsWith("Fc"))).toEqual(["Fc all"]);
    },
  );

  test.each(["6.4", "6.19"] as const)(
    "flushes each step in %s, under its locks (move_ptes)",
    async (era) => {
      const probe = await KernelProbe.boot(era);
      probe.program.map(0, 1100).write(0, 1).write(600, 1).write(1090, 1).drain();
      const told = probe.tell((p) => p.remap(0, 1100, 8193));
      const steps = before(told, "E").filter((line) => line.startsWith("Fc"));
      expect(steps.length).toBeGreaterThan(1);
    },
  );
});

describe("the retraction of a file's pte table", () => {
  test("is told to nobody until 4.15, although the table is freed (retract_page_tables)", async () => {
    const told = await toldOf("collapse of a file's block", "4.15");
    expect(told.slice(-2)).toEqual(["Fc all", "free 1 table"]);
    expect(told).not.toContain("S CLEAR 512-1024");
  });

  test("stands in a pair of the block in 6.4, with the flush at its end", async () => {
    const told = await toldOf("collapse of a file's block", "6.4");
    expect(told.slice(-5)).toEqual([
      "S CLEAR 512-1024",
      "Fc all",
      "Fs 512-1024",
      "E",
      "free 1 table",
    ]);
  });
});

describe("exit", () => {
  test.each(VERSIONS)("releases the notifier first in %s, and then says no more", async (era) => {
    for (const arch of ["x86", "arm64"] as const) {
      const told = await toldOf("exit", era, arch);
      expect(told[0]).toBe("release");
      expect(told.join()).not.toMatch(/\bS \b|\bE\b|Fs|invalidate_page/);
    }
  });
});

describe("a fault that only adds rights", () => {
  const operation = "write to a page that nobody shares any more";

  test.each(VERSIONS)("flushes nothing on x86 in %s (ptep_set_access_flags)", async (era) => {
    expect(await toldOf(operation, era)).toEqual([]);
  });

  test.each(["3.17", "3.19", "4.15", "6.4"] as const)(
    "is broadcast to CPUs on arm64 in %s and told to no secondary TLB, which may refuse for ever",
    async (era) => {
      expect(await toldOf(operation, era, "arm64")).toEqual(["TLBI 1", "DSB"]);
    },
  );

  test("is told to secondary TLBs on arm64 in 6.19 (local_flush_tlb_page)", async () => {
    expect(await toldOf(operation, "6.19", "arm64")).toEqual(["Fc 1", "Fs 0-1", "DSB"]);
  });
});

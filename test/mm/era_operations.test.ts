/**
 * What Linux 6.19 tells of each operation, in order: the pair, the flushes of CPUs and of secondary
 * TLBs, and what is freed behind them. `S` and `E` are the pair, `Fc` a flush of this CPU, `IPI`
 * one that others are asked for, `TLBI` and `DSB` a broadcast and its barrier, `Fs` the secondary
 * flush.
 */
import { describe, expect, test } from "vitest";
import { type OperationName, toldOf } from "../support/notifying_operations.js";

interface Row {
  rule: string;
  operation: OperationName;
  because: string;
  x86: string[];
  arm64: string[];
}

/** Rows for which both architectures tell the same, but for how CPUs are flushed. */
const ROWS: Row[] = [
  {
    rule: "munmap is announced as UNMAP; on x86 pages and tables are flushed together after the end, on arm64 pages inside the pair",
    operation: "munmap",
    because: "vms_clear_ptes, tlb_end_vma, tlb_finish_mmu",
    x86: ["S UNMAP 0-8", "E", "Fc 8", "Fs 0-8", "free 1 table", "free 8 pages"],
    arm64: [
      "S UNMAP 0-8",
      "TLBI 8",
      "Fs 0-8",
      "DSB",
      "E",
      "TLBI 1",
      "Fs 0-512",
      "DSB",
      "free 1 table",
      "free 8 pages",
    ],
  },
  {
    rule: "mmap over a mapping tells what munmap tells",
    operation: "mmap over a mapping",
    because: "__mmap_region, vms_clear_ptes",
    x86: ["S UNMAP 0-8", "E", "Fc 8", "Fs 0-8", "free 1 table", "free 8 pages"],
    arm64: [
      "S UNMAP 0-8",
      "TLBI 8",
      "Fs 0-8",
      "DSB",
      "E",
      "TLBI 1",
      "Fs 0-512",
      "DSB",
      "free 1 table",
      "free 8 pages",
    ],
  },
  {
    rule: "munmap of several vmas is one pair; x86 flushes over the hole between them, arm64 each vma by itself",
    operation: "munmap of two vmas",
    because: "unmap_vmas, CONFIG_MMU_GATHER_MERGE_VMAS",
    x86: ["S UNMAP 0-32", "E", "Fc 18", "Fs 0-18", "free 4 pages"],
    arm64: [
      "S UNMAP 0-32",
      "TLBI 2",
      "Fs 0-2",
      "DSB",
      "TLBI 2",
      "Fs 16-18",
      "DSB",
      "E",
      "free 4 pages",
    ],
  },
  {
    rule: "a gather that is full is flushed, and its pages are freed, inside the pair",
    operation: "munmap of 9,800 pages",
    because: "tlb_next_batch, MAX_GATHER_BATCH_COUNT",
    x86: [
      "S UNMAP 0-9800",
      "Fc all",
      "Fs 0-9678",
      "free 9678 pages",
      "E",
      "Fc all",
      "Fs 0-9800",
      "free 20 tables",
      "free 122 pages",
    ],
    arm64: [
      "S UNMAP 0-9800",
      "TLBI all",
      "DSB",
      "Fs all",
      "free 9678 pages",
      "TLBI 122",
      "Fs 9678-9800",
      "DSB",
      "E",
      "TLBI 20",
      "Fs 0-10240",
      "DSB",
      "free 20 tables",
      "free 122 pages",
    ],
  },
  {
    rule: "dirty pages of shared memory are flushed before the page-table lock is dropped, inside the pair",
    operation: "munmap of dirty shared memory",
    because: "zap_pte_range, tlb_flush_rmaps",
    x86: ["S UNMAP 0-8", "Fc 4", "Fs 0-4", "E", "Fc 0", "Fs 0-1", "free 1 table"],
    arm64: [
      "S UNMAP 0-8",
      "TLBI 4",
      "Fs 0-4",
      "DSB",
      "E",
      "TLBI 1",
      "Fs 0-512",
      "DSB",
      "free 1 table",
    ],
  },
  {
    rule: "exit releases the notifier before it clears anything, and tells nothing after that",
    operation: "exit",
    because: "exit_mmap, __mmu_notifier_release",
    x86: ["release", "free 4 tables", "free 9 pages", "free 1 table"],
    arm64: ["release", "TLBI all", "DSB", "free 4 tables", "free 9 pages", "free 1 table"],
  },
  {
    rule: "MADV_DONTNEED announces CLEAR for each vma; x86 flushes once for the call, arm64 inside each pair",
    operation: "MADV_DONTNEED of two vmas",
    because: "zap_page_range_single_batched, madvise_finish_tlb",
    x86: ["S CLEAR 0-2", "E", "S CLEAR 2-4", "E", "Fc 4", "Fs 0-4", "free 2 pages"],
    arm64: [
      "S CLEAR 0-2",
      "TLBI 2",
      "Fs 0-2",
      "DSB",
      "E",
      "S CLEAR 2-4",
      "TLBI 2",
      "Fs 2-4",
      "DSB",
      "E",
      "free 2 pages",
    ],
  },
  {
    rule: "MADV_DONTNEED of a whole block frees its empty pte table on x86 only",
    operation: "MADV_DONTNEED of 2 MiB",
    because: "try_get_and_clear_pmd, CONFIG_PT_RECLAIM",
    x86: ["S CLEAR 0-512", "E", "Fc 2", "Fs 0-2", "free 1 table", "free 2 pages"],
    arm64: ["S CLEAR 0-512", "TLBI 2", "Fs 0-2", "DSB", "E", "free 2 pages"],
  },
  {
    rule: "MADV_FREE announces CLEAR and frees nothing: entries become clean and old",
    operation: "MADV_FREE",
    because: "madvise_free_single_vma",
    x86: ["S CLEAR 0-4", "E", "Fc 4", "Fs 0-4"],
    arm64: ["S CLEAR 0-4", "TLBI 4", "Fs 0-4", "DSB", "E"],
  },
  {
    rule: "MADV_COLD announces nothing, and still flushes secondary TLBs",
    operation: "MADV_COLD",
    because: "madvise_cold, tlb_finish_mmu",
    x86: ["Fc 4", "Fs 0-4"],
    arm64: ["TLBI 4", "Fs 0-4", "DSB"],
  },
  {
    rule: "guard pages announce CLEAR where pages are in the way",
    operation: "guard pages",
    because: "madvise_guard_install, zap_page_range_single",
    x86: ["S CLEAR 0-4", "E", "Fc 4", "Fs 0-4", "free 4 pages"],
    arm64: ["S CLEAR 0-4", "TLBI 4", "Fs 0-4", "DSB", "E", "free 4 pages"],
  },
  {
    rule: "truncation announces CLEAR for the part of each vma that is cut, twice",
    operation: "truncate",
    because: "truncate_pagecache, unmap_mapping_range",
    x86: ["S CLEAR 6-8", "E", "Fc 2", "Fs 6-8", "free 2 pages", "S CLEAR 6-8", "E"],
    arm64: ["S CLEAR 6-8", "TLBI 2", "Fs 6-8", "DSB", "E", "free 2 pages", "S CLEAR 6-8", "E"],
  },
  {
    rule: "a punched hole announces CLEAR for the part of each vma that it hits",
    operation: "hole punch",
    because: "unmap_mapping_range, unmap_mapping_range_vma",
    x86: ["S CLEAR 4-6", "E", "Fc 2", "Fs 4-6", "free 2 pages"],
    arm64: ["S CLEAR 4-6", "TLBI 2", "Fs 4-6", "DSB", "E", "free 2 pages"],
  },
  {
    rule: "mprotect announces PROTECTION_VMA and flushes after the end on both architectures",
    operation: "mprotect",
    because: "change_pud_range, tlb_end_vma, tlb_finish_mmu",
    x86: ["S PROTECTION_VMA 0-4", "E", "Fc 4", "Fs 0-4"],
    arm64: ["S PROTECTION_VMA 0-4", "E", "TLBI 4", "Fs 0-4", "DSB"],
  },
  {
    rule: "mprotect of a huge page flushes one stride of 2 MiB after the end",
    operation: "mprotect of a huge page",
    because: "change_huge_pmd, pmdp_invalidate_ad",
    x86: ["S PROTECTION_VMA 512-1024", "E", "Fc 1", "Fs 512-1024"],
    arm64: ["S PROTECTION_VMA 512-1024", "E", "TLBI 1", "Fs 512-1024", "DSB"],
  },
  {
    rule: "mprotect of hugetlb flushes inside the pair, and everything when its outer gather ends",
    operation: "mprotect of hugetlb",
    because: "hugetlb_change_protection, mm_tlb_flush_nested",
    x86: ["S PROTECTION_VMA 512-1536", "Fc 2", "Fs 512-1536", "E", "Fc all", "Fs all"],
    arm64: [
      "S PROTECTION_VMA 512-1536",
      "TLBI 2",
      "Fs 512-1536",
      "DSB",
      "E",
      "TLBI all",
      "DSB",
      "Fs all",
    ],
  },
  {
    rule: "mremap announces UNMAP of the old range only, and flushes it inside the pair",
    operation: "mremap",
    because: "move_page_tables, move_ptes",
    x86: ["S UNMAP 0-4", "Fc 4", "Fs 0-4", "E", "S UNMAP 0-4", "E"],
    arm64: ["S UNMAP 0-4", "TLBI 4", "Fs 0-4", "DSB", "E", "S UNMAP 0-4", "E"],
  },
  {
    rule: "mremap moves a pte table whole, so that unmapping the old range frees none",
    operation: "mremap of 2 MiB",
    because: "move_normal_pmd",
    x86: ["S UNMAP 512-1024", "Fc all", "Fs 512-1024", "E", "S UNMAP 512-1024", "E"],
    arm64: ["S UNMAP 512-1024", "TLBI all", "DSB", "Fs all", "E", "S UNMAP 512-1024", "E"],
  },
  {
    rule: "mremap of hugetlb announces CLEAR of the old range",
    operation: "mremap of hugetlb",
    because: "move_hugetlb_page_tables",
    x86: ["S CLEAR 512-1536", "Fc 2", "Fs 512-1536", "E", "S UNMAP 512-1536", "E"],
    arm64: ["S CLEAR 512-1536", "TLBI 2", "Fs 512-1536", "DSB", "E", "S UNMAP 512-1536", "E"],
  },
  {
    rule: "fork announces PROTECTION_PAGE for each private vma that was written, whole, and flushes everything once at the end",
    operation: "fork",
    because: "dup_mmap, copy_page_range, flush_tlb_mm",
    x86: [
      "S PROTECTION_PAGE 0-2",
      "E",
      "S PROTECTION_PAGE 16-18",
      "E",
      "S PROTECTION_PAGE 262143-262144",
      "E",
      "Fc all",
      "Fs all",
    ],
    arm64: [
      "S PROTECTION_PAGE 0-2",
      "E",
      "S PROTECTION_PAGE 16-18",
      "E",
      "S PROTECTION_PAGE 262143-262144",
      "E",
      "TLBI all",
      "DSB",
      "Fs all",
    ],
  },
  {
    rule: "fork announces CLEAR for a private hugetlb vma",
    operation: "fork with hugetlb",
    because: "copy_hugetlb_page_range",
    x86: ["S CLEAR 512-1536", "E", "S PROTECTION_PAGE 262143-262144", "E", "Fc all", "Fs all"],
    arm64: [
      "S CLEAR 512-1536",
      "E",
      "S PROTECTION_PAGE 262143-262144",
      "E",
      "TLBI all",
      "DSB",
      "Fs all",
    ],
  },
  {
    rule: "copy-on-write announces CLEAR of one page and flushes it inside the pair",
    operation: "copy-on-write",
    because: "wp_page_copy, ptep_clear_flush",
    x86: ["S CLEAR 0-1", "Fc 1", "Fs 0-1", "E"],
    arm64: ["S CLEAR 0-1", "TLBI 1", "Fs 0-1", "DSB", "E"],
  },
  {
    rule: "a write to the zero page is a copy like any other",
    operation: "copy-on-write of the zero page",
    because: "wp_page_copy",
    x86: ["S CLEAR 1-2", "Fc 1", "Fs 1-2", "E"],
    arm64: ["S CLEAR 1-2", "TLBI 1", "Fs 1-2", "DSB", "E"],
  },
  {
    rule: "a page that is taken over tells nothing on x86; arm64 drops the local read-only entry and tells secondary TLBs",
    operation: "write to a page that nobody shares any more",
    because: "wp_page_reuse, ptep_set_access_flags",
    x86: [],
    arm64: ["Fc 1", "Fs 0-1", "DSB"],
  },
  {
    rule: "a write to the huge zero page announces CLEAR of 2 MiB and flushes inside the pair",
    operation: "write to the huge zero page",
    because: "do_huge_zero_wp_pmd",
    x86: ["S CLEAR 512-1024", "Fc all", "Fs 512-1024", "E"],
    arm64: ["S CLEAR 512-1024", "TLBI 1", "Fs 512-1024", "DSB", "E"],
  },
  {
    rule: "a write to a shared huge page splits it and copies one page of 4 KiB",
    operation: "write to a shared huge page",
    because: "do_huge_pmd_wp_page, __split_huge_pmd, wp_page_copy",
    x86: [
      "S CLEAR 512-1024",
      "Fc all",
      "Fs 512-1024",
      "E",
      "S CLEAR 512-513",
      "Fc 1",
      "Fs 512-513",
      "E",
    ],
    arm64: [
      "S CLEAR 512-1024",
      "TLBI 1",
      "Fs 512-1024",
      "DSB",
      "E",
      "S CLEAR 512-513",
      "TLBI 1",
      "Fs 512-513",
      "DSB",
      "E",
    ],
  },
  {
    rule: "the split of a huge page announces CLEAR of 2 MiB inside whatever pair is open, and flushes at once",
    operation: "split of a huge page",
    because: "__split_huge_pmd, pmdp_invalidate",
    x86: [
      "S CLEAR 512-513",
      "S CLEAR 512-1024",
      "Fc all",
      "Fs 512-1024",
      "E",
      "E",
      "Fc 1",
      "Fs 512-513",
    ],
    arm64: [
      "S CLEAR 512-513",
      "S CLEAR 512-1024",
      "TLBI 1",
      "Fs 512-1024",
      "DSB",
      "E",
      "TLBI 1",
      "Fs 512-513",
      "DSB",
      "E",
    ],
  },
  {
    rule: "a collapse ends its pair before it copies; pages go behind that",
    operation: "collapse",
    because: "collapse_huge_page, pmdp_collapse_flush",
    x86: ["S CLEAR 512-1024", "Fc all", "Fs 512-1024", "E", "free 4 pages", "free 1 table"],
    arm64: ["S CLEAR 512-1024", "TLBI all", "DSB", "Fs all", "E", "free 4 pages", "free 1 table"],
  },
  {
    rule: "KSM announces CLEAR of one page twice: to write-protect it, and to replace it",
    operation: "KSM merge",
    because: "write_protect_page, replace_page",
    x86: ["S CLEAR 1-2", "Fs 1-2", "E", "S CLEAR 1-2", "Fs 1-2", "free 1 page", "E"],
    arm64: [
      "S CLEAR 1-2",
      "TLBI 1",
      "Fs 1-2",
      "DSB",
      "E",
      "S CLEAR 1-2",
      "TLBI 1",
      "Fs 1-2",
      "DSB",
      "free 1 page",
      "E",
    ],
  },
  {
    rule: "reclaim announces CLEAR of each mapping; arm64 leaves the barrier until after the pair",
    operation: "reclaim",
    because: "try_to_unmap_one, arch_tlbbatch_flush",
    x86: ["S CLEAR 0-1", "Fc 1", "Fs 0-1", "E", "free 1 page"],
    arm64: ["S CLEAR 0-1", "TLBI 1", "Fs 0-1", "E", "DSB", "free 1 page"],
  },
  {
    rule: "migration announces what reclaim announces, and moves the page behind the flush",
    operation: "migration",
    because: "try_to_migrate_one, migrate_pages_batch",
    x86: ["S CLEAR 0-1", "Fs 0-1", "E", "free 1 page"],
    arm64: ["S CLEAR 0-1", "TLBI 1", "Fs 0-1", "E", "DSB", "free 1 page"],
  },
  {
    rule: "write-back announces PROTECTION_PAGE of the folio's extent and flushes each writable entry inside",
    operation: "write-back",
    because: "page_vma_mkclean_one",
    x86: ["S PROTECTION_PAGE 0-8", "Fc 1", "Fs 2-3", "E"],
    arm64: ["S PROTECTION_PAGE 0-8", "TLBI 1", "Fs 2-3", "DSB", "E"],
  },
  {
    rule: "the reverse map is one pair for each mapping of the folio",
    operation: "write-back of a page mapped twice",
    because: "rmap_walk_file",
    x86: [
      "S PROTECTION_PAGE 0-8",
      "Fc 1",
      "Fs 2-3",
      "E",
      "S PROTECTION_PAGE 16-24",
      "Fc 1",
      "Fs 18-19",
      "E",
    ],
    arm64: [
      "S PROTECTION_PAGE 0-8",
      "TLBI 1",
      "Fs 2-3",
      "DSB",
      "E",
      "S PROTECTION_PAGE 16-24",
      "TLBI 1",
      "Fs 18-19",
      "DSB",
      "E",
    ],
  },
  {
    rule: "UFFDIO_MOVE announces CLEAR of the source only",
    operation: "UFFDIO_MOVE",
    because: "move_pages_ptes",
    x86: ["S CLEAR 8-12", "Fc 4", "Fs 8-12", "E"],
    arm64: ["S CLEAR 8-12", "TLBI 4", "Fs 8-12", "DSB", "E"],
  },
  {
    rule: "clearing soft-dirty bits announces SOFT_DIRTY of everything and flushes everything after the end",
    operation: "clearing of soft-dirty bits",
    because: "clear_refs_write",
    x86: ["S SOFT_DIRTY all", "E", "Fc all", "Fs all"],
    arm64: ["S SOFT_DIRTY all", "E", "TLBI all", "DSB", "Fs all"],
  },
  {
    rule: "PAGEMAP_SCAN that write-protects announces PROTECTION_VMA and flushes inside the pair",
    operation: "PAGEMAP_SCAN",
    because: "do_pagemap_scan, pagemap_scan_pmd_entry",
    x86: ["S PROTECTION_VMA 0-4", "Fc 4", "Fs 0-4", "E"],
    arm64: ["S PROTECTION_VMA 0-4", "TLBI 4", "Fs 0-4", "DSB", "E"],
  },
  {
    rule: "unmapping hugetlb flushes behind the end on x86, inside the pair on arm64",
    operation: "unmapping of hugetlb",
    because: "__unmap_hugepage_range",
    x86: ["S UNMAP 512-1536", "E", "Fc 2", "Fs 512-1536", "free 2 pages"],
    arm64: ["S UNMAP 512-1536", "TLBI 2", "Fs 512-1536", "DSB", "E", "free 2 pages"],
  },
  {
    rule: "copy-on-write of hugetlb announces CLEAR of the huge page and flushes inside",
    operation: "copy-on-write of hugetlb",
    because: "hugetlb_wp",
    x86: ["S CLEAR 512-1024", "Fc 1", "Fs 512-1024", "E"],
    arm64: ["S CLEAR 512-1024", "TLBI 1", "Fs 512-1024", "DSB", "E"],
  },
];

describe("Linux 6.19 on x86", () => {
  test.each(ROWS)("$rule ($because)", async ({ operation, x86 }) => {
    expect(await toldOf(operation, "6.19", "x86")).toEqual(x86);
  });
});

describe("Linux 6.19 on arm64", () => {
  test.each(ROWS)("$rule ($because)", async ({ operation, arm64 }) => {
    expect(await toldOf(operation, "6.19", "arm64")).toEqual(arm64);
  });
});

describe("a page that becomes present", () => {
  test.each([
    { operation: "first write", because: "do_anonymous_page" },
    { operation: "swap-in", because: "do_swap_page" },
    { operation: "UFFDIO_COPY", because: "mfill_atomic_install_pte" },
  ] as const)("is told to nobody by $operation ($because)", async ({ operation }) => {
    expect(await toldOf(operation, "6.19", "x86")).toEqual([]);
    expect(await toldOf(operation, "6.19", "arm64")).toEqual([]);
  });
});

describe("a collapsed block of a file", () => {
  test("is unmapped page by page, then its pte table goes under a pair of the block, freed behind the end", async () => {
    const told = await toldOf("collapse of a file's block", "6.19");
    const pair = told.lastIndexOf("S CLEAR 512-1024");
    expect(told.slice(pair)).toEqual([
      "S CLEAR 512-1024",
      "Fc all",
      "Fs 512-1024",
      "E",
      "free 1 table",
    ]);
    expect(told.slice(0, pair)).toContain("S CLEAR 512-513");
  });
});

describe("in every order that is told", () => {
  test.each(ROWS)("what $operation frees lies behind a flush ($because)", async ({ operation }) => {
    for (const arch of ["x86", "arm64"] as const) {
      const told = await toldOf(operation, "6.19", arch);
      const free = told.findIndex((line) => line.startsWith("free"));
      if (free < 0 || told[0] === "release") continue;
      expect(told.slice(0, free).some((line) => line.startsWith("Fs"))).toBe(true);
    }
  });

  test.each(ROWS)("each start of $operation has its end ($because)", async ({ operation }) => {
    for (const arch of ["x86", "arm64"] as const) {
      const told = await toldOf(operation, "6.19", arch);
      const starts = told.filter((line) => line.startsWith("S "));
      expect(told.filter((line) => line === "E")).toHaveLength(starts.length);
    }
  });
});

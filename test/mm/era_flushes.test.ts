/**
 * How flushes of CPUs and of secondary TLBs stand to one another: the gather, the ceilings, the
 * order, and what suppresses a flush.
 */
import { describe, expect, test } from "vitest";
import { type EraName, KernelProbe } from "../support/kernel_probe.js";
import { BLOCK, toldOf } from "../support/notifying_operations.js";
import { NONE, PRIVATE, R, RW } from "../support/program.js";

const HUGETLB = PRIVATE | 0x40000;
const DONTNEED = 4;
const PAGEOUT = 21;

/** What unmapping of that many written pages tells before the end of the pair. */
async function insidePair(era: EraName, pages: number): Promise<string[]> {
  const probe = await KernelProbe.boot(era);
  probe.program.map(0, pages).write(0, pages).drain();
  const told = probe.tell((p) => p.unmap(0, pages));
  return told.slice(1, told.indexOf("E"));
}

describe("the gather", () => {
  test.each([
    { era: "6.4", pages: 8 + 19 * 510, because: "MMU_GATHER_BUNDLE, MAX_GATHER_BATCH" },
    {
      era: "6.19",
      pages: 7 + 19 * 509,
      because: "the last place of each batch is for the length of a run: encode_nr_pages",
    },
  ] as const)(
    "of $era holds $pages pages, in a bundle and 19 batches ($because)",
    async ({ era, pages }) => {
      expect(await insidePair(era, pages - 1)).not.toContain("Fc all");
      expect((await insidePair(era, pages)).slice(0, 3)).toEqual([
        "Fc all",
        `Fs 0-${pages}`,
        `free ${pages} pages`,
      ]);
    },
  );

  test("notes of a freed pte table the first page of its block (pte_free_tlb)", async () => {
    const probe = await KernelProbe.boot("6.19");
    probe.program.map(6, 9).write(6, 9).drain();
    expect(probe.tell((p) => p.unmap(6, 9))).toContain("Fs 0-15");
  });

  test("that gathered nothing flushes nothing (tlb_flush_mmu_tlbonly)", async () => {
    for (const arch of ["x86", "arm64"] as const) {
      const probe = await KernelProbe.boot("6.19", arch);
      probe.program.map(0, 8);
      expect(probe.tell((p) => p.advise(0, 8, DONTNEED))).toEqual(["S CLEAR 0-8", "E"]);
    }
  });

  test("frees its tables before its pages (tlb_flush_mmu_free)", async () => {
    expect((await toldOf("munmap", "6.19")).slice(-2)).toEqual(["free 1 table", "free 8 pages"]);
  });
});

/** What mprotect of written pages of 4 KiB or 2 MiB tells behind the end of the pair. */
async function flushOf(
  arch: "x86" | "arm64",
  era: "3.19" | "4.15" | "6.4" | "6.19",
  pages: number,
): Promise<string[]> {
  const probe = await KernelProbe.boot(era, arch);
  probe.program.map(0, pages).write(0, pages);
  const told = probe.tell((p) => p.protect(0, pages, R));
  return told.slice(told.indexOf("E") + 1);
}

describe("a flush of 33 strides or more on x86", () => {
  test("goes page by page up to the ceiling of 33 (tlb_single_page_flush_ceiling)", async () => {
    expect(await flushOf("x86", "6.19", 33)).toEqual(["Fc 33", "Fs 0-33"]);
  });

  test("is of everything for the CPU above that, and exact for secondary TLBs (flush_tlb_mm_range)", async () => {
    expect(await flushOf("x86", "6.19", 34)).toEqual(["Fc all", "Fs 0-34"]);
  });

  test("counts strides of 2 MiB where huge pages are mapped (tlb_get_unmap_shift)", async () => {
    const probe = await KernelProbe.boot("6.19");
    const pages = 33 * BLOCK;
    probe.program.map(BLOCK, pages, RW, HUGETLB);
    for (let block = 1; block <= 33; block++) probe.program.write(block * BLOCK, 1);
    const told = probe.tell((p) => p.unmap(BLOCK, pages));
    expect(told).toContain("Fc 33");
    expect(told).toContain(`Fs ${BLOCK}-${BLOCK + pages}`);
  });
});

describe("a large flush on arm64", () => {
  test("is a range up to 511 strides (MAX_DVM_OPS)", async () => {
    expect(await flushOf("arm64", "6.19", 511)).toEqual(["TLBI 511", "Fs 0-511", "DSB"]);
  });

  test("becomes flush_tlb_mm at 512, and secondary TLBs are told of everything too", async () => {
    expect(await flushOf("arm64", "6.19", 512)).toEqual(["TLBI all", "DSB", "Fs all"]);
  });

  test("stays exact for secondary TLBs as long as the generic code told them", async () => {
    expect(await flushOf("arm64", "6.4", 512)).toEqual(["TLBI all", "DSB", "Fs 0-512"]);
  });

  test("went up to 1024 pages in 4.15 (MAX_TLB_RANGE)", async () => {
    expect(await flushOf("arm64", "4.15", 1024)).toEqual(["TLBI 1024", "DSB"]);
    expect(await flushOf("arm64", "4.15", 1025)).toEqual(["TLBI all", "DSB"]);
  });
});

describe("the order of a flush", () => {
  test("on x86 is other CPUs, this CPU, secondary TLBs (flush_tlb_mm_range)", async () => {
    const probe = await KernelProbe.boot("6.19");
    probe.program.map(0, 4).write(0, 4).thread(0);
    const told = probe.tell((p) => p.protect(0, 4, R));
    expect(told).toEqual(["S PROTECTION_VMA 0-4", "E", "IPI 4", "Fc 4", "Fs 0-4"]);
  });

  test("reaches secondary TLBs even if no CPU needs it: ksmd works on an mm that is not loaded", async () => {
    const told = await toldOf("KSM merge", "6.19");
    expect(told.filter((line) => line.startsWith("Fc"))).toEqual([]);
    expect(told.filter((line) => line.startsWith("Fs"))).toHaveLength(2);
  });

  test("on arm64 tells secondary TLBs of a range before the barrier (__flush_tlb_range_nosync)", async () => {
    expect(await flushOf("arm64", "6.19", 4)).toEqual(["TLBI 4", "Fs 0-4", "DSB"]);
  });

  test("on arm64 tells them of everything behind the barrier (flush_tlb_mm)", async () => {
    const told = await toldOf("clearing of soft-dirty bits", "6.19", "arm64");
    expect(told.slice(-3)).toEqual(["TLBI all", "DSB", "Fs all"]);
  });

  test("on arm64 told them behind the barrier while the generic code did", async () => {
    expect(await flushOf("arm64", "6.4", 4)).toEqual(["TLBI 4", "DSB", "Fs 0-4"]);
  });
});

/** Pages that reclaim takes from a program with a thread on another CPU. */
async function reclaimed(arch: "x86" | "arm64", era: "4.15" | "6.4" | "6.19"): Promise<string[]> {
  const probe = await KernelProbe.boot(era, arch, { swap: true });
  probe.program.map(0, 2).write(0, 2).drain();
  // both pages reach swap and come back clean, so that none of them has to be written
  probe.program.advise(0, 2, PAGEOUT).read(0, 2).drain().thread(0);
  return probe.tell((p) => p.advise(0, 2, PAGEOUT));
}

describe("batched reclaim", () => {
  test("on x86 tells secondary TLBs of everything for each page, and CPUs once (arch_tlbbatch_add_pending)", async () => {
    expect(await reclaimed("x86", "6.19")).toEqual([
      "S CLEAR 0-1",
      "Fs all",
      "E",
      "S CLEAR 1-2",
      "Fs all",
      "E",
      "IPI all",
      "Fc(batch) all",
      "free 2 pages",
    ]);
  });

  test("on arm64 tells both of each page, and waits for the barrier once", async () => {
    expect(await reclaimed("arm64", "6.19")).toEqual([
      "S CLEAR 0-1",
      "TLBI 1",
      "Fs 0-1",
      "E",
      "S CLEAR 1-2",
      "TLBI 1",
      "Fs 1-2",
      "E",
      "DSB",
      "free 2 pages",
    ]);
  });

  test.each(["4.15", "6.4"] as const)(
    "on x86 told secondary TLBs of the page itself in %s, and again at the end (try_to_unmap_one)",
    async (era) => {
      const told = await reclaimed("x86", era);
      expect(told.slice(0, 4)).toEqual(["S CLEAR 0-1", "Fs 0-1", "Fs 0-1", "E"]);
      expect(told.slice(-3)).toEqual(["IPI all", "Fc(batch) all", "free 2 pages"]);
    },
  );

  test("on arm64 was not batched in 6.4", async () => {
    const told = await reclaimed("arm64", "6.4");
    expect(told.filter((line) => line === "DSB")).toHaveLength(2);
  });
});

describe("mprotect in 6.19", () => {
  test("flushes upgrades too: a changed write bit is enough (pte_needs_flush)", async () => {
    const probe = await KernelProbe.boot("6.19");
    probe.program.map(0, 4).write(0, 4).protect(0, 4, R);
    expect(probe.tell((p) => p.protect(0, 4, RW))).toEqual([
      "S PROTECTION_VMA 0-4",
      "E",
      "Fc 4",
      "Fs 0-4",
    ]);
  });

  test("flushes nothing for entries that no processor could use (pte_needs_flush)", async () => {
    const probe = await KernelProbe.boot("6.19");
    probe.program.map(0, 4).write(0, 4).protect(0, 4, NONE);
    expect(probe.tell((p) => p.protect(0, 4, RW))).toEqual(["S PROTECTION_VMA 0-4", "E"]);
  });

  test("does no work where the flags stay the same (mprotect_fixup)", async () => {
    const probe = await KernelProbe.boot("6.19");
    probe.program.map(0, 4).write(0, 4);
    expect(probe.tell((p) => p.protect(0, 4, RW))).toEqual([]);
  });
});

describe("a flush is left out", () => {
  test("for a page under PROT_NONE that reclaim unmaps (pte_accessible)", async () => {
    const probe = await KernelProbe.boot("6.4", "x86", { swap: true });
    probe.program.map(0, 1).write(0, 1).drain().protect(0, 1, NONE);
    expect(probe.tell((p) => p.advise(0, 1, PAGEOUT)).slice(0, 2)).toEqual([
      "S CLEAR 0-1",
      "Fs 0-1",
    ]);
  });

  test("no longer for that page since reclaim unmaps runs of entries (6.15)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", { swap: true });
    probe.program.map(0, 1).write(0, 1).drain().protect(0, 1, NONE);
    expect(probe.tell((p) => p.advise(0, 1, PAGEOUT)).slice(0, 2)).toEqual(["S CLEAR 0-1", "Fc 1"]);
  });

  test("at the exit of an mm without tables on arm64 (tlb_flush)", async () => {
    const probe = await KernelProbe.boot("6.19", "arm64", {}, false);
    probe.program.map(0, 4);
    expect(probe.tell((p) => p.end())).toEqual(["release", "free 1 table"]);
  });
});

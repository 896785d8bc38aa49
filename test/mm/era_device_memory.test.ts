/** Drivers that migrate memory to their device, or take a page for it alone. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { type ArchName, type EraName, KernelProbe } from "../support/kernel_probe.js";
import { at, type Program } from "../support/program.js";

const BLOCK = 512;
const PRIVATE_FILE = 2;
const OWNER = 7;

const migrate = (first: number, end: number) => (p: Program) =>
  p.act(ReplayAction.MigrateToDevice, at(first), at(end), OWNER);
const take = (page: number) => (p: Program) => p.act(ReplayAction.TakeForDevice, at(page), OWNER);

async function withPages(pages: number, era: EraName, arch: ArchName = "x86") {
  const probe = await KernelProbe.boot(era, arch);
  probe.program.map(0, pages).write(0, pages).drain();
  return probe;
}

describe("migrate_vma", () => {
  test("has a pair with its owner; exclusive pages are flushed one by one, and then their table's range (migrate_vma_collect_pmd)", async () => {
    const probe = await withPages(2, "6.19");
    expect(probe.tell(migrate(0, 2))).toEqual([
      "S MIGRATE 0-2 owner 7",
      "Fc 1",
      "Fs 0-1",
      "Fc 1",
      "Fs 1-2",
      "Fc 2",
      "Fs 0-2",
      "E",
      "free 2 pages",
    ]);
    expect(probe.program.audit()).toBe(0);
  });

  test("tells the end of the pair only in 6.4, and owners of ranges", async () => {
    const probe = await withPages(2, "6.4");
    const told = ["S MIGRATE 0-2 owner 7", "Fc 1", "Fc 1", "Fc 2", "Fs 0-2", "E", "free 2 pages"];
    expect(probe.tell(migrate(0, 2))).toEqual(told);
  });

  test("flushes once and names no owner in 4.15 (migrate_vma_collect_pmd)", async () => {
    const probe = await withPages(2, "4.15");
    const told = ["S MIGRATE 0-2", "Fc 2", "Fs 0-2", "E", "free 2 pages"];
    expect(probe.tell(migrate(0, 2))).toEqual(told);
  });

  test("flushes table by table (walk_page_range)", async () => {
    const probe = await KernelProbe.boot("6.19");
    const p = probe.program.map(510, 4).write(510, 4).drain();
    p.fork();
    const told = probe.tell(migrate(510, 514));
    const inPair = told.slice(0, told.indexOf("E"));
    const flushes = ["Fc 2", "Fs 510-512", "Fc 2", "Fs 512-514"];
    expect(inPair).toEqual(["S MIGRATE 510-514 owner 7", ...flushes]);
  });

  test("takes a page from the other mms that map it by the reverse map, with a pair for each (try_to_migrate)", async () => {
    const probe = await withPages(1, "6.19");
    probe.program.fork();
    const told = probe.tell(migrate(0, 1));
    expect(told.filter((line) => line.startsWith("S "))).toEqual([
      "S MIGRATE 0-1 owner 7",
      "S CLEAR 0-1",
    ]);
    expect(told.at(-1)).toBe("free 1 page");
    expect(probe.program.audit()).toBe(0);
  });

  test("fills holes in a second pair, from the first of them to the end, and flushes nothing there (migrate_vma_pages)", async () => {
    const probe = await withPages(2, "6.19");
    probe.program.map(2, 6);
    const told = probe.tell(migrate(0, 6));
    expect(told.slice(told.indexOf("E") + 1)).toEqual([
      "S MIGRATE 2-6 owner 7",
      "E",
      "free 2 pages",
    ]);
    expect(probe.tell((p) => p.unmap(2, 4))).toContain("Fc 4");
  });

  test.each([
    { era: "6.4", told: ["S MIGRATE 0-2 owner 7", "Fc 1", "Fs 0-1", "E"], end: "only_end" },
    { era: "6.19", told: ["S MIGRATE 0-2 owner 7", "Fc 1", "Fs 0-1", "E"], end: "end" },
  ] as const)(
    "flushes a zero page that it replaces, in $era before $end (migrate_vma_insert_page)",
    async ({ era, told }) => {
      const probe = await KernelProbe.boot(era);
      probe.program.map(0, 2).read(0, 1);
      const all = probe.tell(migrate(0, 2));
      expect(all.slice(all.lastIndexOf("S MIGRATE 0-2 owner 7"))).toEqual(told);
    },
  );

  test("splits a huge page first, inside its pair (migrate_vma_collect_huge_pmd, split_folio)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", { thp: "always" });
    probe.program.map(BLOCK, BLOCK).write(BLOCK, 1).drain();
    const told = probe.tell(migrate(BLOCK, BLOCK + 1));
    expect(told.slice(0, 2)).toEqual(["S MIGRATE 512-513 owner 7", "S CLEAR 512-1024"]);
    expect(told.filter((line) => line.startsWith("S MIGRATE")).length).toBeGreaterThan(0);
    expect(probe.program.audit()).toBe(0);
  });

  test("puts pages of files back where they were (__migrate_device_pages)", async () => {
    const probe = await KernelProbe.boot("6.19");
    probe.program.file(10, "memfd", 2).map(0, 2, 1, PRIVATE_FILE, 10).read(0, 2).drain();
    const told = probe.tell(migrate(0, 2));
    expect(told).toEqual(["S MIGRATE 0-2 owner 7", "Fc 2", "Fs 0-2", "E"]);
    expect(probe.tell((p) => p.unmap(0, 2))).toContain("Fc 2");
  });
});

describe("make_device_exclusive", () => {
  test.each([
    { era: "6.4", told: ["S EXCLUSIVE 1-2 owner 7", "Fc 1", "Fs 1-2", "E"] },
    { era: "6.19", told: ["S EXCLUSIVE 1-2 owner 7", "Fc 1", "Fs 1-2", "E"] },
  ] as const)("clears and flushes the entry inside its pair in $era", async ({ era, told }) => {
    expect((await withPages(4, era)).tell(take(1))).toEqual(told);
  });

  test("faults the page in for writing first, with the copy that this takes (get_user_page_vma_remote)", async () => {
    const probe = await withPages(1, "6.19");
    probe.program.fork();
    const starts = probe.tell(take(0)).filter((line) => line.startsWith("S "));
    expect(starts).toEqual(["S CLEAR 0-1", "S EXCLUSIVE 0-1 owner 7"]);
  });

  test.each([
    { era: "6.4", event: "EXCLUSIVE" },
    { era: "6.19", event: "CLEAR" },
  ] as const)(
    "ends with the fault of a CPU, whose pair is $event in $era and flushes nothing of CPUs (remove_device_exclusive_entry)",
    async ({ era, event }) => {
      const probe = await withPages(2, era);
      probe.tell(take(1));
      const told = probe.tell((p) => p.write(1, 1)).filter((line) => !line.startsWith("Fs"));
      expect(told).toEqual([`S ${event} 1-2`, "E"]);
      expect(probe.tell((p) => p.write(1, 1))).toEqual([]);
    },
  );

  test("has nothing to flush when the page is unmapped: no CPU had it (zap_nonpresent_ptes)", async () => {
    const probe = await withPages(2, "6.19");
    probe.tell(take(1));
    expect(probe.tell((p) => p.unmap(0, 2))).toContain("Fc 1");
    expect(probe.program.audit()).toBe(0);
  });

  test("is undone by fork, without a pair (try_restore_exclusive_pte)", async () => {
    const probe = await withPages(1, "6.19");
    probe.tell(take(0));
    const starts = probe.tell((p) => p.fork()).filter((line) => line.startsWith("S 0"));
    expect(starts).toEqual([]);
    expect(probe.tell((p) => p.read(0, 1))).toEqual([]);
    expect(probe.program.audit()).toBe(0);
  });

  test("is kept through mprotect, which flushes nothing for it (change_pte_range)", async () => {
    const probe = await withPages(1, "6.19");
    probe.tell(take(0));
    expect(probe.tell((p) => p.protect(0, 1, 1))).toEqual(["S PROTECTION_VMA 0-1", "E"]);
    expect(probe.tell((p) => p.read(0, 1))).toEqual(["S CLEAR 0-1", "E"]);
  });

  test.each([
    { era: "6.4", range: "512-1024", pages: 512 },
    { era: "6.19", range: "517-518", pages: 1 },
  ] as const)(
    "splits the entry of a huge page, and takes $range of its folio in $era",
    async ({ era, range, pages }) => {
      const probe = await KernelProbe.boot(era, "x86", { thp: "always" });
      probe.program.map(BLOCK, BLOCK).write(BLOCK, 1).drain();
      const told = probe.tell(take(BLOCK + 5));
      expect(told[0]).toBe("S CLEAR 512-1024");
      expect(told).toContain(`S EXCLUSIVE ${range} owner 7`);
      expect(told.filter((line) => line === "Fc 1")).toHaveLength(pages);
    },
  );
});

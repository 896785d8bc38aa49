/** MADV_FREE of memory that a child maps too. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { KernelProbe } from "../support/kernel_probe.js";
import { at, type Program } from "../support/program.js";

const FREE = 8;
const PAGEOUT = 21;
const HUGEPAGE = 14;
const BLOCK = 512;
const SMALL_FOLIOS = { thp_sizes: { "64kB": "madvise" } };

const free = (page: number, pages: number) => (p: Program) => p.advise(page, pages, FREE);

describe("MADV_FREE after a fork", () => {
  test("cleans the entries of single pages that the child maps too (madvise_free_pte_range)", async () => {
    const probe = await KernelProbe.boot("6.19");
    probe.program.map(0, 4).write(0, 4).drain().fork();
    expect(probe.tell(free(0, 4))).toEqual(["S CLEAR 0-4", "E", "Fc 4", "Fs 0-4"]);
    expect(probe.tell(free(0, 4))).toEqual(["S CLEAR 0-4", "E"]);
  });

  test("leaves pages alone that are in swap too, while both map them (folio_mapcount)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", { swap: true });
    probe.program.map(0, 1).write(0, 1).drain().advise(0, 1, PAGEOUT);
    const child = probe.program.fork();
    probe.program.read(0, 1).read(0, 1, child).drain();
    expect(probe.tell(free(0, 1))).toEqual(["S CLEAR 0-1", "E"]);
  });

  test("cleans a whole large folio that the child maps too, and neither splits nor cleans a part of one (folio_maybe_mapped_shared)", async () => {
    const start = async () => {
      const probe = await KernelProbe.boot("6.19", "x86", SMALL_FOLIOS);
      probe.program.map(0, 16).advise(0, 16, HUGEPAGE).write(0, 1).drain().fork();
      return probe;
    };
    expect((await start()).tell(free(0, 16))).toContain("Fc 16");
    expect((await start()).tell(free(0, 4))).toEqual(["S CLEAR 0-4", "E"]);
  });

  test("splits a large folio of this mm alone for a part of it (split_folio)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", SMALL_FOLIOS);
    probe.program.map(0, 16).advise(0, 16, HUGEPAGE).write(0, 1).touch(0, 16).drain();
    expect(probe.tell(free(0, 4)).slice(0, 2)).toEqual(["S CLEAR 0-4", "S CLEAR 0-16"]);
  });

  test("leaves a 2 MiB page alone that the child maps too (madvise_free_huge_pmd)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", { thp: "always" });
    probe.program.map(BLOCK, BLOCK).write(BLOCK, 1).drain().fork();
    const told = probe.tell(free(BLOCK, BLOCK));
    expect(told).toEqual([`S CLEAR ${BLOCK}-${2 * BLOCK}`, "E"]);
  });

  test("gives nothing up that the child maps, when its pages are reclaimed (try_to_unmap_one)", async () => {
    const probe = await KernelProbe.boot("6.19");
    probe.program.map(0, 1).write(0, 1).drain().fork();
    probe.program.advise(0, 1, FREE).drain();
    const told = probe.tell((p) => p.act(ReplayAction.ReclaimPages, at(0), at(1)));
    expect(told.slice(0, 3)).toEqual(["S CLEAR 0-1", "Fc 1", "Fs 0-1"]);
    expect(probe.program.audit()).toBe(0);
  });
});

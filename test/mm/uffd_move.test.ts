/** What UFFDIO_MOVE announces and flushes, page by page and for 2 MiB. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { KernelProbe } from "../support/kernel_probe.js";
import { BLOCK, PAGE, at, type Program } from "../support/program.js";

const BLOCK_PAGES = BLOCK / PAGE;
const MISSING = 1;
const PAGEOUT = 21;
const DONTNEED = 4;
const NOHUGEPAGE = 15;
/** Where pages are moved to: blocks apart from the source. */
const TARGET = 8 * BLOCK_PAGES;

const move = (source: number, target: number, pages: number) => (p: Program) =>
  p.act(ReplayAction.UffdMove, at(target), at(target + pages), at(source));

/** A source at page 0 and a registered target, of so many blocks each. */
async function areas(blocks: number, settings = {}) {
  const probe = await KernelProbe.boot("6.19", "x86", settings);
  const p = probe.program;
  p.map(0, blocks * BLOCK_PAGES);
  p.map(TARGET, blocks * BLOCK_PAGES);
  p.act(ReplayAction.UffdRegister, at(TARGET), at(TARGET + blocks * BLOCK_PAGES), MISSING);
  return probe;
}

describe("UFFDIO_MOVE", () => {
  test("moves pages of one table in one pair, with one flush (move_present_ptes)", async () => {
    const probe = await areas(1);
    probe.program.write(0, 4).drain();
    expect(probe.tell(move(0, TARGET, 4))).toEqual(["S CLEAR 0-4", "Fc 4", "Fs 0-4", "E"]);
    expect(probe.tell((p) => p.unmap(0, BLOCK_PAGES)).join()).not.toContain("page");
    expect(probe.tell((p) => p.unmap(TARGET, 4)).at(-1)).toBe("free 4 pages");
    expect(probe.program.audit()).toBe(0);
  });

  test("announces all that is left, and begins anew behind the end of a table (move_pages)", async () => {
    const probe = await areas(2);
    probe.program.write(BLOCK_PAGES - 1, 2).drain();
    expect(probe.tell(move(BLOCK_PAGES - 1, TARGET, 2))).toEqual([
      "S CLEAR 511-513",
      "Fc 1",
      "Fs 511-512",
      "E",
      "S CLEAR 512-513",
      "Fc 1",
      "Fs 512-513",
      "E",
    ]);
  });

  test("has a pair for each hole, and flushes nothing there (UFFDIO_MOVE_MODE_ALLOW_SRC_HOLES)", async () => {
    const probe = await areas(1);
    probe.program.write(0, 1).write(2, 1).drain();
    expect(probe.tell(move(0, TARGET, 3))).toEqual([
      "S CLEAR 0-3",
      "Fc 1",
      "Fs 0-1",
      "E",
      "S CLEAR 1-3",
      "E",
      "S CLEAR 2-3",
      "Fc 1",
      "Fs 2-3",
      "E",
    ]);
  });

  test("moves each zero page alone (move_zeropage_pte)", async () => {
    const probe = await areas(1);
    probe.program.read(0, 2).drain();
    const starts = probe.tell(move(0, TARGET, 2)).filter((line) => /^(S|Fc)/.test(line));
    expect(starts).toEqual(["S CLEAR 0-2", "Fc 1", "S CLEAR 1-2", "Fc 1"]);
  });

  test("moves an entry in swap without a flush (move_swap_pte)", async () => {
    const probe = await areas(1, { swap: true });
    probe.program.write(0, 1).drain().advise(0, 1, PAGEOUT);
    expect(probe.tell(move(0, TARGET, 1))).toEqual(["S CLEAR 0-1", "E"]);
    probe.program.write(TARGET, 1).drain();
    expect(probe.tell((p) => p.unmap(TARGET, 1))).toContain("free 1 page");
    expect(probe.program.audit()).toBe(0);
  });

  test("ends at a page that a child maps too, inside its pair (PageAnonExclusive)", async () => {
    const probe = await areas(1);
    probe.program.write(0, 2).drain().fork();
    expect(probe.tell(move(0, TARGET, 2))).toEqual(["S CLEAR 0-2", "E"]);
  });

  test("ends at a place that is taken, inside the pair (pte_none)", async () => {
    const probe = await areas(1);
    probe.program.write(0, 3).drain();
    probe.program.act(ReplayAction.UffdCopy, at(TARGET + 1), at(TARGET + 2));
    expect(probe.tell(move(0, TARGET, 3))).toEqual([
      "S CLEAR 0-3",
      "Fc 1",
      "Fs 0-1",
      "E",
      "S CLEAR 1-3",
      "E",
    ]);
  });
});

describe("UFFDIO_MOVE of a 2 MiB page", () => {
  async function hugeAreas() {
    const probe = await areas(2, { thp: "always" });
    probe.program.advise(TARGET, 2 * BLOCK_PAGES, NOHUGEPAGE);
    probe.program.write(0, 1).drain();
    return probe;
  }

  test("moves it whole where both ends are whole blocks (move_pages_huge_pmd)", async () => {
    const probe = await hugeAreas();
    const told = ["S CLEAR 0-512", "Fc all", "Fs 0-512", "E"];
    expect(probe.tell(move(0, TARGET, BLOCK_PAGES))).toEqual(told);
    expect(probe.tell((p) => p.unmap(TARGET, BLOCK_PAGES)).slice(0, 4)).toEqual([
      `S UNMAP ${TARGET}-${TARGET + BLOCK_PAGES}`,
      "E",
      "Fc 1",
      `Fs ${TARGET}-${TARGET + BLOCK_PAGES}`,
    ]);
    expect(probe.program.audit()).toBe(0);
  });

  test.each([
    { what: "less than 2 MiB moves", source: 0, target: TARGET, pages: 1 },
    { what: "the target is no whole block", source: 0, target: TARGET + 1, pages: BLOCK_PAGES },
  ])("splits it, then its folio, where $what (move_splits_huge_pmd)", async (asked) => {
    const probe = await hugeAreas();
    const told = probe.tell(move(asked.source, asked.target, asked.pages));
    expect(told.slice(0, 4)).toEqual(["S CLEAR 0-512", "Fc all", "Fs 0-512", "E"]);
    expect(told.slice(4, 6)).toEqual([`S CLEAR 0-${asked.pages}`, "S CLEAR 0-512"]);
    expect(probe.program.audit()).toBe(0);
  });

  test("splits it where the target's block has a table (pmd_none)", async () => {
    const probe = await hugeAreas();
    probe.program.act(ReplayAction.UffdCopy, at(TARGET), at(TARGET + 1));
    probe.program.advise(TARGET, 1, DONTNEED);
    const told = probe.tell(move(0, TARGET, BLOCK_PAGES));
    expect(told.slice(0, 5)).toEqual(["S CLEAR 0-512", "Fc all", "Fs 0-512", "E", "S CLEAR 0-512"]);
  });

  test("leaves it alone, unannounced, where a child maps it too (PageAnonExclusive)", async () => {
    const probe = await hugeAreas();
    probe.program.fork();
    expect(probe.tell(move(0, TARGET, BLOCK_PAGES))).toEqual([]);
  });
});

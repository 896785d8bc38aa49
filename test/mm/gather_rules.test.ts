/** How much mmu_gather holds before it flushes in the middle of an operation. */
import { describe, expect, test } from "vitest";
import { BLOCK, GIB, PAGE, Program, RW, SHARED } from "../support/program.js";

const PAGES_OF_BLOCK = BLOCK / PAGE;
const PAGES_OF_GIB = GIB / PAGE;
const DONTNEED = 4;
/** The batch on the stack and 19 of a page each, all but their last place. */
const FULL = 7 + 19 * 509;

describe("mmu_gather", () => {
  test("flushes when its batches are full and once more for what follows", async () => {
    const program = await Program.start();
    program.map(0, FULL + 12).write(0, FULL + 12);
    expect(program.predict((p) => p.advise(0, FULL + 12, DONTNEED))).toEqual([
      `[0, ${FULL + 12})`,
      "flush -1",
      "flush 12",
    ]);
  });

  test("flushes once when the last page fills its batches", async () => {
    const program = await Program.start();
    program.map(0, FULL).write(0, FULL);
    expect(program.predict((p) => p.advise(0, FULL, DONTNEED))).toEqual([
      `[0, ${FULL})`,
      "flush -1",
    ]);
  });

  test("keeps a run of pages of one folio in two places", async () => {
    const program = await Program.start({ thp_sizes: { "64kB": "always" } });
    program.map(0, FULL + 3);
    for (let page = 0; page < FULL + 3; page += 16) program.write(page, 1);
    expect(program.predict((p) => p.advise(0, FULL + 3, DONTNEED))).toEqual([
      `[0, ${FULL + 3})`,
      "flush -1",
    ]);
  });

  test("has one batch beside that on the stack while dirty pages of files wait in it", async () => {
    const program = await Program.start();
    program.map(112, 520, RW, SHARED).read(112, 400).write(512, 120).touch(512, 120);
    expect(program.predict((p) => p.advise(112, 520, DONTNEED))).toEqual([
      "[112, 632)",
      "flush -1",
      "flush 4",
    ]);
  });

  test("flushes when 509 tables are to be freed and once more for the rest", async () => {
    const program = await Program.start();
    const first = PAGES_OF_GIB + PAGES_OF_BLOCK;
    const end = first + 515 * PAGES_OF_BLOCK;
    program.map(PAGES_OF_GIB, 1).map(first, end - first);
    program.map(end + PAGES_OF_BLOCK, 1);
    for (let page = first; page < end; page += PAGES_OF_BLOCK) program.write(page, 1);
    expect(program.predict((p) => p.unmap(first, end - first))).toEqual([
      `[${first}, ${end})`,
      "flush -1",
      "flush 5",
    ]);
  });
});

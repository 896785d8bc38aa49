/** What munmap, brk, mmap over a mapping and mremap announce and flush. */
import { describe, expect, test } from "vitest";
import { BLOCK, GIB, NONE, PAGE, Program, R, RW, SHARED } from "../support/program.js";

const PAGES_OF_BLOCK = BLOCK / PAGE;

describe("munmap", () => {
  test("announces nothing where no VMA lies", async () => {
    const program = await Program.start();
    expect(program.predict((p) => p.unmap(0, 8))).toEqual([]);
  });

  test("announces the whole request even if nothing in it is populated", async () => {
    const program = await Program.start();
    program.map(2, 4);
    expect(program.predict((p) => p.unmap(0, 16))).toEqual(["[0, 16)"]);
  });

  test("flushes once, from the first to the last present page", async () => {
    const program = await Program.start();
    program.map(0, 16).map(32, 8).write(3, 1).write(34, 1);
    program.map(100, 1).write(100, 1);
    expect(program.predict((p) => p.unmap(0, 40))).toEqual(["[0, 40)", "flush 32"]);
  });

  test("flushes everything when more than 33 pages lie between the ends", async () => {
    const program = await Program.start();
    program.map(0, 40).map(100, 1).write(0, 1).write(33, 1).write(100, 1);
    expect(program.predict((p) => p.unmap(0, 40))).toEqual(["[0, 40)", "flush -1"]);
  });

  test("widens the flush to the start of the block when its pte table goes", async () => {
    const program = await Program.start();
    program.map(6, 9).write(6, 9);
    expect(program.predict((p) => p.unmap(6, 9))).toEqual(["[6, 15)", "flush 15"]);
  });

  test("shows a flush of tables alone in strides of 2 MiB", async () => {
    const program = await Program.start();
    program
      .map(0, 2 * PAGES_OF_BLOCK)
      .write(5, 1)
      .write(600, 1);
    program.advise(5, 1, 4).advise(600, 1, 4);
    expect(program.predict((p) => p.unmap(0, 2 * PAGES_OF_BLOCK))).toEqual([
      `[0, ${2 * PAGES_OF_BLOCK})`,
      "flush 1",
    ]);
  });

  test("flushes for the last VMA of a 512 GiB slot even if nothing was populated", async () => {
    const program = await Program.start({}, false);
    program.map(0, 8);
    expect(program.predict((p) => p.unmap(0, 8))).toEqual(["[0, 8)", "flush 1"]);
  });

  test("flushes dirty pages of shared memory first and the tables later", async () => {
    const program = await Program.start();
    program.map(0, 8, RW, SHARED).write(0, 4).touch(0, 4);
    expect(program.predict((p) => p.unmap(0, 8))).toEqual(["[0, 8)", "flush 4", "flush 0"]);
  });

  test("announces the block around a new boundary before the range", async () => {
    const program = await Program.start();
    program.map(0, 3 * PAGES_OF_BLOCK).write(5, 1);
    expect(program.predict((p) => p.unmap(700, 10))).toEqual([
      `[${PAGES_OF_BLOCK}, ${2 * PAGES_OF_BLOCK})`,
      "[700, 710)",
    ]);
  });

  test("splits a huge page at a boundary, with a full flush", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).advise(0, PAGES_OF_BLOCK, 14).write(0, 1);
    expect(program.predict((p) => p.unmap(0, 8))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      "flush -1",
      "[0, 8)",
      "flush 8",
    ]);
  });

  test("counts whole huge pages in strides of 2 MiB", async () => {
    const program = await Program.start();
    program.map(0, 3 * PAGES_OF_BLOCK).advise(0, 3 * PAGES_OF_BLOCK, 14);
    program.write(0, 1).write(512, 1).write(1024, 1);
    expect(program.predict((p) => p.unmap(0, 3 * PAGES_OF_BLOCK))).toEqual([
      `[0, ${3 * PAGES_OF_BLOCK})`,
      "flush 3",
    ]);
  });

  test("does nothing when any VMA of the range is sealed", async () => {
    const program = await Program.start();
    program.map(0, 8).write(0, 8);
    program.call("mseal", { addr: 2 ** 40 + 2 * PAGE, len: PAGE, flags: 0 });
    expect(program.predict((p) => p.unmap(0, 8))).toEqual([]);
  });
});

describe("mmap over a mapping", () => {
  test("announces and flushes the covered range as munmap does", async () => {
    const program = await Program.start();
    program.map(0, 12).write(0, 12);
    expect(program.predict((p) => p.map(3, 6))).toEqual(["[3, 9)", "flush 6"]);
  });
});

describe("mremap", () => {
  test("announces the source twice and the target never", async () => {
    const program = await Program.start();
    program
      .map(0, 8)
      .write(0, 8)
      .map(PAGES_OF_BLOCK - 1, 1)
      .write(PAGES_OF_BLOCK - 1, 1);
    expect(program.predict((p) => p.remap(0, 8, 5003))).toEqual(["[0, 8)", "flush 8", "[0, 8)"]);
  });

  test("flushes the extent of a block, not the number of its present pages", async () => {
    const program = await Program.start();
    program.map(0, 8).write(2, 1).map(100, 1).write(100, 1);
    expect(program.predict((p) => p.remap(0, 8, 5003))).toEqual(["[0, 8)", "flush 8", "[0, 8)"]);
  });

  test("unmaps what is at the target first, and the tail of the source next", async () => {
    const program = await Program.start();
    program.map(0, 8).write(0, 8).map(5000, 8).write(5000, 8).map(100, 1).write(100, 1);
    program.map(5100, 1).write(5100, 1);
    expect(program.predict((p) => p.remap(0, 8, 5000, 4))).toEqual([
      "[5000, 5004)",
      "flush 4",
      "[4, 8)",
      "flush 4",
      "[0, 4)",
      "flush 4",
      "[0, 4)",
    ]);
  });

  test("moves a whole block by its table, with a full flush", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).write(3, 1).map(600, 1).write(600, 1);
    expect(program.predict((p) => p.remap(0, PAGES_OF_BLOCK, 8 * PAGES_OF_BLOCK))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      "flush -1",
      `[0, ${PAGES_OF_BLOCK})`,
    ]);
  });

  test("begins at the start of the block when both sides lie alike and nothing else is there", async () => {
    const program = await Program.start();
    program.map(5, 600).write(5, 1).write(600, 1);
    const prediction = program.predict((p) => p.remap(5, 600, 8 * PAGES_OF_BLOCK + 5));
    expect(prediction[0]).toBe("[0, 605)");
  });

  test("leaves the source VMA and announces it once with MREMAP_DONTUNMAP", async () => {
    const program = await Program.start();
    program.map(0, 8).write(0, 8);
    expect(program.predict((p) => p.remap(0, 8, 5003, 8, 7))).toEqual(["[0, 8)", "flush 8"]);
  });

  test("moves each VMA of a pure move on its own", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4).map(4, 4, R).map(100, 1).write(100, 1);
    expect(program.predict((p) => p.remap(0, 8, 5003))).toEqual([
      "[0, 4)",
      "flush 4",
      "[0, 4)",
      "[4, 8)",
      "[4, 8)",
    ]);
  });
});

describe("brk", () => {
  test("unmaps the rounded difference when it goes down", async () => {
    const program = await Program.start();
    const brk = (page: number) =>
      program.call("brk", { addr: 2 ** 40 + page * PAGE }, 2 ** 40 + page * PAGE);
    program.call("brk", { addr: 0 }, 2 ** 40);
    brk(10);
    program.write(0, 10);
    program.map(200, 1).write(200, 1);
    expect(program.predict(() => brk(4))).toEqual(["[4, 10)", "flush 6"]);
    expect(program.predict(() => brk(20))).toEqual([]);
  });
});

describe("the limits of the address space", () => {
  test("frees the pmd table of a GiB that is left empty", async () => {
    const program = await Program.start({}, false);
    program
      .map(GIB / PAGE, 4)
      .write(GIB / PAGE, 4)
      .map(0, 1, NONE)
      .map(3 * (GIB / PAGE), 1, NONE);
    expect(program.predict((p) => p.unmap(GIB / PAGE, 4))).toEqual([
      `[${GIB / PAGE}, ${GIB / PAGE + 4})`,
      "flush 4",
    ]);
  });
});

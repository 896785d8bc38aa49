/** What MADV_COLD, MADV_FREE, MADV_PAGEOUT and reclaim announce and flush, by the kind of page. */
import { describe, expect, test } from "vitest";
import { BLOCK, PAGE, Program, R, RW, at } from "../support/program.js";

const SHARED_FILE = 1;
const PRIVATE_FILE = 2;
const PAGES_OF_BLOCK = BLOCK / PAGE;
const FREE = 8;
const HUGEPAGE = 14;
const COLD = 20;
const PAGEOUT = 21;
const SMALL_FOLIOS = { thp_sizes: { "64kB": "madvise" } };

describe("a migrated page of a file", () => {
  test("is what the page cache holds from then on", async () => {
    const program = await Program.start();
    program.file(10, "memfd", 1).map(0, 1, RW, SHARED_FILE, 10).read(0, 1);
    program.kernelThread("kcompactd0", { ev: "mig_set", addr: at(0), order: 0 });
    program.kernelThread("kcompactd0", { ev: "mig_clear", addr: at(0), order: 0 });
    program.map(8, 1, RW, SHARED_FILE, 10).read(8, 1).drain();
    expect(program.audit()).toBe(0);
    expect(program.predict((p) => p.call("ftruncate", { fd: 10, len: 0 }))).toEqual([
      "[0, 1)",
      // the kernel thread flushed while it borrowed the tables
      "flush -1",
      "[8, 9)",
      "flush 1",
      "[0, 1)",
      "[8, 9)",
    ]);
  });
});

describe("MADV_COLD", () => {
  test("leaves a large folio alone that is only partly concerned and cannot be split", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 10).map(0, 10, RW, SHARED_FILE, 10).write(0, 10);
    expect(program.predict((p) => p.advise(2, 6, COLD))).toEqual([]);
    expect(program.predict((p) => p.advise(2, 8, COLD))).toEqual(["flush 2"]);
  });

  test("splits a clean large folio that is only partly concerned", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 8).map(0, 8, R, SHARED_FILE, 10).read(0, 8);
    expect(program.predict((p) => p.advise(2, 6, COLD))).toEqual([
      "[0, 8)",
      ...Array.from({ length: 8 }, () => "flush 1"),
    ]);
  });

  test("flushes a 2 MiB entry when it is made old, and again with the gather", async () => {
    const program = await Program.start();
    program.map(0, 2 * PAGES_OF_BLOCK).advise(0, 2 * PAGES_OF_BLOCK, HUGEPAGE);
    program.write(0, 1).write(PAGES_OF_BLOCK, 1);
    expect(program.predict((p) => p.advise(0, 2 * PAGES_OF_BLOCK, COLD))).toEqual([
      "flush -1",
      "flush -1",
      "flush 2",
    ]);
  });

  test("leaves pages alone that another mm maps too", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4).fork();
    expect(program.predict((p) => p.advise(0, 4, COLD))).toEqual([]);
  });
});

describe("MADV_FREE", () => {
  test("makes pages clean that another mm maps too, as long as only entries say dirty", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4).fork();
    expect(program.predict((p) => p.advise(0, 4, FREE))).toEqual(["[0, 4)", "flush 4"]);
  });

  test("leaves a folio alone that is dirty itself and mapped by another mm", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).advise(0, PAGES_OF_BLOCK, HUGEPAGE).write(0, 1);
    program.protect(0, 1, R).protect(0, 1, RW).fork();
    expect(program.predict((p) => p.advise(0, PAGES_OF_BLOCK, FREE))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
    ]);
  });

  test("looks at the entries of a large folio as one", async () => {
    const program = await Program.start(SMALL_FOLIOS);
    program.map(0, 16).advise(0, 16, HUGEPAGE).write(0, 1);
    program.advise(0, 16, FREE);
    program.touch(3, 1, "write");
    expect(program.predict((p) => p.advise(0, 16, FREE))).toEqual(["[0, 16)", "flush 16"]);
  });
});

describe("MADV_PAGEOUT", () => {
  test("splits what is only partly concerned before it reclaims anything of the block", async () => {
    const program = await Program.start({ swap: true, ...SMALL_FOLIOS });
    program.map(4, 40).advise(4, 40, HUGEPAGE).write(14, 3);
    expect(program.predict((p) => p.advise(14, 4, PAGEOUT))).toEqual([
      "[16, 32)",
      ...Array.from({ length: 16 }, () => "flush 1"),
      "[14, 15)",
      "flush 1",
      "[15, 16)",
      "flush 1",
      "[16, 17)",
      "flush 1",
    ]);
  });

  test("goes on behind a large folio that cannot be split", async () => {
    const program = await Program.start({ swap: true });
    program.file(10, "ext4", 24).map(0, 24, RW, SHARED_FILE, 10).write(0, 16).read(16, 8);
    expect(program.predict((p) => p.advise(4, 20, PAGEOUT))).toEqual([
      "[16, 24)",
      ...Array.from({ length: 8 }, () => "flush 1"),
    ]);
  });

  test("unmaps a dirty folio of a file that lies whole in the range", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 4).map(0, 4, RW, SHARED_FILE, 10).write(0, 4);
    expect(program.predict((p) => p.advise(0, 4, PAGEOUT))).toEqual([
      "[0, 4)",
      ...Array.from({ length: 4 }, () => "flush 1"),
    ]);
  });

  test("leaves a folio alone that two places of one mm map", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 4).map(0, 4, R, SHARED_FILE, 10).read(0, 4);
    program.map(100, 4, R, PRIVATE_FILE, 10).read(100, 4);
    expect(program.predict((p) => p.advise(0, 4, PAGEOUT))).toEqual([]);
  });

  test("flushes the entries of a lazily freed folio as one range", async () => {
    const program = await Program.start({ swap: true, ...SMALL_FOLIOS });
    program.map(0, 16).advise(0, 16, HUGEPAGE).write(0, 1).advise(0, 16, FREE);
    expect(program.predict((p) => p.advise(0, 16, PAGEOUT))).toEqual(["[0, 16)", "flush 16"]);
  });

  test("keeps a lazily freed folio that was written since", async () => {
    const program = await Program.start({ swap: true });
    program.map(0, 1).write(0, 1).advise(0, 1, FREE).touch(0, 1, "write");
    program.advise(0, 1, PAGEOUT);
    expect(program.predict((p) => p.unmap(0, 1))).toEqual(["[0, 1)", "flush 1"]);
  });

  test("splits a large folio even when there is no swap for its pages", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).advise(0, PAGES_OF_BLOCK, HUGEPAGE).write(0, 1);
    expect(program.predict((p) => p.advise(0, PAGES_OF_BLOCK, PAGEOUT))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      "flush -1",
    ]);
  });
});

/** What operations on files and on several CPUs announce and flush. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { BLOCK, NONE, PAGE, Program, R, RW, at } from "../support/program.js";

const SHARED_FILE = 1;
const PRIVATE_FILE = 2;
const PAGES_OF_BLOCK = BLOCK / PAGE;
const COLLAPSE = 25;

describe("ftruncate", () => {
  test("announces each mapping from the first whole page cut to its end, twice", async () => {
    const program = await Program.start();
    program.file(10, "memfd", 8).map(0, 8, RW, SHARED_FILE, 10).write(0, 8);
    program.map(600, 4, RW, SHARED_FILE, 10, 4).read(600, 4);
    const act = (p: Program) => p.call("ftruncate", { fd: 10, len: 6 * PAGE });
    expect(program.predict(act)).toEqual([
      "[6, 8)",
      "flush 2",
      "[602, 604)",
      "flush 2",
      "[6, 8)",
      "[602, 604)",
    ]);
  });

  test("unmaps a large folio that it cuts in two", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 8).map(0, 8, R, SHARED_FILE, 10).read(0, 1);
    const act = (p: Program) => p.call("ftruncate", { fd: 10, len: 6 * PAGE });
    expect(program.predict(act)).toEqual([
      "[6, 8)",
      "flush 2",
      "[0, 8)",
      ...Array.from({ length: 6 }, () => "flush 1"),
      "[6, 8)",
    ]);
  });

  test("takes private copies too, where a hole leaves them", async () => {
    const program = await Program.start();
    program.file(10, "memfd", 8).map(0, 8, RW, PRIVATE_FILE, 10).write(4, 4);
    const punch = { fd: 10, mode: 3, off: 4 * PAGE, len: 2 * PAGE };
    expect(program.predict((p) => p.call("fallocate", punch))).toEqual(["[4, 6)"]);
    const act = (p: Program) => p.call("ftruncate", { fd: 10, len: 4 * PAGE });
    expect(program.predict(act)).toEqual(["[4, 8)", "flush 4", "[4, 8)"]);
  });
});

describe("fallocate", () => {
  const COLLAPSE_RANGE = 8;
  const INSERT_RANGE = 0x20;
  const call = (mode: number, page: number, pages: number) => (p: Program) =>
    p.call("fallocate", { fd: 10, mode, off: page * PAGE, len: pages * PAGE });

  test("announces no part of a hole that lies behind the end of a disk's file", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 4).map(0, 8, R, SHARED_FILE, 10).read(0, 4);
    expect(program.predict(call(3, 4, 2))).toEqual([]);
    expect(program.predict(call(3, 0, 8))).toEqual(["[0, 4)", "flush 4"]);
  });

  test("truncates what lies behind a range that is cut out (ext4_collapse_range)", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 16).map(0, 16, RW, PRIVATE_FILE, 10).read(0, 16);
    program.write(12, 1).map(100, 1);
    expect(program.predict(call(COLLAPSE_RANGE, 8, 2))).toEqual([
      "[8, 16)",
      "flush 8",
      "[0, 16)",
      ...Array.from({ length: 8 }, () => "flush 1"),
      "[8, 16)",
    ]);
  });

  test("writes the page at the cut and what moves down before that", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 7).map(0, 7, RW, SHARED_FILE, 10).write(4, 3);
    expect(program.predict(call(COLLAPSE_RANGE, 4, 1)).slice(0, 5)).toEqual([
      "[4, 6)",
      "flush 1",
      "flush 1",
      "[6, 7)",
      "flush 1",
    ]);
  });

  test("writes and truncates everything from a range that is put in", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 4).map(0, 8, RW, SHARED_FILE, 10).write(0, 4);
    expect(program.predict(call(INSERT_RANGE, 0, 2))).toEqual([
      "[0, 4)",
      ...Array.from({ length: 4 }, () => "flush 1"),
      "[0, 8)",
      "flush 4",
      "[0, 8)",
    ]);
    expect(program.read(4, 2).predict((p) => p.unmap(0, 8))).toEqual(["[0, 8)", "flush 6"]);
  });

  test("keeps a dirty folio that reaches out of the hole in the cache", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 16).map(0, 16, RW, SHARED_FILE, 10).write(8, 1);
    program.predict(call(3, 4, 5));
    expect(program.read(15, 1).predict((p) => p.unmap(8, 8))).toEqual(["[8, 16)", "flush 8"]);
  });
});

describe("a direct write", () => {
  const write = (program: Program) =>
    program.predict((p) => p.act(ReplayAction.WriteDirect, 10, 4, 8));

  test("unmaps nothing when none of the folios is mapped", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 16).map(0, 16, RW, PRIVATE_FILE, 10).write(0, 16);
    expect(write(program)).toEqual([]);
  });

  test("unmaps from the first mapped folio on, then what is mapped of each", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 7).map(0, 7, RW, PRIVATE_FILE, 10).write(4, 2).read(6, 1);
    expect(write(program)).toEqual(["[6, 7)", "flush 1"]);
  });
});

describe("the reverse map", () => {
  test("goes through the mappings of a file in the order of the pages that they begin with", async () => {
    const program = await Program.start();
    program.file(10, "memfd", 8).map(100, 8, RW, SHARED_FILE, 10).map(0, 4, RW, SHARED_FILE, 10, 4);
    const act = (p: Program) => p.call("ftruncate", { fd: 10, len: 6 * PAGE });
    expect(program.predict(act)).toEqual(["[106, 108)", "[2, 4)", "[106, 108)", "[2, 4)"]);
  });

  test("finds a page that a forked mm has got itself in no other mm", async () => {
    const program = await Program.start({ swap: true });
    const child = program.map(0, 1).write(0, 1).fork();
    program.write(0, 1, child);
    const advice = { addr: at(0), len: PAGE, advice: 21 };
    expect(program.predict((p) => p.call("madvise", advice, 0, child))).not.toContain("[0, 1)");
  });
});

describe("fsync", () => {
  test("announces each dirty folio's extent and flushes each writable entry", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 8).map(0, 8, RW, SHARED_FILE, 10).read(0, 8).write(2, 2);
    expect(program.predict((p) => p.call("fsync", { fd: 10 }))).toEqual([
      "[0, 8)",
      "flush 1",
      "flush 1",
    ]);
    expect(program.predict((p) => p.call("fsync", { fd: 10 }))).toEqual([]);
  });

  test("flushes nothing of what no processor could use, under PROT_NONE", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 4).map(0, 4, RW, SHARED_FILE, 10).write(0, 4).protect(0, 2, NONE);
    expect(program.predict((p) => p.call("fsync", { fd: 10 }))).toEqual([
      "[0, 2)",
      "[2, 4)",
      "flush 1",
      "flush 1",
    ]);
  });

  test("finds nothing to clean in what a kworker has written back", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 4).map(0, 4, RW, SHARED_FILE, 10).write(0, 4);
    program.kernelThread("kworker", { ev: "inval", start: at(0), end: at(4) });
    expect(program.predict((p) => p.call("fsync", { fd: 10 }))).toEqual([]);
  });

  test("announces nothing for shared memory", async () => {
    const program = await Program.start();
    program.file(10, "tmpfs", 8).map(0, 8, RW, SHARED_FILE, 10).write(0, 8);
    expect(program.predict((p) => p.call("fsync", { fd: 10 }))).toEqual([]);
  });
});

describe("a read fault on a file", () => {
  test("maps the cached pages of the 16-page window around it", async () => {
    const program = await Program.start();
    program
      .file(10, "tmpfs", 40)
      .map(0, 40, R, SHARED_FILE, 10)
      .read(20, 1)
      .map(100, 1)
      .write(100, 1);
    expect(program.predict((p) => p.unmap(0, 40))).toEqual(["[0, 40)", "flush 16"]);
  });

  test("maps a large folio that reaches into the window whole", async () => {
    const program = await Program.start();
    program
      .file(10, "ext4", 32)
      .map(3, 32, R, SHARED_FILE, 10)
      .read(5, 1)
      .map(100, 1)
      .write(100, 1);
    expect(program.predict((p) => p.unmap(3, 32))).toEqual(["[3, 35)", "flush 16"]);
  });
});

describe("a large folio at the end of a disk's file", () => {
  test("is mapped within the window only when it comes first in it", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 28).map(5, 28, R, SHARED_FILE, 10);
    // the window begins with the last page of [24, 28)
    program.read(32, 1).map(100, 1).write(100, 1);
    expect(program.predict((p) => p.unmap(5, 28))).toEqual(["[5, 33)", "flush 1"]);
  });

  test("is mapped whole when another folio comes before it", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 30).map(5, 30, R, SHARED_FILE, 10);
    program.read(32, 1).map(100, 1).write(100, 1);
    expect(program.predict((p) => p.unmap(5, 30))).toEqual(["[5, 35)", "flush 6"]);
  });
});

describe("a write through a 2 MiB entry of shared memory that is mapped privately", () => {
  test("drops the entry, then copies a page that nothing maps (wp_huge_pmd)", async () => {
    const program = await Program.start({ shmem_thp: "advise" });
    program.file(10, "memfd", PAGES_OF_BLOCK, 0);
    program.map(0, PAGES_OF_BLOCK, RW, SHARED_FILE, 10).advise(0, PAGES_OF_BLOCK, 14).write(0, 1);
    program.map(PAGES_OF_BLOCK, PAGES_OF_BLOCK, RW, PRIVATE_FILE, 10).read(PAGES_OF_BLOCK, 1);
    expect(program.predict((p) => p.write(PAGES_OF_BLOCK + 3, 1))).toEqual([
      `[${PAGES_OF_BLOCK}, ${2 * PAGES_OF_BLOCK})`,
      "flush -1",
    ]);
    expect(program.audit()).toBe(0);
  });
});

describe("MADV_COLLAPSE", () => {
  test("does nothing where MADV_NOHUGEPAGE was said", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).write(0, 20).advise(0, PAGES_OF_BLOCK, 15);
    expect(program.predict((p) => p.advise(0, PAGES_OF_BLOCK, COLLAPSE))).toEqual([]);
  });

  test("collapses memory that may only be read", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).write(0, 20).protect(0, PAGES_OF_BLOCK, R);
    expect(program.predict((p) => p.advise(0, PAGES_OF_BLOCK, COLLAPSE))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      "flush -1",
    ]);
  });

  test("unmaps the pages of shared memory first, with one flush where others are asked", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK, RW, 0x21).write(0, 3);
    program.thread(0);
    program.touch(0, 1, "read");
    expect(program.predict((p) => p.advise(0, PAGES_OF_BLOCK, COLLAPSE))).toEqual([
      "[0, 1)",
      "[1, 2)",
      "[2, 3)",
      "ask others -1",
      "local -1",
      `[0, ${PAGES_OF_BLOCK})`,
      "ask others -1",
      "flush -1",
    ]);
  });

  test("announces the block around the removal of its pte table", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).write(0, 20);
    expect(program.predict((p) => p.advise(0, PAGES_OF_BLOCK, COLLAPSE))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      "flush -1",
    ]);
  });
});

describe("an mm that runs on two CPUs", () => {
  test("asks the other CPU first, in pages of 4 KiB", async () => {
    const program = await Program.start();
    program.map(0, 8).write(0, 8);
    program.thread(0);
    program.touch(0, 1, "read");
    expect(program.predict((p) => p.protect(2, 4, R))).toEqual([
      "[2, 6)",
      "ask others 4",
      "flush 4",
    ]);
  });

  test("counts a huge page as 512 pages when it asks and as one stride when it flushes", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).advise(0, PAGES_OF_BLOCK, 14).write(0, 1);
    program.thread(0);
    program.touch(0, 1, "read");
    expect(program.predict((p) => p.protect(0, PAGES_OF_BLOCK, R))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      "ask others 512",
      "flush 1",
    ]);
  });

  test("flushes reclaimed pages in a batch, in full", async () => {
    const program = await Program.start({ swap: true });
    program.map(0, 4).write(0, 1);
    program.thread(0);
    program.touch(0, 1, "read");
    expect(program.predict((p) => p.advise(0, 1, 21))).toEqual([
      "[0, 1)",
      "ask others -1",
      "local -1",
    ]);
  });
});

describe("hugetlb", () => {
  const HUGE = 0x40022;
  const start = async () => {
    const program = await Program.start();
    program.map(0, 3 * PAGES_OF_BLOCK, RW, HUGE);
    return program
      .write(0, 1)
      .write(PAGES_OF_BLOCK, 1)
      .write(2 * PAGES_OF_BLOCK, 1);
  };

  test("counts strides of 2 MiB", async () => {
    const program = await start();
    expect(program.predict((p) => p.unmap(0, 2 * PAGES_OF_BLOCK))).toEqual([
      `[0, ${2 * PAGES_OF_BLOCK})`,
      "flush 2",
    ]);
  });

  test("is announced by fork only when it was touched", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK, RW, HUGE).map(PAGES_OF_BLOCK, PAGES_OF_BLOCK, R, HUGE);
    program.read(PAGES_OF_BLOCK, 1);
    expect(program.predict((p) => p.fork())).toEqual([
      `[${PAGES_OF_BLOCK}, ${2 * PAGES_OF_BLOCK})`,
      "[262143, 262144)",
      "flush -1",
    ]);
  });

  test("flushes its range and then everything for mprotect", async () => {
    const program = await start();
    expect(program.predict((p) => p.protect(0, PAGES_OF_BLOCK, R))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      "flush 1",
      "flush -1",
    ]);
  });

  test("announces a truncated file once", async () => {
    const program = await Program.start();
    program.file(10, "hugetlb", 2 * PAGES_OF_BLOCK, 0);
    program
      .map(0, 2 * PAGES_OF_BLOCK, RW, SHARED_FILE, 10)
      .write(0, 1)
      .write(PAGES_OF_BLOCK, 1);
    const act = (p: Program) => p.call("ftruncate", { fd: 10, len: BLOCK });
    expect(program.predict(act)).toEqual([`[${PAGES_OF_BLOCK}, ${2 * PAGES_OF_BLOCK})`, "flush 1"]);
  });
});

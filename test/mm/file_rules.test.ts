/** What operations on files and on several CPUs announce and flush. */
import { describe, expect, test } from "vitest";
import { BLOCK, PAGE, Program, R, RW } from "../support/program.js";

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

describe("MADV_COLLAPSE", () => {
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

/** What mprotect, madvise, mlock and fork announce and flush. */
import { describe, expect, test } from "vitest";
import { BLOCK, GIB, NONE, PAGE, Program, R, RW, RX, SHARED } from "../support/program.js";

const PAGES_OF_BLOCK = BLOCK / PAGE;
const PAGES_OF_GIB = GIB / PAGE;

describe("mprotect", () => {
  test("does nothing where the protection already is the requested one", async () => {
    const program = await Program.start();
    program.map(0, 8).write(0, 8);
    expect(program.predict((p) => p.protect(0, 8, RW))).toEqual([]);
  });

  test("is silent where no GiB of the range has a pmd table", async () => {
    const program = await Program.start({}, false);
    program.map(0, 8);
    expect(program.predict((p) => p.protect(0, 8, R))).toEqual([]);
  });

  test("announces an empty range when anything in the GiB is populated", async () => {
    const program = await Program.start();
    program.map(0, 8);
    expect(program.predict((p) => p.protect(0, 8, R))).toEqual(["[0, 8)"]);
  });

  test("begins its range at the first GiB that has a pmd table", async () => {
    const program = await Program.start({}, false);
    program.map(PAGES_OF_GIB - 4, 8).write(PAGES_OF_GIB + 1, 1);
    expect(program.predict((p) => p.protect(PAGES_OF_GIB - 4, 8, R))).toEqual([
      `[${PAGES_OF_GIB}, ${PAGES_OF_GIB + 4})`,
      "flush 1",
    ]);
  });

  test.each([
    { from: RW, to: R, flushes: ["flush 4"], because: "write permission is lost" },
    { from: RW, to: NONE, flushes: ["flush 4"], because: "access is lost" },
    { from: R, to: RX, flushes: ["flush 4"], because: "execute permission changes" },
    { from: NONE, to: RW, flushes: [], because: "the old entry was not present to the hardware" },
  ])("flushes from $from to $to as $because", async ({ from, to, flushes }) => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4);
    if (from !== RW) program.protect(0, 4, from);
    expect(program.predict((p) => p.protect(0, 4, to))).toEqual(["[0, 4)", ...flushes]);
  });

  test("makes exclusive pages writable at once and so flushes, zero pages not", async () => {
    const program = await Program.start();
    program.map(0, 8).write(0, 3).read(3, 5).protect(0, 8, R);
    expect(program.predict((p) => p.protect(0, 8, RW))).toEqual(["[0, 8)", "flush 3"]);
  });

  test("does what lies before a hole and stops there", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4).map(6, 4).write(6, 4);
    expect(program.predict((p) => p.protect(0, 10, R))).toEqual(["[0, 4)", "flush 4"]);
  });

  test("flushes only the writable entries of a shared file", async () => {
    const program = await Program.start();
    program.file(10, "ext4", 8).map(0, 8, RW, 1, 10).read(0, 8).write(2, 2);
    expect(program.predict((p) => p.protect(0, 8, R))).toEqual(["[0, 8)", "flush 2"]);
  });
});

describe("madvise", () => {
  const DONTNEED = 4;
  const FREE = 8;
  const COLD = 20;
  const PAGEOUT = 21;

  test("announces each VMA's part for DONTNEED and flushes once", async () => {
    const program = await Program.start();
    program.map(0, 4).map(8, 4, R).write(1, 2).read(9, 1);
    expect(program.predict((p) => p.advise(0, 12, DONTNEED))).toEqual([
      "[0, 4)",
      "[8, 12)",
      "flush 9",
    ]);
  });

  test("frees the pte table of a block that DONTNEED empties whole", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).write(5, 1).advise(0, PAGES_OF_BLOCK, DONTNEED);
    expect(program.predict((p) => p.unmap(0, PAGES_OF_BLOCK))).toEqual([`[0, ${PAGES_OF_BLOCK})`]);
  });

  test("stops DONTNEED at a locked VMA", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4).map(4, 4, RW).write(4, 4);
    program.call("mlock", { addr: 2 ** 40 + 4 * PAGE, len: 4 * PAGE });
    expect(program.predict((p) => p.advise(0, 8, DONTNEED))).toEqual(["[0, 4)", "flush 4"]);
  });

  test("flushes for FREE only what was accessed since, and no zero pages", async () => {
    const program = await Program.start();
    program.map(0, 8).write(0, 4).read(4, 4);
    expect(program.predict((p) => p.advise(0, 8, FREE))).toEqual(["[0, 8)", "flush 4"]);
    program.touch(2, 1);
    expect(program.predict((p) => p.advise(0, 8, FREE))).toEqual(["[0, 8)", "flush 1"]);
  });

  test("announces nothing for COLD but flushes accessed entries", async () => {
    const program = await Program.start();
    program.map(0, 8).write(0, 8);
    expect(program.predict((p) => p.advise(2, 4, COLD))).toEqual(["flush 4"]);
    expect(program.predict((p) => p.advise(2, 4, COLD))).toEqual([]);
  });

  test("announces each page that PAGEOUT unmaps", async () => {
    const program = await Program.start({ swap: true });
    program.map(0, 4).write(0, 3);
    expect(program.predict((p) => p.advise(0, 4, PAGEOUT))).toEqual([
      "[0, 1)",
      "flush 1",
      "[1, 2)",
      "flush 1",
      "[2, 3)",
      "flush 1",
    ]);
  });

  test("leaves anonymous memory alone for PAGEOUT without swap", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4);
    expect(program.predict((p) => p.advise(0, 4, PAGEOUT))).toEqual([]);
  });

  test("announces a guard region only if something is present in it", async () => {
    const program = await Program.start();
    program.map(0, 8).write(0, 2);
    expect(program.predict((p) => p.advise(4, 4, 102))).toEqual([]);
    expect(program.predict((p) => p.advise(0, 4, 102))).toEqual(["[0, 4)", "flush 2"]);
    expect(program.predict((p) => p.advise(0, 8, 103))).toEqual([]);
  });

  test("announces the block around each new boundary for advice that is a flag", async () => {
    const program = await Program.start();
    program.map(0, 2 * PAGES_OF_BLOCK).write(0, 1);
    expect(program.predict((p) => p.advise(5, PAGES_OF_BLOCK, 16))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      `[${PAGES_OF_BLOCK}, ${2 * PAGES_OF_BLOCK})`,
    ]);
  });
});

describe("a write fault", () => {
  test("announces and flushes the zero page that it replaces", async () => {
    const program = await Program.start();
    program.map(0, 4).read(0, 4);
    expect(program.predict((p) => p.write(1, 1))).toEqual(["[1, 2)", "flush 1"]);
  });

  test("copies a page that another mm still maps", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4);
    program.fork();
    expect(program.predict((p) => p.write(0, 1))).toEqual(["[0, 1)", "flush 1"]);
  });

  test("takes over a page that no other mm maps any more", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4);
    program.exit(program.fork());
    expect(program.predict((p) => p.write(0, 4))).toEqual([]);
  });

  test("copies a page once shared that waits on the list of MADV_FREE", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4);
    program.exit(program.fork());
    program.advise(0, 4, 8);
    expect(program.predict((p) => p.write(0, 1))).toEqual(["[0, 1)", "flush 1"]);
    program.advise(8, 1, 8).map(8, 1).write(8, 1).advise(8, 1, 20);
    expect(program.predict((p) => p.write(1, 1))).toEqual([]);
  });

  test("replaces the huge zero page with a full flush", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).advise(0, PAGES_OF_BLOCK, 14).read(3, 1);
    expect(program.predict((p) => p.write(3, 1))).toEqual([`[0, ${PAGES_OF_BLOCK})`, "flush -1"]);
  });

  test("splits a shared huge page and then copies the one page", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).advise(0, PAGES_OF_BLOCK, 14).write(3, 1);
    program.fork();
    expect(program.predict((p) => p.write(7, 1))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      "flush -1",
      "[7, 8)",
      "flush 1",
    ]);
  });
});

describe("fork", () => {
  test("announces each private VMA that was ever written, whole, and flushes everything", async () => {
    const program = await Program.start({}, false);
    program
      .map(0, 4)
      .write(1, 1)
      .map(8, 4)
      .map(16, 4)
      .read(16, 4)
      .map(24, 4, RW, SHARED)
      .write(24, 4);
    program.map(32, 4).write(32, 4).advise(32, 4, 4).protect(32, 4, NONE);
    expect(program.predict((p) => p.fork())).toEqual(["[0, 4)", "[32, 36)", "flush -1"]);
  });

  test("leaves out DONTFORK and WIPEONFORK", async () => {
    const program = await Program.start({}, false);
    program.map(0, 4).write(0, 4).advise(0, 4, 10).map(8, 4).write(8, 4).advise(8, 4, 18);
    expect(program.predict((p) => p.fork())).toEqual(["flush -1"]);
  });

  test("announces nothing on the parent's mm for the child's copies", async () => {
    const program = await Program.start({}, false);
    program.map(0, 4).write(0, 4);
    const child = program.fork();
    expect(program.predict((p) => p.write(0, 2, child))).toEqual(["flush 1", "flush 1"]);
  });
});

describe("mlock", () => {
  test("replaces zero pages as a write would", async () => {
    const program = await Program.start();
    program.map(0, 4).read(0, 2);
    const act = (p: Program) => p.call("mlock", { addr: 2 ** 40, len: 4 * PAGE });
    expect(program.predict(act)).toEqual(["[0, 1)", "flush 1", "[1, 2)", "flush 1"]);
  });
});

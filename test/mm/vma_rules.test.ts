/** What operations over several VMAs, sealed, locked or without access, do before they stop. */
import { describe, expect, test } from "vitest";
import { BLOCK, GIB, NONE, PAGE, Program, R, RW, RX, at } from "../support/program.js";

const PAGES_OF_BLOCK = BLOCK / PAGE;
const PAGES_OF_GIB = GIB / PAGE;
const EPERM = -1;
const ENOMEM = -12;
const EFAULT = -14;
const EACCES = -13;
const DONTNEED = 4;
const FREE = 8;
const DONTFORK = 10;
const WIPEONFORK = 18;
const GUARD_INSTALL = 102;
const FIXED_MOVE = 3;
const GROWSDOWN = 0x122;
const DROPPABLE = 0x28;

const span = (page: number, pages: number) => ({ addr: at(page), len: pages * PAGE });
const seal = (program: Program, page: number, pages: number) =>
  program.call("mseal", { ...span(page, pages), flags: 0 });
const lock = (program: Program, page: number, pages: number, ret = 0) =>
  program.call("mlock", span(page, pages), ret);

describe("a sealed VMA", () => {
  test("is found by munmap behind the boundary that it made in the VMA before", async () => {
    const program = await Program.start();
    program.map(0, 3 * PAGES_OF_BLOCK).write(5, 1);
    program.map(3 * PAGES_OF_BLOCK, 8, R);
    seal(program, 3 * PAGES_OF_BLOCK, 8);
    const unmap = { ...span(700, 3 * PAGES_OF_BLOCK - 700 + 8) };
    expect(program.predict((p) => p.call("munmap", unmap, EPERM))).toEqual([
      `[${PAGES_OF_BLOCK}, ${2 * PAGES_OF_BLOCK})`,
    ]);
  });

  test("is found by munmap before any boundary is made in itself", async () => {
    const program = await Program.start();
    program.map(0, 3 * PAGES_OF_BLOCK).write(5, 1);
    seal(program, 0, 3 * PAGES_OF_BLOCK);
    expect(program.predict((p) => p.call("munmap", span(700, 8), EPERM))).toEqual([]);
  });

  test("stops a move over several VMAs behind those that have moved", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4).map(4, 4, R);
    program.map(100, 1).write(100, 1);
    seal(program, 4, 4);
    const move = { addr: at(0), old_len: 8 * PAGE, new_len: 8 * PAGE, flags: FIXED_MOVE };
    expect(
      program.predict((p) => p.call("mremap", { ...move, new_addr: at(5003) }, EPERM)),
    ).toEqual(["[0, 4)", "flush 4", "[0, 4)"]);
  });

  test.each([DONTFORK, WIPEONFORK, DONTNEED, FREE, GUARD_INSTALL])(
    "that is read-only keeps advice %i from later VMAs",
    async (advice) => {
      const program = await Program.start();
      program.map(0, 4, R).map(4, 4).write(4, 4);
      seal(program, 0, 4);
      const advise = { ...span(0, 8), advice };
      expect(program.predict((p) => p.call("madvise", advise, EPERM))).toEqual([]);
      expect(program.predict((p) => p.fork())).toEqual(["[4, 8)", ...KEEPER, "flush -1"]);
    },
  );
});

/** What fork announces of the page that every program keeps. */
const KEEPER = [`[${PAGES_OF_GIB - 1}, ${PAGES_OF_GIB})`];

describe("mremap", () => {
  test("refuses a range that begins in a hole before it moves anything", async () => {
    const program = await Program.start();
    program.map(4, 4).write(4, 4);
    const move = { addr: at(0), old_len: 8 * PAGE, new_len: 8 * PAGE, flags: FIXED_MOVE };
    expect(
      program.predict((p) => p.call("mremap", { ...move, new_addr: at(5003) }, EFAULT)),
    ).toEqual([]);
  });
});

describe("mprotect", () => {
  test("changes the VMAs before one that may not be written", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4).protect(0, 4, R);
    program.file(10, "ext4", 4).map(4, 4, R, 1, 10).read(4, 4);
    const call = { ...span(0, 8), prot: RW };
    expect(program.predict((p) => p.call("mprotect", call, EACCES))).toEqual(["[0, 4)", "flush 4"]);
  });

  test("of PROT_GROWSDOWN begins at the start of the stack", async () => {
    const program = await Program.start();
    program.map(8, 8, RW, GROWSDOWN).write(8, 8);
    expect(program.predict((p) => p.protect(15, 1, 0x01000000 | RX))).toEqual([
      "[8, 16)",
      "flush 8",
    ]);
  });
});

describe("mlock", () => {
  test("populates nothing behind a VMA without access", async () => {
    const program = await Program.start();
    program.map(0, 4, NONE).map(4, 4).read(4, 4);
    expect(program.predict((p) => lock(p, 0, 8, ENOMEM))).toEqual([]);
  });

  test("populates the VMAs before one without access", async () => {
    const program = await Program.start();
    program.map(0, 2).read(0, 2).map(2, 4, NONE);
    expect(program.predict((p) => lock(p, 0, 6, ENOMEM))).toEqual([
      "[0, 1)",
      "flush 1",
      "[1, 2)",
      "flush 1",
    ]);
  });

  test("does nothing where the limit of locked memory forbids it", async () => {
    const program = await Program.start();
    program.map(0, 4).read(0, 4);
    expect(program.predict((p) => lock(p, 0, 4, ENOMEM))).toEqual([]);
  });

  test("takes pages off the CPU's pending lists, so that a lone copy is written in place", async () => {
    const program = await Program.start();
    program.map(0, 2).write(0, 2).map(8, 1).write(8, 1).drain();
    program.advise(0, 2, FREE);
    program.exit(program.fork());
    lock(program, 8, 1);
    expect(program.predict((p) => p.write(0, 2))).toEqual([]);
  });

  test("leaves huge pages of hugetlbfs in one VMA and unlocked", async () => {
    const program = await Program.start();
    program.map(0, 2 * PAGES_OF_BLOCK, RW, 0x40022).write(0, 1);
    lock(program, 0, PAGES_OF_BLOCK);
    expect(program.predict((p) => p.advise(0, PAGES_OF_BLOCK, DONTNEED))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      "flush 1",
    ]);
  });
});

describe("mlockall", () => {
  test("locks every VMA although locking one joins it to its neighbour", async () => {
    const program = await Program.start();
    program.map(0, 4).map(4, 4).map(12, 4);
    lock(program, 0, 4);
    program.call("mlockall", { flags: 1 });
    // a locked VMA may not be discarded
    const advise = { ...span(12, 4), advice: DONTNEED };
    expect(program.predict((p) => p.call("madvise", advise, -22))).toEqual([]);
  });
});

describe("fork", () => {
  test("gives the child the upper tables of the parent even where no page is left", async () => {
    const program = await Program.start({}, false);
    program.map(0, 3 * PAGES_OF_BLOCK).write(0, 1);
    program.advise(0, PAGES_OF_BLOCK, DONTNEED);
    const child = program.fork();
    const whole = span(0, 3 * PAGES_OF_BLOCK);
    // of tables alone, the lowest level that goes is that of GiB
    expect(program.predict((p) => p.call("munmap", whole, 0, child))).toEqual(["flush 0"]);
  });

  test("announces private huge pages of hugetlbfs only when one was faulted in", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK, RW, 0x40022);
    expect(program.predict((p) => p.fork())).toEqual([...KEEPER, "flush -1"]);
    program.read(0, 1);
    expect(program.predict((p) => p.fork())).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      ...KEEPER,
      "flush -1",
    ]);
  });

  test("announces a droppable mapping, which the child gets empty, nowhere", async () => {
    const program = await Program.start();
    program.map(0, 4, RW, DROPPABLE).write(0, 4);
    expect(program.predict((p) => p.fork())).toEqual([...KEEPER, "flush -1"]);
  });
});

describe("a stack", () => {
  test("that has grown counts as written", async () => {
    const program = await Program.start();
    program.map(64, 4, RW, GROWSDOWN).read(63, 1);
    expect(program.predict((p) => p.fork())).toEqual(["[63, 68)", ...KEEPER, "flush -1"]);
  });

  test("does not grow within 256 pages of other memory that may be accessed", async () => {
    const program = await Program.start();
    program.map(0, 4).map(300, 4, RW, GROWSDOWN).write(259, 1);
    expect(program.predict((p) => p.unmap(200, 200))).toEqual(["[200, 400)"]);
    program.map(300, 4, RW, GROWSDOWN).write(260, 1).map(500, 1).write(500, 1);
    expect(program.predict((p) => p.unmap(200, 200))).toEqual(["[200, 400)", "flush 1"]);
  });

  test("grows down to memory without access", async () => {
    const program = await Program.start();
    program.map(0, 4, NONE).map(300, 4, RW, GROWSDOWN).write(4, 1).map(500, 1).write(500, 1);
    expect(program.predict((p) => p.unmap(4, 1))).toEqual(["[4, 5)", "flush 1"]);
  });
});

describe("a guard region", () => {
  test("keeps the pte table of a block that it empties", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).write(6, 9);
    expect(program.predict((p) => p.advise(0, PAGES_OF_BLOCK, GUARD_INSTALL))).toEqual([
      `[0, ${PAGES_OF_BLOCK})`,
      "flush 9",
    ]);
  });
});

describe("a write to a page of a large folio", () => {
  test("copies the last page that is mapped, although nobody else maps it", async () => {
    const program = await Program.start();
    program.map(0, PAGES_OF_BLOCK).advise(0, PAGES_OF_BLOCK, 14).write(0, 1);
    program.exit(program.fork());
    program.unmap(0, 100).unmap(101, PAGES_OF_BLOCK - 101);
    expect(program.predict((p) => p.write(100, 1))).toEqual(["[100, 101)", "flush 1"]);
  });
});

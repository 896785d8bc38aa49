/** What userfaultfd, PAGEMAP_SCAN and populating calls announce and flush. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { BLOCK, PAGE, Program, RW, at } from "../support/program.js";

const PAGES_OF_BLOCK = BLOCK / PAGE;
const PRIVATE_FILE = 2;
const FREE = 8;
const HUGEPAGE = 14;
const DONTDUMP = 16;
const WP = 2;
const WP_ASYNC = 4;
const SMALL_FOLIOS = { thp_sizes: { "64kB": "madvise" } };

const register = (program: Program, pages: number, modes: number) =>
  program.act(ReplayAction.UffdRegister, at(0), at(pages), modes);

describe("UFFDIO_WRITEPROTECT", () => {
  test("has a gather for each VMA (mwriteprotect_range)", async () => {
    const program = await Program.start();
    program.map(0, 8).write(0, 8).advise(4, 4, DONTDUMP);
    register(program, 8, WP);
    const protect = (p: Program) => p.act(ReplayAction.UffdProtect, at(2), at(6), 1);
    expect(program.predict(protect)).toEqual(["[2, 4)", "flush 2", "[4, 6)", "flush 2"]);
  });

  test("ends at a VMA that is not registered", async () => {
    const program = await Program.start();
    program.map(0, 8).write(0, 8);
    register(program, 4, WP);
    const protect = (p: Program) => p.act(ReplayAction.UffdProtect, at(2), at(6), 1);
    expect(program.predict(protect)).toEqual(["[2, 4)", "flush 2"]);
  });
});

describe("PAGEMAP_SCAN", () => {
  test("announces a hole without a pte table on its own, and flushes nothing there", async () => {
    const program = await Program.start();
    program.map(0, 3 * PAGES_OF_BLOCK).write(2, 1);
    register(program, 3 * PAGES_OF_BLOCK, WP | WP_ASYNC);
    const end = 2 * PAGES_OF_BLOCK + 5;
    const scan = (p: Program) => p.act(ReplayAction.ScanWritten, at(0), at(end));
    expect(program.predict(scan)).toEqual([
      `[0, ${end})`,
      "flush -1",
      `[${PAGES_OF_BLOCK}, ${2 * PAGES_OF_BLOCK})`,
      `[${2 * PAGES_OF_BLOCK}, ${end})`,
    ]);
  });

  test("flushes from the first page that it protects to the end of the block's part", async () => {
    const program = await Program.start();
    program.map(0, 12).write(0, 8);
    register(program, 12, WP | WP_ASYNC);
    const scan = (p: Program) => p.act(ReplayAction.ScanWritten, at(0), at(12));
    expect(program.predict(scan)).toEqual(["[0, 12)", "flush 12"]);
    program.write(5, 2);
    expect(program.predict(scan)).toEqual(["[0, 12)", "flush 7"]);
  });
});

describe("mlock", () => {
  test("drains the pending lists of the CPU, so that a page on them can be taken over", async () => {
    const start = async () => {
      const program = await Program.start();
      program.map(0, 1).write(0, 1).map(8, 1).advise(0, 1, FREE);
      return program.exit(program.fork());
    };
    const write = (p: Program) => p.write(0, 1);
    expect((await start()).predict(write)).toEqual(["[0, 1)", "flush 1"]);
    const locked = (await start()).call("mlock", { addr: at(8), len: PAGE });
    expect(locked.predict(write)).toEqual([]);
  });

  test("ends with the first page that cannot be had, where mlockall goes on", async () => {
    const start = async () => {
      const program = await Program.start();
      program.file(10, "ext4", 1).map(0, 2, RW, PRIVATE_FILE, 10).map(2, 1).read(2, 1);
      return program;
    };
    const lock = (p: Program) => p.call("mlock", { addr: at(0), len: 3 * PAGE }, -12);
    expect((await start()).predict(lock)).toEqual([]);
    expect((await start()).predict((p) => p.call("mlockall", { flags: 1 }))).toEqual([
      "[2, 3)",
      "flush 1",
    ]);
  });
});

describe("a write to a large folio", () => {
  test("copies the last page that is left of it (__wp_can_reuse_large_anon_folio)", async () => {
    const start = async (pages: number) => {
      const program = await Program.start(SMALL_FOLIOS);
      program.map(0, 16).advise(0, 16, HUGEPAGE).write(0, 1);
      program.exit(program.fork());
      return program.unmap(pages, 16 - pages);
    };
    expect((await start(2)).predict((p) => p.write(0, 1))).toEqual([]);
    expect((await start(1)).predict((p) => p.write(0, 1))).toEqual(["[0, 1)", "flush 1"]);
  });
});

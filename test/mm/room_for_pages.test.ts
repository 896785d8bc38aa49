/** Calls that claim to populate more than the model has page tables for leave the mm as it is. */
import { describe, expect, test } from "vitest";
import { ReplayAction, ReplayCounter } from "../../src/abi/recording.generated.js";
import { ReplayCore } from "../../src/replay/replay_core.js";
import { GIB, NONE, PAGE, PRIVATE, Program, RW, at } from "../support/program.js";

const TIB_PAGES = (1024 * GIB) / PAGE;
const GIB_PAGES = GIB / PAGE;
const POPULATE = 0x8000;
const MAP_LOCKED = 0x2000;
const FIRST = 2 * GIB_PAGES;

async function started(): Promise<[Program, ReplayCore]> {
  let core: ReplayCore | undefined;
  const program = await Program.on(
    async (header) => (core = await ReplayCore.create(header, true)),
  );
  program.carryOut();
  return [program, core!];
}

describe("the replay reports as unsupported", () => {
  test.each([
    ["MAP_POPULATE", (p: Program) => p.map(FIRST, TIB_PAGES, RW, PRIVATE | POPULATE)],
    ["MAP_LOCKED", (p: Program) => p.map(FIRST, TIB_PAGES, RW, PRIVATE | MAP_LOCKED)],
    ["mlock", (p: Program) => p.call("mlock", { addr: at(FIRST), len: TIB_PAGES * PAGE })],
    ["mlockall", (p: Program) => p.call("mlockall", { flags: 1 })],
    ["MADV_POPULATE_WRITE", (p: Program) => p.advise(FIRST, TIB_PAGES, 23)],
    ["MADV_GUARD_INSTALL", (p: Program) => p.advise(FIRST, TIB_PAGES, 102)],
    ["UFFDIO_COPY", (p: Program) => p.act(ReplayAction.UffdCopy, at(FIRST), at(FIRST + TIB_PAGES))],
  ] as const)("%s of a TiB, and makes no table for it", async (_, act) => {
    const [program, core] = await started();
    program.map(FIRST, TIB_PAGES).carryOut();
    expect(core.unsupported()).toEqual([]);
    const before = core.count(ReplayCounter.TablesInUse);
    expect(program.predict(act)).toEqual([]);
    expect(core.unsupported()).toHaveLength(1);
    expect(core.count(ReplayCounter.TablesInUse)).toBe(before);
    expect(program.audit()).toBe(0);
  });
});

describe("the replay carries out", () => {
  test.each([
    ["MAP_POPULATE of a GiB", (p: Program) => p.map(FIRST, GIB_PAGES, RW, PRIVATE | POPULATE)],
    [
      "MAP_POPULATE of a TiB without access",
      (p: Program) => p.map(FIRST, TIB_PAGES, NONE, PRIVATE | POPULATE),
    ],
    [
      "MAP_POPULATE of a TiB behind a small file",
      (p: Program) => p.file(10, "tmpfs", 4).map(FIRST, TIB_PAGES, RW, 1 | POPULATE, 10),
    ],
    [
      "mlockall beside a TiB without access",
      (p: Program) => p.map(FIRST, TIB_PAGES, NONE).call("mlockall", { flags: 1 }),
    ],
  ] as const)("%s", async (_, act) => {
    const [program, core] = await started();
    act(program);
    expect(program.audit()).toBe(0);
    expect(core.unsupported()).toEqual([]);
  });
});

describe("the replay ends with a message", () => {
  const FULL = "the programs need more page tables than the model has";
  const BLOCK_PAGES = 512;

  test("where faults need more page tables than there are (__pte_alloc)", async () => {
    const [program] = await started();
    program.map(FIRST, 9000 * BLOCK_PAGES);
    for (let block = 0; block < 9000; block++) program.write(FIRST + block * BLOCK_PAGES, 1);
    expect(() => {
      program.carryOut();
    }).toThrow(FULL);
  });

  test("where forks do (copy_page_range)", async () => {
    const [program] = await started();
    program.map(FIRST, 1000 * BLOCK_PAGES);
    for (let block = 0; block < 1000; block++) program.write(FIRST + block * BLOCK_PAGES, 1);
    for (let child = 0; child < 6; child++) program.fork();
    program.carryOut();
    program.fork();
    program.fork();
    expect(() => {
      program.carryOut();
    }).toThrow(FULL);
  });
});

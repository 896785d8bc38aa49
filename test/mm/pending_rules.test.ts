/** What the CPUs' pending lists of pages mean for a write to a page that was shared by fork. */
import { describe, expect, test } from "vitest";
import { Program } from "../support/program.js";

const MAIN = { p: 1, tid: 1, mm: 1, cpu: 1 };

describe("a page whose other owner is gone", () => {
  test("is written in place by the CPU on whose pending list it waits", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4);
    program.exit(program.fork());
    expect(program.predict((p) => p.write(0, 4))).toEqual([]);
  });

  test("is copied by a CPU that cannot drain the list it waits on", async () => {
    const program = await Program.start();
    program.map(0, 4).write(0, 4);
    program.exit(program.fork());
    expect(program.predict((p) => p.write(0, 1, { ...MAIN, cpu: 0 }))).toEqual([
      "[0, 1)",
      "ask others 1",
      "flush 1",
    ]);
  });

  test("is written in place by any CPU when 31 new pages have worked off the list", async () => {
    const program = await Program.start();
    program.map(0, 64).write(0, 4).drain().write(4, 31);
    program.exit(program.fork());
    expect(program.predict((p) => p.write(4, 31, { ...MAIN, cpu: 0 }))).toEqual([]);
  });

  test("is copied without draining the list when more than three references hold it", async () => {
    const program = await Program.start();
    program.map(0, 2).map(8, 8).write(8, 8).drain().write(0, 1);
    program.advise(8, 1, 8);
    const children = [program.fork(), program.fork(), program.fork()];
    program.write(0, 1);
    for (const child of children) program.exit(child);
    // the page that MADV_FREE put on a list is still on it
    expect(program.predict((p) => p.write(8, 1))).toEqual(["[8, 9)", "flush 1"]);
  });
});

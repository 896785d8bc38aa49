/** Breakpoints of uprobes in private pages of programs. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { ERAS, type EraName, KernelProbe } from "../support/kernel_probe.js";
import { at, type Program, RX } from "../support/program.js";

const PRIVATE_FILE = 2;
const set = (p: Program) => p.act(ReplayAction.SetBreakpoint, at(1));
const clear = (p: Program) => p.act(ReplayAction.ClearBreakpoint, at(1));

/** Code of a program, read in. */
async function code(era: EraName) {
  const probe = await KernelProbe.boot(era);
  probe.program.file(10, "memfd", 4).map(0, 4, RX, PRIVATE_FILE, 10).read(0, 4).drain();
  return probe;
}

describe("a uprobe", () => {
  test.each([
    { era: "3.17", told: ["S CLEAR 1-2", "Fc 1", "change_pte 1-2", "E"] },
    { era: "3.19", told: ["S CLEAR 1-2", "Fc 1", "Fs 1-2", "change_pte 1-2", "Fs 1-2", "E"] },
    { era: "4.15", told: ["S CLEAR 1-2", "Fc 1", "Fs 1-2", "change_pte 1-2", "Fs 1-2", "E"] },
    { era: "6.4", told: ["S CLEAR 1-2", "Fc 1", "Fs 1-2", "change_pte 1-2", "Fs 1-2", "E"] },
  ] as const)(
    "replaces the page by a copy inside a pair in $era (__replace_page)",
    async ({ era, told }) => {
      expect((await code(era)).tell(set)).toEqual(told);
    },
  );

  test("breaks copy-on-write by a fault in 6.19, and writes the copy behind another flush, without a pair (uprobe_write)", async () => {
    const told = ["S CLEAR 1-2", "Fc 1", "Fs 1-2", "E", "Fc 1", "Fs 1-2"];
    expect((await code("6.19")).tell(set)).toEqual(told);
  });

  test("has no pair at all in 6.19 when the page is the program's own already (__uprobe_write)", async () => {
    const probe = await code("6.19");
    probe.tell(set);
    expect(probe.tell(set)).toEqual(["Fc 1", "Fs 1-2"]);
  });

  test.each([
    { era: "6.4", told: ["S CLEAR 1-2", "Fc 1", "Fs 1-2", "Fs 1-2", "E", "free 1 page"] },
    { era: "6.19", told: ["S CLEAR 1-2", "Fc 1", "Fs 1-2", "E", "free 1 page"] },
  ] as const)(
    "drops the copy inside a pair when it is taken out in $era (orig_page_is_identical)",
    async ({ era, told }) => {
      const probe = await code(era);
      probe.program.act(ReplayAction.SetBreakpoint, at(1)).drain();
      expect(probe.tell(clear)).toEqual(told);
      expect(probe.program.audit()).toBe(0);
    },
  );

  test.each(["3.17", "3.19", "4.15"] as const)(
    "leaves another copy behind when it is taken out in %s (__replace_page)",
    async (era) => {
      const probe = await code(era);
      probe.program.act(ReplayAction.SetBreakpoint, at(1)).drain();
      expect(probe.tell(clear)).toContain("change_pte 1-2");
      probe.program.drain();
      expect(probe.tell((p) => p.unmap(0, 4)).join()).toContain("free 1 page");
    },
  );

  test.each(Object.keys(ERAS) as EraName[])(
    "that is not there is taken out without a word in %s (verify_opcode)",
    async (era) => {
      expect((await code(era)).tell(clear)).toEqual([]);
    },
  );
});

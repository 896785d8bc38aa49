/** process_madvise: which of its ranges are advised, and when nothing is. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { KernelProbe } from "../support/kernel_probe.js";
import { at, PAGE, type Program, R } from "../support/program.js";

const DONTNEED = 4;
const HWPOISON = 100;
const GUARD_INSTALL = 102;
const MSEAL = { addr: at(4), len: PAGE };

interface Call {
  advice?: number;
  first?: number;
  count?: number;
  bytes?: number;
  step?: number;
  flags?: number;
  result?: number;
}

/** `count` ranges of `bytes`, each `step` pages behind the one before. */
const advised =
  ({ advice = DONTNEED, first = at(0), count = 3, bytes = PAGE, step = 4, ...call }: Call = {}) =>
  (p: Program) =>
    p
      .announce(ReplayAction.AdviseRanges, first, count, bytes, step * PAGE)
      .call("process_madvise", { advice, flags: call.flags ?? 0 }, call.result ?? count * PAGE);

async function written(pages = 12) {
  const probe = await KernelProbe.boot("6.19");
  probe.program.map(0, pages).write(0, pages).drain();
  return probe;
}

const starts = (lines: string[]) => lines.filter((line) => line.startsWith("S "));

describe("process_madvise", () => {
  test("has a pair for each range, and one flush behind all (vector_madvise)", async () => {
    const told = (await written()).tell(advised());
    expect(told.slice(0, 8)).toEqual([
      "S CLEAR 0-1",
      "E",
      "S CLEAR 4-5",
      "E",
      "S CLEAR 8-9",
      "E",
      "Fc 9",
      "Fs 0-9",
    ]);
  });

  test("rounds each length up to pages (PAGE_ALIGN)", async () => {
    const told = (await written()).tell(advised({ bytes: PAGE + 1 }));
    expect(starts(told)).toEqual(["S CLEAR 0-2", "S CLEAR 4-6", "S CLEAR 8-10"]);
  });

  test("ends at the first range that is not mapped whole, which it advises (madvise_walk_vmas)", async () => {
    const probe = await written();
    probe.program.unmap(5, 1);
    const told = probe.tell(advised({ bytes: 3 * PAGE, result: PAGE }));
    expect(starts(told)).toEqual(["S CLEAR 0-3", "S CLEAR 4-5", "S CLEAR 6-7"]);
  });

  test("ends at a sealed read-only range, and keeps what it did (can_madvise_modify)", async () => {
    const probe = await written();
    probe.program.protect(4, 1, R).call("mseal", MSEAL);
    expect(starts(probe.tell(advised({ result: PAGE })))).toEqual(["S CLEAR 0-1"]);
  });

  test("takes the advice of madvise for the caller's own mm, guard regions too (since 6.13)", async () => {
    const told = (await written()).tell(advised({ advice: GUARD_INSTALL }));
    expect(starts(told)).toEqual(["S CLEAR 0-1", "S CLEAR 4-5", "S CLEAR 8-9"]);
  });

  test.each([
    ["a start inside a page (check_input_range)", { first: at(0) + 1, result: -22 }],
    ["more than 1,024 ranges (UIO_MAXIOV)", { count: 1025, step: 0, result: -22 }],
    ["flags, which are reserved", { flags: 1, result: -22 }],
    ["a process that is gone (pidfd_get_task)", { result: -3 }],
    ["advice that does not exist (madvise_behavior_valid)", { advice: HWPOISON, result: -22 }],
  ])("does nothing with %s", async (_, call) => {
    expect((await written()).tell(advised(call))).toEqual([]);
  });
});

/** Recordings in which two threads of an mm are in the kernel at once. */
import { describe, expect, test } from "vitest";
import { packagedRecordings } from "../../src/cli/recordings.js";
import { checkRecording } from "../../src/replay/check.js";
import { readRecording } from "../../src/workload/recording.js";
import { bytesOf, linesOf } from "../support/transformed_recording.js";

const GIB = 2 ** 30;
const PAGE = 4096;
const AREA = 2 ** 40;
const ONE_TABLE = "order of a call and the fault of another thread";
type Line = ReturnType<typeof linesOf>[number];

const header = linesOf(packagedRecordings()[0]!.path)[0]!;

/** Thread 1 protects the first page of a GiB that thread 2 maps a page of at the same time. */
function program(faultOf: number, announced: readonly (readonly [number, number])[]): Line[] {
  const hex = (address: number) => `0x${address.toString(16)}`;
  const map = { addr: hex(AREA), len: GIB, prot: 3, flags: 50, fd: -1, off: 0 };
  const events: [number, Line][] = [
    [1, { ev: "exec" }],
    [1, { ev: "notifier", on: true, forked: false }],
    [1, { ev: "enter", call: "mmap", a: map }],
    [1, { ev: "exit", call: "mmap", ret: hex(AREA) }],
    [1, { ev: "enter", call: "clone3", a: { size: 88 } }],
    [1, { ev: "newtask", child: 2, flags: "0x3d0f00", child_mm: 1 }],
    [1, { ev: "exit", call: "clone3", ret: 2 }],
    [1, { ev: "enter", call: "mprotect", a: { addr: hex(AREA), len: PAGE, prot: 1 } }],
    [faultOf, { ev: "fault", addr: hex(AREA + GIB / 2), err: 6, k: 0 }],
    ...announced.map(([start, end]): [number, Line] => [
      1,
      { ev: "inval", start: hex(AREA + start), end: hex(AREA + end) },
    ]),
    [1, { ev: "exit", call: "mprotect", ret: 0 }],
  ];
  const lines = events.map(([tid, event], t): Line => ({
    t,
    p: 1,
    tid,
    mm: 1,
    cpu: tid - 1,
    ...event,
  }));
  const counts: Record<string, number> = {};
  for (const { ev } of lines) counts[ev] = (counts[ev] ?? 0) + 1;
  const window = [hex(AREA), hex(AREA + 4 * GIB)];
  return [
    { ...header, window },
    ...lines,
    { t: lines.length, ev: "end_of_trace", lost: 0, events: counts },
  ];
}

async function check(faultOf: number, announced: readonly (readonly [number, number])[]) {
  const reader = await readRecording(bytesOf(program(faultOf, announced)), { file: "race" });
  const { notifier, inputs } = await checkRecording(reader, { isOrdered: true });
  return { ...notifier, raced: inputs.find(({ what }) => what === ONE_TABLE)?.count ?? 0 };
}

const SPLIT = [0, 2 ** 21] as const;
const PROTECTED = [0, PAGE] as const;

describe("a call during which another thread's fault makes the first table of its GiB", () => {
  test.each([
    { found: "both when it splits and when it protects", announced: [SPLIT, PROTECTED], raced: 0 },
    { found: "when it protects only", announced: [PROTECTED], raced: 1 },
    { found: "at no time", announced: [], raced: 2 },
  ])("may have found that table $found", async ({ announced, raced }) => {
    expect(await check(2, announced)).toMatchObject({ missing: 0, extra: 0, raced });
  });

  test("is not excused where it made the table itself", async () => {
    expect(await check(1, [PROTECTED])).toMatchObject({ missing: 0, extra: 1, raced: 0 });
  });

  test("is not excused for a range that the table cannot explain", async () => {
    const elsewhere = [PAGE, 2 * PAGE] as const;
    expect(await check(2, [SPLIT, elsewhere])).toMatchObject({ missing: 1 });
  });
});

/** Recordings that show less than what decides: two threads in the kernel at once, unseen state. */
import { describe, expect, test } from "vitest";
import { packagedRecordings } from "../../src/cli/recordings.js";
import { checkRecording } from "../../src/replay/check.js";
import { readRecording } from "../../src/workload/recording.js";
import { bytesOf, linesOf } from "../support/transformed_recording.js";

const PAGE = 4096;
const PAGES_OF_GIB = 2 ** 30 / PAGE;
const AREA = 2 ** 40;
const ONE_TABLE = "order of a call and the fault of another thread";
const PRIVATE_FIXED = 50;
const MADV_DONTNEED = 4;

type Line = ReturnType<typeof linesOf>[number];
/** The thread, which runs on a CPU of its own, and what it does. */
type Event = readonly [thread: number, Line];

const header = linesOf(packagedRecordings()[0]!.path)[0]!;

const at = (page: number) => `0x${(AREA + page * PAGE).toString(16)}`;
const enter = (call: string, a: object): Event => [1, { ev: "enter", call, a }];
const exit = (call: string, ret: number | string = 0): Event => [1, { ev: "exit", call, ret }];
const fault = (thread: number, page: number, err: number): Event => [
  thread,
  { ev: "fault", addr: at(page), err, k: 0 },
];
const inval = (thread: number, start: number, end: number): Event => [
  thread,
  { ev: "inval", start: at(start), end: at(end) },
];
/** `thread` flushes for the mm, and the other one's CPU on its request. */
const flush = (thread: number, pages: number): Event[] => [
  [thread, { ev: "tlb", reason: "send_ipi", pages }],
  [thread, { ev: "tlb", reason: "local_mm", pages }],
  [3 - thread, { ev: "tlb", reason: "remote", pages }],
];
const map = (pages: number, prot: number): Event[] => [
  enter("mmap", { addr: at(0), len: pages * PAGE, prot, flags: PRIVATE_FIXED, fd: -1, off: 0 }),
  exit("mmap", at(0)),
];
const advise = (pages: number) => ({ addr: at(0), len: pages * PAGE, advice: MADV_DONTNEED });
const protect = (pages: number, prot: number) => ({ addr: at(0), len: pages * PAGE, prot });

const START: Event[] = [
  [1, { ev: "exec" }],
  [1, { ev: "notifier", on: true, forked: false }],
];
const THREAD: Event[] = [
  enter("clone3", { size: 88 }),
  [1, { ev: "newtask", child: 2, flags: "0x3d0f00", child_mm: 1 }],
  exit("clone3", 2),
];

async function check(...events: Event[]) {
  return checkIn([at(0), at(4 * PAGES_OF_GIB)], ...events);
}

async function checkIn(window: [string, string] | null, ...events: Event[]) {
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
  const end = { t: lines.length, ev: "end_of_trace", lost: 0, events: counts };
  const known: Line = { ...header };
  delete known["window"];
  const bytes = bytesOf([window === null ? known : { ...known, window }, ...lines, end]);
  const reader = await readRecording(bytes, { file: "race" });
  const { mismatches, inputs } = await checkRecording(reader, { isOrdered: true });
  const raced = inputs.find(({ what }) => what === ONE_TABLE)?.count ?? 0;
  return {
    mismatches: mismatches.map(({ expected, predicted }) => ({ expected, predicted })),
    raced,
  };
}

describe("a call during which another thread's fault makes the first table of its GiB", () => {
  const before = [...START, ...map(PAGES_OF_GIB, 3), ...THREAD, enter("mprotect", protect(1, 1))];
  const elsewhere = PAGES_OF_GIB / 2;
  const split = inval(1, 0, 512);

  test.each([
    { found: "both when it splits and when it protects", told: [split, inval(1, 0, 1)], raced: 0 },
    { found: "when it protects only", told: [inval(1, 0, 1)], raced: 1 },
    { found: "at no time", told: [], raced: 2 },
  ])("may have found that table $found", async ({ told, raced }) => {
    const events = [...before, fault(2, elsewhere, 6), ...told, exit("mprotect")];
    expect(await check(...events)).toEqual({ mismatches: [], raced });
  });

  test("is not excused where it made the table itself", async () => {
    const events = [...before, fault(1, elsewhere, 6), inval(1, 0, 1), exit("mprotect")];
    expect(await check(...events)).toMatchObject({ mismatches: { length: 1 }, raced: 0 });
  });

  test("is not excused for a range that the table cannot explain", async () => {
    const told = [split, inval(1, 1, 2)];
    const events = [...before, fault(2, elsewhere, 6), ...told, exit("mprotect")];
    const { mismatches } = await check(...events);
    expect(mismatches.length).toBeGreaterThan(0);
  });
});

describe("a fault of another thread in the range of a call", () => {
  const written = [...START, ...map(4, 3), ...[0, 1, 2, 3].map((page) => fault(1, page, 6))];
  const emptied = [inval(1, 0, 4), ...flush(1, 4)];
  const again = [enter("madvise", advise(4)), inval(1, 0, 4)];

  test("comes after the zapping whose flush shows", async () => {
    const zapping = [enter("madvise", advise(4)), ...emptied, fault(2, 1, 4), exit("madvise")];
    const events = [...written, ...THREAD, ...zapping, ...again, ...flush(1, 1), exit("madvise")];
    expect(await check(...events)).toEqual({ mismatches: [], raced: 0 });
  });

  test("comes after the zapping that made it necessary, before its flush", async () => {
    const zapping = [enter("madvise", advise(4)), inval(1, 0, 4), fault(2, 1, 4), ...flush(1, 4)];
    const events = [...written, ...THREAD, ...zapping, exit("madvise")];
    const after = [...again, ...flush(1, 1), exit("madvise")];
    expect(await check(...events, ...after)).toEqual({ mismatches: [], raced: 0 });
  });

  test("comes before the zapping where nothing tells another order", async () => {
    const zapping = [enter("madvise", advise(4)), fault(2, 1, 6), inval(1, 0, 4), ...flush(1, 1)];
    const events = [...START, ...map(4, 3), ...THREAD, ...zapping, exit("madvise")];
    expect(await check(...events, ...again, exit("madvise"))).toEqual({ mismatches: [], raced: 0 });
  });

  test("comes after the protection that permits it", async () => {
    const granting = [enter("mprotect", protect(4, 3)), fault(2, 1, 6), exit("mprotect")];
    const events = [...START, ...map(8, 0), ...THREAD, ...granting];
    const after = [enter("madvise", advise(4)), inval(1, 0, 4), ...flush(1, 1), exit("madvise")];
    expect(await check(...events, ...after)).toEqual({ mismatches: [], raced: 0 });
  });

  test("comes after the fork that took its write permission, and copies the page", async () => {
    const fork: Event[] = [
      enter("clone", { flags: 0x1200011, stack: "0x0" }),
      inval(1, 0, 4),
      ...flush(1, -1),
      fault(2, 1, 7),
      [1, { ev: "newtask", child: 3, flags: "0x1200000", child_mm: 2 }],
      inval(2, 1, 2),
      ...flush(2, 1),
      exit("clone", 3),
    ];
    expect(await check(...written, ...THREAD, ...fork)).toEqual({ mismatches: [], raced: 0 });
  });

  test("announces a copy of the page that it gives up when another thread's was faster", async () => {
    const read = [...START, ...map(4, 3), fault(1, 1, 4)];
    const race = [fault(1, 1, 7), fault(2, 1, 7), inval(1, 1, 2), inval(2, 1, 2), ...flush(1, 1)];
    const next = [...again, ...flush(1, 1), exit("madvise")];
    expect((await check(...read, ...THREAD, ...race, ...next)).mismatches).toEqual([]);
    const late = [fault(1, 1, 7), inval(1, 1, 2), ...flush(1, 1), fault(2, 1, 7)];
    expect((await check(...read, ...THREAD, ...late, ...next)).mismatches).toEqual([]);
  });
});

describe("a gather that ends while another thread's is open", () => {
  const [from, to] = [at(0), at(512)];
  const move = { addr: from, old_len: 4 * PAGE, new_len: 4 * PAGE, flags: 3, new_addr: to };
  const target = { addr: to, len: 4 * PAGE, prot: 3, flags: PRIVATE_FIXED, fd: -1, off: 0 };
  const full = flush(1, -1);

  test("flushes everything, also where it cleared nothing", async () => {
    const written = [...map(4, 3), fault(1, 1, 6), enter("mmap", target), exit("mmap", to)];
    const other: Event = [2, { ev: "enter", call: "madvise", a: { ...advise(1), addr: at(900) } }];
    const moved = [enter("mremap", move), inval(1, 512, 516), ...full, inval(1, 0, 4)];
    const rest = [...flush(1, 4), inval(1, 0, 4), ...full, exit("mremap", to)];
    const events = [...START, ...written, ...THREAD, other, ...moved, ...rest];
    expect((await check(...events)).mismatches).toEqual([]);
    const alone = [...START, ...written, ...THREAD, ...moved, ...rest];
    expect((await check(...alone)).mismatches.length).toBeGreaterThan(0);
  });
});

describe("an MADV_COLD of a real program", () => {
  const cold = { addr: at(0), len: 8 * PAGE, advice: 20 };
  const snapshot: Event = [1, { ev: "snap", vmas: [], pages: [] }];
  const before = [
    ...[START[0]!, snapshot, START[1]!],
    ...map(8, 3),
    ...[enter("mprotect", protect(4, 1)), exit("mprotect")],
  ];
  const local = (pages: number): Event => [1, { ev: "tlb", reason: "local_mm", pages }];

  test("flushes in each VMA what was accessed, which only the recording tells", async () => {
    const told = [enter("madvise", cold), local(3), local(2), exit("madvise")];
    expect((await checkIn(null, ...before, ...told)).mismatches).toEqual([]);
  });

  test("flushes once a VMA, and no more than it covers", async () => {
    const often = [enter("madvise", cold), local(3), local(2), local(1), exit("madvise")];
    expect((await checkIn(null, ...before, ...often)).mismatches).toHaveLength(3);
    const much = [enter("madvise", cold), local(9), exit("madvise")];
    expect((await checkIn(null, ...before, ...much)).mismatches).toHaveLength(1);
  });
});

describe("a munmap of a file that a real program maps", () => {
  const file = { addr: "0x0", len: 2 * PAGE, prot: 1, flags: 2, fd: 3, off: 0 };
  const snapshot: Event = [1, { ev: "snap", vmas: [], pages: [] }];
  const mapped = [
    ...[START[0]!, snapshot, START[1]!],
    ...[enter("mmap", file), exit("mmap", at(0)), fault(1, 0, 4)],
    enter("munmap", { addr: at(0), len: 2 * PAGE }),
    inval(1, 0, 2),
  ];
  const local = (pages: number): Event => [1, { ev: "tlb", reason: "local_mm", pages }];

  test.each([1, 2])("flushes %i pages if as many were in the page cache", async (pages) => {
    const events = [...mapped, local(pages), exit("munmap")];
    expect((await checkIn(null, ...events)).mismatches).toEqual([]);
  });

  test("flushes no more pages than it can have mapped", async () => {
    const events = [...mapped, local(3), exit("munmap")];
    expect((await checkIn(null, ...events)).mismatches).toHaveLength(1);
  });
});

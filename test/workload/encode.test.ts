import { beforeAll, describe, expect, test } from "vitest";
import { CALLS, callByName } from "../../src/workload/calls.js";
import { EventEncoder } from "../../src/workload/encode.js";
import { ADDRESS_MAX, type Context, type RecordedEvent } from "../../src/workload/events.js";
import {
  AccessKind,
  Kthread,
  PageBits,
  RecordKind,
  FlushReason,
  VmaBits,
} from "../../src/abi/recording.generated.js";
import { LineCore } from "../../src/workload/line_core.js";
import type { Part } from "../../src/workload/recording.js";
import { decodeRecords, type DecodedRecord } from "./record_view.js";
import { openRecording, RECORDINGS } from "./repository_recordings.js";

const MAX = 0xffff_ffff_ffff_ffffn;
const AT: Context = { line: 9, t: 123456789012345, p: 2, tid: 3, mm: 4, cpu: 1, kthread: null };

const INSIDE_SNAPSHOT = new Set<number>([
  RecordKind.SnapVma,
  RecordKind.SnapPages,
  RecordKind.SnapEnd,
]);

function encode(...events: RecordedEvent[]): DecodedRecord[] {
  const encoder = new EventEncoder(1);
  for (const event of events) encoder.add(event);
  return decodeRecords(encoder.take());
}

function argsOf(event: RecordedEvent): bigint[] {
  return encode(event)[0]!.args;
}

describe("an encoded record", () => {
  test("carries where and when its event happened", () => {
    expect(encode({ ev: "taskexit", ...AT })).toEqual([
      {
        kind: RecordKind.Taskexit,
        call: 0,
        line: 9,
        tid: 3,
        p: 2,
        mm: 4,
        cpu: 1,
        present: 0,
        kthread: Kthread.None,
        t: 123456789012345n,
        args: [0n, 0n, 0n, 0n, 0n, 0n],
      },
    ]);
  });

  test("has the six arguments of mmap in register order", () => {
    const a = { off: 0x5000, fd: 10, flags: 17, prot: 3, len: 40960, addr: 0x10000000000 };
    const [record] = encode({ ev: "enter", ...AT, call: "mmap", a });
    expect(record).toMatchObject({ kind: RecordKind.Enter, call: 9, present: 0b111111 });
    expect(record?.args).toEqual([0x10000000000n, 40960n, 3n, 17n, 10n, 0x5000n]);
  });

  test("marks which arguments a recording left out", () => {
    const [record] = encode({ ev: "enter", ...AT, call: "clone3", a: { size: 88 } });
    expect(record).toMatchObject({ call: 435, present: 0b10 });
    expect(record?.args.slice(0, 2)).toEqual([0n, 88n]);
  });

  test("gives a call without a number here the number of none", () => {
    const [record] = encode({ ev: "enter", ...AT, call: "frobnicate", a: { x: 1 } });
    expect(record).toMatchObject({ call: 0xffff, present: 0 });
  });

  test("has a negative result in two's complement", () => {
    const [record] = encode({ ev: "exit", ...AT, call: "munmap", ret: -22 });
    expect(record).toMatchObject({ kind: RecordKind.Exit, call: 11 });
    expect(record?.args[0]).toBe(MAX - 21n);
  });

  test.each<[name: string, event: RecordedEvent, args: bigint[]]>([
    [
      "a fault",
      { ev: "fault", ...AT, addr: 0x7ffff7fe4b70, err: 20, k: 1 },
      [0x7ffff7fe4b70n, 20n, 1n],
    ],
    [
      "an invalidation of everything",
      { ev: "inval", ...AT, start: 0, end: ADDRESS_MAX },
      [0n, MAX],
    ],
    [
      "a full flush",
      { ev: "tlb", ...AT, reason: "send_ipi", pages: -1 },
      [BigInt(FlushReason.SendIpi), MAX],
    ],
    [
      "a flush of page tables only",
      { ev: "tlb", ...AT, reason: "local_mm", pages: 0 },
      [BigInt(FlushReason.LocalMm), 0n],
    ],
    [
      "a new task",
      { ev: "newtask", ...AT, child: 5, flags: 0x3d0f00, child_mm: 4 },
      [5n, 0x3d0f00n, 4n],
    ],
    ["a notifier", { ev: "notifier", ...AT, on: true, forked: false }, [1n, 0n]],
    [
      "writes that go down",
      { ev: "op", ...AT, op: "write", addr: 0x3000, n: 3, step: -4096, byte: 165 },
      [BigInt(AccessKind.Write), 0x3000n, 3n, MAX - 4095n, 165n],
    ],
    ["a signal", { ev: "signal", ...AT, addr: 0x1000, sig: "SEGV" }, [0x1000n, 11n]],
    [
      "a file",
      { ev: "file", ...AT, fd: 10, kind: "memfd", len: 8192, filled: 4096 },
      [10n, 3n, 8192n, 4096n],
    ],
    [
      "a migration",
      { ev: "migrate", ...AT, ok: 2, failed: 1, mode: "MIGRATE_SYNC", reason: "compaction" },
      [2n, 1n, 3n, 1n],
    ],
    ["a word of no list", { ev: "thp", ...AT, what: "another", status: "succeeded" }, [0n, 1n]],
    [
      "a merge that failed",
      { ev: "ksm", ...AT, what: "ksm_merge_one_page", err: -14 },
      [1n, MAX - 13n],
    ],
  ])("has the arguments of %s", (_, event, args) => {
    expect(argsOf(event)).toEqual([...args, 0n, 0n, 0n, 0n, 0n, 0n].slice(0, 6));
  });

  test.each([
    ["ksmd", Kthread.Ksmd],
    ["kworker/0:2", Kthread.Kworker],
    ["kdamond.0", Kthread.Kdamond],
    ["kthread_of_someone", Kthread.Other],
  ])("names the kernel thread %s by number", (kthread, number) => {
    const [record] = encode({ ev: "test_age", ...AT, p: 0, tid: 0, mm: 0, kthread, addr: 0x1000 });
    expect(record).toMatchObject({ tid: 0, p: 0, mm: 0, kthread: number });
  });

  test("of a text names it by its place in the encoder's texts", () => {
    const encoder = new EventEncoder();
    encoder.add({ ev: "text", ...AT, text: "compact" });
    encoder.add({ ev: "text", ...AT, text: "all" });
    expect(decodeRecords(encoder.take()).map((record) => record.args[0])).toEqual([0n, 1n]);
    expect(encoder.texts).toEqual(["compact", "all"]);
  });
});

describe("an encoded snapshot", () => {
  const snap: RecordedEvent = {
    ev: "snap",
    ...AT,
    vmas: [
      { start: 0x1000, end: 0x3000, perm: "rw-p", file: null, off: 0, name: "[heap]" },
      { start: 0x5000, end: 0x6000, perm: "r-xs", file: 2, off: 4096, name: null },
    ],
    pages: [
      { start: 0x1000, count: 2, flags: "Pxa", frame: 7 },
      { start: 0x5000, count: 1, flags: "Sg", frame: null },
    ],
  };
  const records = encode(snap);

  test("is its vmas and page runs between a begin and an end, all of one line", () => {
    expect(records.map((record) => record.kind)).toEqual([
      RecordKind.SnapBegin,
      RecordKind.SnapVma,
      RecordKind.SnapVma,
      RecordKind.SnapPages,
      RecordKind.SnapPages,
      RecordKind.SnapEnd,
    ]);
    expect(new Set(records.map((record) => record.line))).toEqual(new Set([9]));
  });

  test("begins with how many of each follow", () => {
    expect(records[0]?.args.slice(0, 2)).toEqual([2n, 2n]);
  });

  test("has permissions as the kernel's bits, and the file only where there is one", () => {
    const [, heap, file] = records;
    expect(heap?.args).toEqual([
      0x1000n,
      0x3000n,
      BigInt(VmaBits.Read | VmaBits.Write),
      0n,
      0n,
      1n,
    ]);
    expect(heap?.present).toBe(0b110111);
    const bits = BigInt(VmaBits.Read | VmaBits.Exec | VmaBits.Shared);
    expect(file?.args).toEqual([0x5000n, 0x6000n, bits, 2n, 4096n, 0n]);
    expect(file?.present).toBe(0b011111);
  });

  test("has page flags as bits, and frames only where they are recorded", () => {
    const [, , , present, guard] = records;
    const bits = PageBits.Present | PageBits.Exclusive | PageBits.Anon;
    expect(present?.args.slice(0, 4)).toEqual([0x1000n, 2n, BigInt(bits), 7n]);
    expect(guard?.args.slice(0, 4)).toEqual([
      0x5000n,
      1n,
      BigInt(PageBits.Swap | PageBits.Guard),
      0n,
    ]);
    expect(guard?.present).toBe(0b0111);
  });
});

describe("an encoded recording", () => {
  let core: LineCore;

  beforeAll(async () => {
    core = await LineCore.create();
  });

  /** The records of a part, whether the core or the host has read it. */
  function encoded(part: Part): Uint8Array<ArrayBuffer> {
    if (part instanceof Uint8Array) return part;
    const encoder = new EventEncoder();
    for (const event of part) encoder.add(event);
    return encoder.take();
  }

  test.each(RECORDINGS)("%s has a record for each event, in order", async (path) => {
    const reader = await openRecording(path);
    let records = 0;
    let inSnapshots = 0;
    let lastLine = 0;
    let isOrdered = true;
    for await (const part of reader.parts(core)) {
      for (const record of decodeRecords(encoded(part))) {
        isOrdered &&= record.line >= lastLine;
        lastLine = record.line;
        records++;
        if (INSIDE_SNAPSHOT.has(record.kind)) inSnapshots++;
      }
    }
    const events = Object.values(reader.trailer?.events ?? {}).reduce((sum, n) => sum + n, 0);
    expect(isOrdered).toBe(true);
    expect(records - inSnapshots).toBe(events);
  });

  test("begins with the window that its header names", async () => {
    const { header } = await openRecording("micro/brk_1.jsonl.gz");
    const encoder = new EventEncoder();
    encoder.addHeader(header);
    const [first] = decodeRecords(encoder.take());
    expect(first).toMatchObject({ kind: RecordKind.Window, line: 1 });
    expect(first?.args.slice(0, 2)).toEqual([0x10000000000n, 0x10100000000n]);
  });
});

describe("the table of calls", () => {
  test.each(RECORDINGS)("has every call of %s, and every argument it recorded", async (path) => {
    const reader = await openRecording(path);
    const unknown = new Set<string>();
    for await (const event of reader) {
      if (event.ev !== "enter") continue;
      const args = callByName(event.call)?.args ?? [];
      for (const name of Object.keys(event.a)) {
        if (!args.includes(name)) unknown.add(`${event.call} ${name}`);
      }
    }
    expect([...unknown]).toEqual([]);
  });

  test("gives each call a number of its own, and at most six arguments", () => {
    expect(new Set(CALLS.map((call) => call.number)).size).toBe(CALLS.length);
    expect(CALLS.every((call) => call.args.length <= 6)).toBe(true);
  });
});

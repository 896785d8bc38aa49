/**
 * `replay --check`: runs one recording through the mm and reports what it predicted wrongly.
 */
import { callByNumber } from "../workload/calls.js";
import type { RecordingReader } from "../workload/recording.js";
import { Kthread, TlbReason } from "../workload/record_layout.js";
import { recordsOf } from "./feed.js";
import { Counter, type RawMismatch, ReplayCore } from "./replay_core.js";

export interface Tally {
  expected: number;
  matched: number;
  missing: number;
  extra: number;
}

export interface Mismatch {
  line: number;
  what: "notifier" | "flush";
  expected: string | null;
  predicted: string | null;
  during: string;
}

export interface RecordingCheck {
  name: string;
  events: number;
  notifier: Tally;
  flush: Tally;
  unsupported: { what: string; count: number }[];
  mismatches: Mismatch[];
  /** Taken from the recording because only the scheduler or a kernel thread decides it. */
  inputs: { what: string; count: number }[];
  snapshots: { compared: number; equal: number; firstDifference: SnapshotDifference | null };
  /** Faults of the recording, those that the mm would not have needed, and accesses that it would have. */
  faults: { expected: number; unneeded: number; missing: number; firstLine: number };
}

export interface SnapshotDifference {
  line: number;
  address: string;
  expected: number;
  found: number;
}

export interface CheckOptions {
  /** Compare in order: the recording is fully reproducible. */
  isOrdered: boolean;
}

export async function checkRecording(
  reader: RecordingReader,
  { isOrdered }: CheckOptions,
): Promise<RecordingCheck> {
  const { header } = reader;
  const core = await ReplayCore.create(header, isOrdered);
  for await (const records of recordsOf(reader)) core.run(records);
  core.finish();
  return reportOf(header.name, core);
}

function reportOf(name: string, core: ReplayCore): RecordingCheck {
  const count = (counter: Counter) => core.count(counter);
  return {
    name,
    events: count(Counter.Events),
    notifier: {
      expected: count(Counter.NotifierExpected),
      matched: count(Counter.NotifierMatched),
      missing: count(Counter.NotifierMissing),
      extra: count(Counter.NotifierExtra),
    },
    flush: {
      expected: count(Counter.FlushExpected),
      matched: count(Counter.FlushMatched),
      missing: count(Counter.FlushMissing),
      extra: count(Counter.FlushExtra),
    },
    unsupported: core.unsupported().map(({ what, count }) => ({ what: duringName(what), count })),
    mismatches: core.mismatches().map(describeMismatch),
    inputs: inputsOf(core),
    snapshots: {
      compared: count(Counter.SnapshotsCompared),
      equal: count(Counter.SnapshotsEqual),
      firstDifference: snapshotDifference(core),
    },
    faults: {
      expected: count(Counter.FaultsExpected),
      unneeded: count(Counter.FaultsUnneeded),
      missing: count(Counter.FaultsMissing),
      firstLine: count(Counter.FirstBadFaultLine),
    },
  };
}

function snapshotDifference(core: ReplayCore): SnapshotDifference | null {
  const line = core.count(Counter.SnapshotDifference);
  if (line === 0) return null;
  const high = core.count(Counter.SnapshotAtHigh);
  const address = high * 2 ** 32 + core.count(Counter.SnapshotAtLow);
  return {
    line,
    address: `0x${address.toString(16)}`,
    expected: core.count(Counter.SnapshotExpected),
    found: core.count(Counter.SnapshotFound),
  };
}

function inputsOf(core: ReplayCore): { what: string; count: number }[] {
  const inputs = core
    .kthreadInputs()
    .map(({ what, count }) => ({ what: INPUTS[what] ?? Kthread[what] ?? "kernel thread", count }));
  const requests = core.count(Counter.MaskInputs);
  if (requests > 0) inputs.push({ what: "CPUs in the mask of the mm", count: requests });
  return inputs;
}

function describeMismatch(raw: RawMismatch): Mismatch {
  const what = raw.kind === 0 ? "notifier" : "flush";
  const describe = (pair: readonly [bigint, bigint] | null) =>
    pair === null ? null : what === "notifier" ? describeRange(pair) : describeFlush(pair);
  return {
    line: raw.line,
    what,
    expected: describe(raw.expected),
    predicted: describe(raw.predicted),
    during: duringName(raw.during),
  };
}

function describeRange([start, end]: readonly [bigint, bigint]): string {
  return `[0x${start.toString(16)}, 0x${end.toString(16)})`;
}

function describeFlush([reason, pages]: readonly [bigint, bigint]): string {
  return `${REASONS[Number(reason)] ?? "flush"} ${BigInt.asIntN(64, pages)}`;
}

/** Inputs that are not a kernel thread's, as in assembly/replay/replay.ts. */
const INPUTS: Record<number, string> = {
  256: "pages that a task migrated",
  257: "batched flushes for other programs",
  258: "events before the first snapshot of an mm",
  259: "order of concurrent flushes",
  260: "page cache of files whose making is not recorded",
};

const REASONS: Record<number, string> = {
  [TlbReason.Local]: "local",
  [TlbReason.LocalMm]: "local_mm",
  [TlbReason.SendIpi]: "send_ipi",
};

/** As in assembly/replay/task.ts. */
const DURING: Record<number, string> = {
  0x10000: "fault",
  0x10001: "access",
  0x10002: "exit",
  0x10003: "kernel thread",
  0x10004: "text",
  0x10005: "no call",
};

function duringName(what: number): string {
  return DURING[what] ?? callByNumber(what)?.name ?? `call ${what}`;
}

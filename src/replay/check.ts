/**
 * `replay --check`: runs one recording through the mm and reports what it predicted wrongly.
 */
import { z } from "zod";
import {
  During,
  FlushReason,
  Kthread,
  ReplayCounter,
  ReplayInput,
} from "../abi/recording.generated.js";
import { argumentsOf, callback } from "../scenario/arguments.js";
import { readerArgument } from "../workload/arguments.js";
import { callByNumber } from "../workload/calls.js";
import type { RecordingReader } from "../workload/recording.js";
import { recordsOf } from "./feed.js";
import { type RawMismatch, ReplayCore } from "./replay_core.js";

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
  /** Lines of the recording between its header and its trailer. */
  events: number;
  notifier: Tally;
  flush: Tally;
  unsupported: { what: string; count: number }[];
  mismatches: Mismatch[];
  /** Taken from the recording because only the scheduler or a kernel thread decides it. */
  inputs: { what: string; count: number }[];
  snapshots: { compared: number; equal: number; firstDifference: SnapshotDifference | null };
  /**
   * Faults of the recording, those that the mm would not have needed, and accesses that it would
   * have.
   */
  faults: { expected: number; unneeded: number; missing: number; firstLine: number };
}

export interface SnapshotDifference {
  line: number;
  address: string;
  /** Bounds of the mm's VMA where a VMA differed. */
  vma: readonly [string, string];
  expected: number;
  found: number;
}

export interface CheckOptions {
  /** Compare in order: the recording is fully reproducible. */
  isOrdered: boolean;
  /** Awaited after each batch of events. */
  onProgress?: () => Promise<void> | void;
}

const checkArguments = argumentsOf("checkRecording", {
  reader: readerArgument,
  options: z.strictObject({ isOrdered: z.boolean(), onProgress: callback.optional() }),
});

export async function checkRecording(
  reader: RecordingReader,
  options: CheckOptions,
): Promise<RecordingCheck> {
  checkArguments({ reader, options });
  const { isOrdered, onProgress } = options;
  const { header } = reader;
  const core = await ReplayCore.create(header, isOrdered);
  for await (const records of recordsOf(reader)) {
    core.run(records);
    await onProgress?.();
  }
  core.finish();
  const events = Object.values(reader.trailer?.events ?? {}).reduce((sum, n) => sum + n, 0);
  return reportOf(header.name, events, core);
}

function reportOf(name: string, events: number, core: ReplayCore): RecordingCheck {
  const count = (counter: ReplayCounter) => core.count(counter);
  return {
    name,
    events,
    notifier: {
      expected: count(ReplayCounter.NotifierExpected),
      matched: count(ReplayCounter.NotifierMatched),
      missing: count(ReplayCounter.NotifierMissing),
      extra: count(ReplayCounter.NotifierExtra),
    },
    flush: {
      expected: count(ReplayCounter.FlushExpected),
      matched: count(ReplayCounter.FlushMatched),
      missing: count(ReplayCounter.FlushMissing),
      extra: count(ReplayCounter.FlushExtra),
    },
    unsupported: core.unsupported().map(({ what, count }) => ({ what: duringName(what), count })),
    mismatches: core.mismatches().map(describeMismatch),
    inputs: inputsOf(core),
    snapshots: {
      compared: count(ReplayCounter.SnapshotsCompared),
      equal: count(ReplayCounter.SnapshotsEqual),
      firstDifference: snapshotDifference(core),
    },
    faults: {
      expected: count(ReplayCounter.FaultsExpected),
      unneeded: count(ReplayCounter.FaultsUnneeded),
      missing: count(ReplayCounter.FaultsMissing),
      firstLine: count(ReplayCounter.FirstBadFaultLine),
    },
  };
}

function snapshotDifference(core: ReplayCore): SnapshotDifference | null {
  const line = core.count(ReplayCounter.SnapshotDifference);
  if (line === 0) return null;
  const address = (low: ReplayCounter, high: ReplayCounter) =>
    `0x${(core.count(high) * 2 ** 32 + core.count(low)).toString(16)}`;
  return {
    line,
    address: address(ReplayCounter.SnapshotAtLow, ReplayCounter.SnapshotAtHigh),
    vma: [
      address(ReplayCounter.ModelStartLow, ReplayCounter.ModelStartHigh),
      address(ReplayCounter.ModelEndLow, ReplayCounter.ModelEndHigh),
    ],
    expected: core.count(ReplayCounter.SnapshotExpected),
    found: core.count(ReplayCounter.SnapshotFound),
  };
}

function inputsOf(core: ReplayCore): { what: string; count: number }[] {
  const inputs = core
    .kthreadInputs()
    .map(({ what, count }) => ({ what: INPUTS[what] ?? Kthread[what] ?? "kernel thread", count }));
  const requests = core.count(ReplayCounter.MaskInputs);
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

/** Inputs that are not a kernel thread's. */
const INPUTS: Record<number, string> = {
  [ReplayInput.MigrationByTask]: "pages that a task migrated",
  [ReplayInput.BatchOfOthers]: "batched flushes for other programs",
  [ReplayInput.BeforeSnapshot]: "events before the first snapshot of an mm",
  [ReplayInput.Interleaved]: "order of concurrent flushes",
  [ReplayInput.PageCache]: "page cache of files whose making is not recorded",
  [ReplayInput.Teardown]: "progress of an exiting process's teardown",
  [ReplayInput.UnseenAccess]: "accesses that did not fault",
  [ReplayInput.RacingCopy]: "copies of one page by two processes at once",
  [ReplayInput.PendingElsewhere]: "pending lists of other CPUs",
  [ReplayInput.RacingTable]: "order of a call and the fault of another thread",
};

const REASONS: Record<number, string> = {
  [FlushReason.Local]: "local",
  [FlushReason.LocalMm]: "local_mm",
  [FlushReason.SendIpi]: "send_ipi",
};

const DURING: Record<number, string> = {
  [During.Fault]: "fault",
  [During.Access]: "access",
  [During.Exit]: "exit",
  [During.Kthread]: "kernel thread",
  [During.Text]: "text",
  [During.Nothing]: "no call",
};

function duringName(what: number): string {
  return DURING[what] ?? callByNumber(what)?.name ?? `call ${what}`;
}

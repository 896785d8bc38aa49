/**
 * The replay's side of the core: settings in, records in, counts and differences out.
 */
import { Core } from "../abi/core.js";
import type { RecordingHeader } from "../workload/recording.js";
import { settingsOf } from "./feed.js";

export enum Counter {
  NotifierExpected = 0,
  NotifierMatched = 1,
  NotifierMissing = 2,
  NotifierExtra = 3,
  FlushExpected = 4,
  FlushMatched = 5,
  FlushMissing = 6,
  FlushExtra = 7,
  Mismatches = 8,
  MaskInputs = 9,
  Events = 10,
  SnapshotsCompared = 11,
  SnapshotsEqual = 12,
  FaultsExpected = 13,
  FaultsUnneeded = 14,
  FaultsMissing = 15,
  UnsupportedKinds = 16,
  KthreadKinds = 17,
  FramesInUse = 18,
  TablesInUse = 19,
  FirstBadFaultLine = 20,
  SnapshotDifference = 21,
  SnapshotExpected = 22,
  SnapshotFound = 23,
  SnapshotAtLow = 24,
  SnapshotAtHigh = 25,
}

const MISMATCH_BYTES = 64;
const MISMATCHES_MAX = 4096;
const RECORD_BYTES = 80;

/** A difference between prediction and recording, as the core keeps it. */
export interface RawMismatch {
  line: number;
  kind: number;
  expected: readonly [bigint, bigint] | null;
  predicted: readonly [bigint, bigint] | null;
  during: number;
}

export interface Listed {
  what: number;
  count: number;
}

export class ReplayCore {
  private constructor(private readonly core: Core) {}

  static async create(header: RecordingHeader, isOrdered: boolean): Promise<ReplayCore> {
    const replay = new ReplayCore(await Core.create());
    const { exports } = replay.core;
    exports.replayBoot(isOrdered, header.flush_ceiling);
    for (const [setting, value] of settingsOf(header)) exports.replaySet(setting, value);
    return replay;
  }

  run(records: Uint8Array): void {
    const address = this.core.exports.replayBlock(records.length) >>> 0;
    this.core.bytes(address, records.length).set(records);
    this.core.exports.replayRun(records.length / RECORD_BYTES);
  }

  finish(): void {
    this.core.exports.replayFinish();
  }

  count(counter: Counter): number {
    return this.core.exports.replayCount(counter) >>> 0;
  }

  unsupported(): Listed[] {
    return this.#listed(0, this.count(Counter.UnsupportedKinds));
  }

  kthreadInputs(): Listed[] {
    return this.#listed(1, this.count(Counter.KthreadKinds));
  }

  mismatches(): RawMismatch[] {
    const kept = Math.min(this.count(Counter.Mismatches), MISMATCHES_MAX);
    const view = this.core.view(
      this.core.exports.replayMismatches() >>> 0,
      MISMATCHES_MAX * MISMATCH_BYTES,
    );
    return Array.from({ length: kept }, (_, index) => readMismatch(view, index * MISMATCH_BYTES));
  }

  #listed(list: number, length: number): Listed[] {
    return Array.from({ length }, (_, index) => {
      const packed = this.core.exports.replayListed(list, index);
      return { what: Math.floor(packed / 2 ** 32), count: packed % 2 ** 32 };
    });
  }
}

function readMismatch(view: DataView, at: number): RawMismatch {
  const pair = (offset: number) =>
    [view.getBigUint64(at + offset, true), view.getBigUint64(at + offset + 8, true)] as const;
  return {
    line: view.getUint32(at, true),
    kind: view.getUint32(at + 4, true),
    expected: view.getUint32(at + 8, true) === 1 ? pair(16) : null,
    predicted: view.getUint32(at + 12, true) === 1 ? pair(32) : null,
    during: view.getUint32(at + 48, true),
  };
}

/**
 * What the host sets before a replay and reads after it.
 */
import { ThpPolicy } from "../kernel/kernel";
import { RECORD_BYTES, Record } from "./record";
import { Replay } from "./replay";

export const enum Setting {
  PmdThp = 0,
  ShmemThp = 1,
  HasSwap = 2,
  AnonOrdersAlways = 3,
  AnonOrdersMadvise = 4,
  /** Bytes of the next System V segment. */
  SegmentSize = 5,
}

export const enum Counter {
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

export function configure(replay: Replay, isOrdered: bool, ceiling: u32): void {
  replay.comparer.isOrdered = isOrdered;
  replay.kernel.tlbs.ceiling = ceiling;
}

export function set(replay: Replay, setting: u32, value: u32): void {
  const kernel = replay.kernel;
  if (setting == Setting.PmdThp) kernel.pmdThp = <ThpPolicy>value;
  if (setting == Setting.ShmemThp) kernel.shmemThp = <ThpPolicy>value;
  if (setting == Setting.HasSwap) kernel.hasSwap = value != 0;
  if (setting == Setting.AnonOrdersAlways) kernel.anonOrdersAlways = value;
  if (setting == Setting.AnonOrdersMadvise) kernel.anonOrdersMadvise = value;
  if (setting == Setting.SegmentSize) replay.descriptors.sharedSegmentSize = value;
}

export function batchBlock(replay: Replay, bytes: u32): usize {
  if (replay.batchCapacity < bytes) {
    replay.batch = replay.kernel.arena.take(bytes);
    replay.batchCapacity = bytes;
  }
  return replay.batch;
}

export function run(replay: Replay, records: u32): u32 {
  let at = replay.batch;
  for (let i: u32 = 0; i < records; i++) {
    replay.take(changetype<Record>(at));
    at += RECORD_BYTES;
  }
  return records;
}

export function count(replay: Replay, counter: u32): u32 {
  const c = replay.comparer;
  switch (counter) {
    case Counter.NotifierExpected:
      return c.notifierExpected;
    case Counter.NotifierMatched:
      return c.notifierMatched;
    case Counter.NotifierMissing:
      return c.notifierMissing;
    case Counter.NotifierExtra:
      return c.notifierExtra;
    case Counter.FlushExpected:
      return c.flushExpected;
    case Counter.FlushMatched:
      return c.flushMatched;
    case Counter.FlushMissing:
      return c.flushMissing;
    case Counter.FlushExtra:
      return c.flushExtra;
    case Counter.Mismatches:
      return c.mismatches;
    case Counter.MaskInputs:
      return c.maskInputs;
    case Counter.Events:
      return replay.events;
    default:
      return countState(replay, counter);
  }
}

function countState(replay: Replay, counter: u32): u32 {
  const snapshots = replay.snapshots;
  switch (counter) {
    case Counter.SnapshotsCompared:
      return snapshots.compared;
    case Counter.SnapshotsEqual:
      return snapshots.equal;
    case Counter.FaultsExpected:
      return replay.faultsExpected;
    case Counter.FaultsUnneeded:
      return replay.faultsUnneeded;
    case Counter.FaultsMissing:
      return replay.faultsMissing;
    case Counter.UnsupportedKinds:
      return replay.unsupported.order.length;
    case Counter.KthreadKinds:
      return replay.kthreadInputs.order.length;
    case Counter.FramesInUse:
      return replay.kernel.frames.inUse;
    case Counter.TablesInUse:
      return replay.kernel.tables.inUse;
    case Counter.FirstBadFaultLine:
      return replay.firstBadFaultLine;
    case Counter.SnapshotDifference:
      return snapshots.firstDifference;
    case Counter.SnapshotExpected:
      return snapshots.firstExpected;
    case Counter.SnapshotFound:
      return snapshots.firstFound;
    case Counter.SnapshotAtLow:
      return <u32>snapshots.firstAt;
    case Counter.SnapshotAtHigh:
      return <u32>(snapshots.firstAt >> 32);
    default:
      return 0;
  }
}

/** List 0 is what is unsupported, list 1 what kernel threads did: what times 2^32, plus its count. */
export function listed(replay: Replay, list: u32, index: u32): f64 {
  const counts = list == 0 ? replay.unsupported : replay.kthreadInputs;
  const what = counts.order.at(index);
  return <f64>what * 4294967296.0 + <f64>counts.calls.get(<u64>what + 1);
}

/**
 * What the host sets before a replay and reads after it.
 */
import { EventRecord } from "../abi/records";
import { ReplayCounter, ReplaySetting, ThpPolicy } from "../abi/recording";
import { audit } from "../kernel/mm/audit";
import { Replay } from "./replay";

export function configure(replay: Replay, isOrdered: bool, ceiling: u32): void {
  replay.comparer.isOrdered = isOrdered;
  if (ceiling != 0) replay.kernel.tlbs.ceiling = ceiling;
}

export function set(replay: Replay, setting: u32, value: u32): void {
  const kernel = replay.kernel;
  if (setting == ReplaySetting.PmdThp) kernel.pmdThp = <ThpPolicy>value;
  if (setting == ReplaySetting.ShmemThp) kernel.shmemThp = <ThpPolicy>value;
  if (setting == ReplaySetting.HasSwap) kernel.hasSwap = value != 0;
  if (setting == ReplaySetting.AnonOrdersAlways) kernel.anonOrdersAlways = value;
  if (setting == ReplaySetting.AnonOrdersMadvise) kernel.anonOrdersMadvise = value;
  if (setting == ReplaySetting.Cpus) kernel.tlbs.setPossible(value);
  if (setting == ReplaySetting.SegmentSize) replay.descriptors.sharedSegmentSize = value;
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
    replay.take(changetype<EventRecord>(at));
    at += offsetof<EventRecord>();
  }
  return records;
}

export function count(replay: Replay, counter: u32): u32 {
  const c = replay.comparer;
  switch (counter) {
    case ReplayCounter.NotifierExpected:
      return c.notifierExpected;
    case ReplayCounter.NotifierMatched:
      return c.notifierMatched;
    case ReplayCounter.NotifierMissing:
      return c.notifierMissing;
    case ReplayCounter.NotifierExtra:
      return c.notifierExtra;
    case ReplayCounter.FlushExpected:
      return c.flushExpected;
    case ReplayCounter.FlushMatched:
      return c.flushMatched;
    case ReplayCounter.FlushMissing:
      return c.flushMissing;
    case ReplayCounter.FlushExtra:
      return c.flushExtra;
    case ReplayCounter.Mismatches:
      return c.mismatches;
    case ReplayCounter.MaskInputs:
      return c.maskInputs;
    case ReplayCounter.Events:
      return replay.events;
    default:
      return countState(replay, counter);
  }
}

function countState(replay: Replay, counter: u32): u32 {
  const snapshots = replay.snapshots;
  switch (counter) {
    case ReplayCounter.SnapshotsCompared:
      return snapshots.compared;
    case ReplayCounter.SnapshotsEqual:
      return snapshots.equal;
    case ReplayCounter.FaultsExpected:
      return replay.faults.expected;
    case ReplayCounter.FaultsUnneeded:
      return replay.faults.unneeded;
    case ReplayCounter.FaultsMissing:
      return replay.faults.missing;
    case ReplayCounter.UnsupportedKinds:
      return replay.unsupported.order.length;
    case ReplayCounter.KthreadKinds:
      return replay.inputs.order.length;
    case ReplayCounter.FramesInUse:
      return replay.kernel.frames.inUse;
    case ReplayCounter.TablesInUse:
      return replay.kernel.tables.inUse;
    case ReplayCounter.FirstBadFaultLine:
      return replay.faults.firstBadLine;
    case ReplayCounter.SnapshotDifference:
      return snapshots.firstDifference;
    case ReplayCounter.SnapshotExpected:
      return snapshots.firstExpected;
    case ReplayCounter.SnapshotFound:
      return snapshots.firstFound;
    case ReplayCounter.SnapshotAtLow:
      return <u32>snapshots.firstAt;
    case ReplayCounter.SnapshotAtHigh:
      return <u32>(snapshots.firstAt >> 32);
    case ReplayCounter.ModelStartLow:
      return <u32>snapshots.modelStart;
    case ReplayCounter.ModelStartHigh:
      return <u32>(snapshots.modelStart >> 32);
    case ReplayCounter.ModelEndLow:
      return <u32>snapshots.modelEnd;
    case ReplayCounter.ModelEndHigh:
      return <u32>(snapshots.modelEnd >> 32);
    default:
      return 0;
  }
}

/**
 * List 0 is what is unsupported, list 1 what kernel threads did: what times 2^32, plus its count.
 */
export function listed(replay: Replay, list: u32, index: u32): f64 {
  const counts = list == 0 ? replay.unsupported : replay.inputs;
  const what = counts.order.at(index);
  return <f64>what * 4294967296.0 + <f64>counts.counts.get(<u64>what + 1);
}

export function auditState(replay: Replay): u32 {
  return audit(replay.kernel);
}

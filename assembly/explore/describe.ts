/**
 * Moves and states for the host to read; the layout is that of abi/records.ts.
 */
import { ActorKind, ShownEntry } from "../abi/vocabulary";
import { DeviceRecord, MoveRecord, StateRecord } from "../abi/records";
import { LEVEL_PMD } from "../base/page";
import { entryFrame, isHuge, isMigration, isPresent, isWritable } from "../hardware/pgtable/pte";
import { payloadFrame, payloadIsWritable, Tlb } from "../hardware/tlb/tlb";
import { FRAME_STRIDE_SHIFT } from "./codec";
import { Instance } from "./instance";
import { Terrain } from "./terrain";

/** Says who moved, and which steps of its program it took: call it behind the move. */
export function describeMove(terrain: Terrain, move: u32, block: usize): void {
  const moves = terrain.moves;
  const record = changetype<MoveRecord>(block);
  const actor = moves.actor(move);
  record.actor = actor;
  record.index = moves.index(move);
  record.kind = moves.kind(move);
  record.page = moves.page(move);
  record.steps = 0;
  record.hasBranched = 0;
  const isOfMm = actor == ActorKind.MmThread || actor == ActorKind.SecondMmThread;
  if (!isOfMm && actor != ActorKind.Handler) return;
  const interpreter = terrain.instance.interpreter;
  if (isOfMm) record.page = interpreter.takenPage;
  record.steps = interpreter.takenCount;
  record.hasBranched = interpreter.hasBranched ? 1 : 0;
  memory.copy(block + offsetof<MoveRecord>(), interpreter.taken, interpreter.takenCount);
}

/** What a reader of a counterexample wants beside each step. */
export function describeState(instance: Instance, block: usize): void {
  const scene = instance.scene;
  const record = changetype<StateRecord>(block);
  const upper = load<u64>(scene.upperAddress());
  record.upper = isPresent(upper) && !isHuge(upper) ? ShownEntry.Table : shownEntry(upper);
  record.pte0 = shownEntry(load<u64>(scene.pteAddress(0)));
  record.pte1 = scene.mm.pages > 1 ? shownEntry(load<u64>(scene.pteAddress(1))) : 0;
  record.vmaExists = scene.mm.vmaExists;
  record.vmaIsWritable = scene.mm.vmaIsWritable;
  const last = scene.dataFrames.length - 1;
  record.frames = last + 1;
  record.owner0 = scene.frames.owner(scene.dataFrames[0]);
  record.owner1 = scene.frames.owner(scene.dataFrames[1]);
  record.owner2 = scene.frames.owner(scene.dataFrames[last]);
  record.tableOwner = scene.frames.owner(scene.mm.pteTable);
  record.marks0 = load<u8>(scene.oracle.marks + <usize>scene.dataFrames[0]);
  record.marks1 = load<u8>(scene.oracle.marks + <usize>scene.dataFrames[1]);
  record.marks2 = load<u8>(scene.oracle.marks + <usize>scene.dataFrames[last]);
  record.isEmptied = scene.pasids.isEmptied(scene.mm.asid) ? 1 : 0;
  record.count = scene.driver.count;
  record.sequence = scene.driver.sequence;
  record.isRegistered = scene.driver.isRegistered;
  record.queued = scene.driver.queued + scene.driver.queuedAtc;
  record.isTimerPending = scene.driver.timerPending;
  record.mmapReaders = scene.locks.mmapReaders;
  record.mmapWriter = scene.locks.mmapWriter;
  record.pageTableLock = scene.locks.pageTable;
  record.rmapLock = scene.locks.rmap;
  record.driverLock = scene.locks.driver;
  for (let i = 0; i < scene.attachments.length; i++) describeDevice(instance, block, i);
}

function describeDevice(instance: Instance, block: usize, i: i32): void {
  const attachment = instance.scene.attachments[i];
  const device = attachment.device;
  const base = block + offsetof<StateRecord>() + <usize>i * offsetof<DeviceRecord>();
  const record = changetype<DeviceRecord>(base);
  const last = instance.pages - 1;
  const iotlb = attachment.iotlb;
  const mirror = attachment.mirror;
  record.atc0 = shownSlot(device.atc, 0);
  record.atc1 = shownSlot(device.atc, last);
  record.iotlb0 = iotlb == null ? 0 : shownSlot(iotlb, 0);
  record.iotlb1 = iotlb == null ? 0 : shownSlot(iotlb, last);
  record.mirror0 = mirror == null ? 0 : shownSlot(mirror, 0);
  record.mirror1 = mirror == null ? 0 : shownSlot(mirror, last);
  record.isTableCached = attachment.walkCache.ofLevel(LEVEL_PMD)!.isValid(0) ? 1 : 0;
  record.requestState = load<u8>(device.requestState);
  record.requestPage = <u32>(load<u64>(device.requestPage) - instance.scene.mm.firstVpn);
  record.requestIsWrite = load<u8>(device.requestIsWrite);
  record.refusals = load<u32>(device.refusals);
  record.inFlight = load<u8>(device.inFlight);
  record.inFlightFrame = frameIndex(load<u32>(device.inFlightFrame));
  record.isFailed = device.isFailed;
  record.handlerIsServed = instance.handlers[i].isServed;
  record.handlerFrame = frameIndex(instance.handlers[i].frame);
}

/** The number of a data frame in the instance. */
function frameIndex(frame: u32): u32 {
  return (frame >> FRAME_STRIDE_SHIFT) - 1;
}

function shownEntry(entry: u64): u32 {
  if (entry == 0) return 0;
  const frame = frameIndex(entryFrame(entry)) + 1;
  if (isMigration(entry)) return frame | ShownEntry.Migration;
  return isWritable(entry) ? frame | ShownEntry.Writable : frame;
}

function shownSlot(tlb: Tlb, slot: u32): u32 {
  if (!tlb.isValid(slot)) return 0;
  const payload = tlb.payload(slot);
  const frame = frameIndex(payloadFrame(payload)) + 1;
  return payloadIsWritable(payload) ? frame | ShownEntry.Writable : frame;
}

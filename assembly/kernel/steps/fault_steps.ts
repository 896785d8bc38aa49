/**
 * What the steps of a page-request handler do: find the page as handle_mm_fault would, pin it where
 * the protocol pins, install it in the mirror, respond.
 *
 * Models:     permission of the VMA, demand allocation, migration entries that are waited for,
 *             write faults on read-only entries, pins that need a writable entry.
 * Simplifies: a write to a page that fork shared waits for the mm's own copy to be made.
 *                                                                              (DEVIATIONS D5)
 * Source:     linux mm/memory.c (handle_mm_fault), drivers/iommu/iommu-sva.c (answers), mm/gup.c
 */
import { FrameOwner, ProtocolTrait } from "../../abi/vocabulary";
import { NO_FRAME } from "../../hardware/memory/physical_memory";
import {
  entryFrame,
  isHuge,
  isMigration,
  isPresent,
  isWritable,
  leafEntry,
  PTE_WRITE,
} from "../../hardware/pgtable/pte";
import { NO_SLOT, payloadFrame, payloadOf } from "../../hardware/tlb/tlb";
import { MARK_PROMISED, MARK_REPLACED } from "../../oracle/oracle";
import { NOBODY } from "../locks";
import { Attachment, Scene, SharedWrite } from "./scene";
import { Task } from "./task";

/** The one lane of a device in these instances. */
const LANE: u32 = 0;

/** The fault can be handled now: nobody holds the page-table lock, nothing has to be waited for. */
export function canHandleFault(scene: Scene, attachment: Attachment): bool {
  if (scene.locks.pageTable != NOBODY) return false;
  const isWrite = attachment.device.wantsWrite(LANE);
  if (isRefusedByVma(scene, isWrite)) return true;
  const upper = load<u64>(scene.upperAddress());
  if (isHuge(upper)) return true;
  const entry = load<u64>(scene.pteAddress(pageOf(scene, attachment)));
  if (isMigration(entry)) return false;
  if (!isPresent(entry) || isWritable(entry) || !needsWritable(scene, isWrite)) return true;
  return !(isShared(scene, entry) && scene.sharedWrite == SharedWrite.Waits);
}

/** Finds the page; isServed 0 stands for the answer INVALID. */
export function handleFault(scene: Scene, task: Task, attachment: Attachment): void {
  const isWrite = attachment.device.wantsWrite(LANE);
  if (isRefusedByVma(scene, isWrite)) return;
  const page = pageOf(scene, attachment);
  const upper = load<u64>(scene.upperAddress());
  if (isHuge(upper)) {
    serve(scene, task, entryFrame(upper) + page, isWritable(upper));
    return;
  }
  const address = scene.pteAddress(page);
  const entry = load<u64>(address);
  if (!isPresent(entry)) {
    const frame = installPage(scene, page);
    if (frame != NO_FRAME) serve(scene, task, frame, true);
    return;
  }
  if (isWritable(entry) || !needsWritable(scene, isWrite)) {
    serve(scene, task, entryFrame(entry), isWritable(entry));
    return;
  }
  if (isShared(scene, entry)) return;
  store<u64>(address, entry | PTE_WRITE);
  scene.oracle.unmark(entryFrame(entry), MARK_PROMISED);
  serve(scene, task, entryFrame(entry), true);
}

/**
 * Maps a free frame where no page is, and returns it; NO_FRAME: there was no need, or none is free.
 * What has moved away from there is another page by now.
 */
export function installPage(scene: Scene, page: u32): u32 {
  const address = scene.pteAddress(page);
  if (isPresent(load<u64>(address))) return NO_FRAME;
  const frame = allocateFrame(scene);
  if (frame == NO_FRAME) return NO_FRAME;
  store<u64>(address, leafEntry(frame, true));
  if (scene.movesPages) scene.oracle.mark(scene.dataFrames[0], MARK_REPLACED);
  return frame;
}

/** Enters what the fault found into the mirror; a pin goes with it, an older one is dropped. */
export function installMirror(scene: Scene, task: Task, attachment: Attachment): void {
  const mirror = attachment.mirror!;
  const vpn = attachment.device.pageOf(LANE);
  if (task.pin != NO_FRAME) {
    const slot = mirror.find(scene.mm.asid, vpn);
    if (slot != NO_SLOT) scene.frames.unpin(payloadFrame(mirror.payload(slot)));
    task.pin = NO_FRAME;
  }
  const payload = payloadOf(task.frame, task.isWritable != 0, 0);
  mirror.fill(scene.mm.asid, vpn, payload, false);
}

/** Answers the request and waits for the next one. */
export function respond(scene: Scene, task: Task, attachment: Attachment, isSuccess: bool): void {
  attachment.device.respond(LANE, isSuccess);
  restart(scene, task);
}

/** The handler begins again at its first step, and drops a pin that it has handed to no mirror. */
export function restart(scene: Scene, task: Task): void {
  if (task.pin != NO_FRAME) scene.frames.unpin(task.pin);
  task.pin = NO_FRAME;
  task.pc = 0;
  task.isServed = 0;
  task.frame = NO_FRAME;
  task.isWritable = 0;
  task.sequence = 0;
}

function serve(scene: Scene, task: Task, frame: u32, isWritable: bool): void {
  task.isServed = 1;
  task.frame = frame;
  task.isWritable = isWritable ? 1 : 0;
  if (!scene.protocol.has(ProtocolTrait.Pins)) return;
  if (task.pin != NO_FRAME) scene.frames.unpin(task.pin);
  scene.frames.pin(frame);
  task.pin = frame;
}

function isRefusedByVma(scene: Scene, isWrite: bool): bool {
  return scene.mm.vmaExists == 0 || (isWrite && scene.mm.vmaIsWritable == 0);
}

/** A pin is taken for writing where the VMA allows it, so that nobody shares the page later. */
function needsWritable(scene: Scene, isWrite: bool): bool {
  if (isWrite) return true;
  return (
    scene.protocol.has(ProtocolTrait.Pins) &&
    !scene.protocol.has(ProtocolTrait.PinsIgnoredByFork) &&
    scene.mm.vmaIsWritable != 0
  );
}

function isShared(scene: Scene, entry: u64): bool {
  return scene.frames.owner(entryFrame(entry)) == FrameOwner.Shared;
}

function pageOf(scene: Scene, attachment: Attachment): u32 {
  return <u32>(attachment.device.pageOf(LANE) - scene.mm.firstVpn);
}

/** Any free frame of the instance, or NO_FRAME. */
function allocateFrame(scene: Scene): u32 {
  const frames = scene.dataFrames;
  let free: u32 = 0;
  for (let i = 0; i < frames.length; i++) {
    if (scene.frames.owner(frames[i]) == FrameOwner.Free) free++;
  }
  if (free == 0) return NO_FRAME;
  let skip = scene.choice.choose(free);
  for (let i = 0; i < frames.length; i++) {
    if (scene.frames.owner(frames[i]) != FrameOwner.Free) continue;
    if (skip-- == 0) {
      scene.frames.setOwner(frames[i], FrameOwner.Mm);
      return frames[i];
    }
  }
  return NO_FRAME;
}

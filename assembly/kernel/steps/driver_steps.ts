/**
 * What the steps of a driver protocol do to the caches, the PASID table and the mirror.
 *
 * Models:     a synchronous invalidation as one step that waits until no access is in flight, since
 *             its completion means that accesses using old translations are over.
 * Source:     PCIe base specification, chapter 10 (invalidation completion); linux
 *             drivers/iommu/amd/amd_iommu_v2.c (3.17), virt/kvm/kvm_main.c
 */
import { FrameOwner } from "../../abi/vocabulary";
import { payloadFrame, Tlb } from "../../hardware/tlb/tlb";
import { putFrames } from "./mm_steps";
import { Scene } from "./scene";

/** Bits of what an invalidation waits for. */
export const READS: u8 = 1;
export const WRITES: u8 = 2;

/** No access of these kinds is in flight in any device. */
export function isQuiet(scene: Scene, kinds: u8): bool {
  const attachments = scene.attachments;
  for (let i = 0; i < attachments.length; i++) {
    if (unchecked(attachments[i]).device.hasInFlight(kinds)) return false;
  }
  return true;
}

/** Drops every translation of the mm, and the walk caches with it. */
export function invalidate(scene: Scene): void {
  invalidateAtc(scene);
  invalidateIotlb(scene);
}

/** Drops leaf translations only. */
export function invalidateLeaf(scene: Scene): void {
  invalidateAtc(scene);
  const attachments = scene.attachments;
  for (let i = 0; i < attachments.length; i++) {
    const iotlb = unchecked(attachments[i]).iotlb;
    if (iotlb != null) iotlb.invalidateAll(scene.mm.asid);
  }
}

export function invalidateAtc(scene: Scene): void {
  const attachments = scene.attachments;
  for (let i = 0; i < attachments.length; i++) {
    unchecked(attachments[i]).device.atc.invalidateAll(scene.mm.asid);
  }
}

/** Drops what the IOMMU caches: its TLB and the walk cache. */
export function invalidateIotlb(scene: Scene): void {
  const attachments = scene.attachments;
  for (let i = 0; i < attachments.length; i++) {
    const attachment = unchecked(attachments[i]);
    const iotlb = attachment.iotlb;
    if (iotlb != null) iotlb.invalidateAll(scene.mm.asid);
    attachment.walkCache.invalidateAll(scene.mm.asid);
  }
}

/** Points the PASID at the empty table, or back at the mm's, and invalidates. */
export function switchTable(scene: Scene, toEmpty: bool): void {
  scene.pasids.setEmptied(scene.mm.asid, toEmpty);
  invalidate(scene);
}

/** Removes the mirror's entries of the range, and what devices cached of them. */
export function zapMirror(scene: Scene): void {
  const attachments = scene.attachments;
  for (let i = 0; i < attachments.length; i++) {
    const mirror = unchecked(attachments[i]).mirror;
    if (mirror != null) mirror.invalidateAll(scene.mm.asid);
  }
  invalidateAtc(scene);
}

/** The flush queue's timer: invalidates, then frees what waited for it. */
export function runTimer(scene: Scene): void {
  invalidate(scene);
  const driver = scene.driver;
  driver.timerPending = 0;
  putFrames(scene, driver.timerFrames);
  driver.timerFrames = 0;
  if (driver.timerTable != 0) scene.frames.setOwner(scene.mm.pteTable, FrameOwner.Free);
  driver.timerTable = 0;
}

/** The driver drops what it holds of a page: zaps the mirror entry, invalidates, unpins. */
export function dropPinned(scene: Scene, mirror: Tlb, vpn: u64): void {
  const slot = mirror.find(scene.mm.asid, vpn);
  const frame = payloadFrame(mirror.payload(slot));
  mirror.drop(slot);
  invalidate(scene);
  scene.frames.unpin(frame);
}

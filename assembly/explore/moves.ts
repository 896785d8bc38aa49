/**
 * The moves of an instance: which are possible in the state that memory holds, and what each does.
 *
 * A move is a number. The moves of a device are the only ones that are many: one a page and kind.
 */
import { ActorKind, DeviceMove, FrameOwner, ProtocolTrait, StepKind } from "../abi/vocabulary";
import { allocate, byteAt, putByte } from "../base/bytes";
import { NOTHING, WRITE_IN_FLIGHT } from "../hardware/device/device";
import { NO_FRAME } from "../hardware/memory/physical_memory";
import { NO_SLOT, payloadFrame, payloadIsWritable, payloadOf, Tlb } from "../hardware/tlb/tlb";
import { NOBODY } from "../kernel/locks";
import {
  dropPinned,
  invalidate,
  invalidateAtc,
  isQuiet,
  READS,
  runTimer,
  WRITES,
} from "../kernel/steps/driver_steps";
import { Attachment, Scene } from "../kernel/steps/scene";
import { Instance } from "./instance";

const MOVES_MAX: u32 = 96;
const LANE: u32 = 0;
export const NO_MOVE: u32 = 0xffffffff;

/** What the environment takes: a data frame by its index, or the table page. */
export const REUSE_TABLE: u8 = 255;

export class Moves {
  count: u32 = 0;
  private readonly actors: usize = allocate(MOVES_MAX);
  private readonly indexes: usize = allocate(MOVES_MAX);
  private readonly kinds: usize = allocate(MOVES_MAX);
  private readonly pages: usize = allocate(MOVES_MAX);
  private readonly scene: Scene;
  /** The driver's mirror; null: devices walk the mm's own table. */
  private readonly mirror: Tlb | null;

  constructor(private readonly instance: Instance) {
    this.scene = instance.scene;
    this.mirror = instance.scene.attachments[0].mirror;
    this.add(ActorKind.MmThread, 0, 0, 0);
    if (instance.secondThread != null) this.add(ActorKind.SecondMmThread, 0, 0, 0);
    for (let i = 0; i < instance.devices; i++) {
      this.add(ActorKind.Handler, <u8>i, 0, 0);
      this.addDevice(<u8>i);
    }
    for (let i = 0; i < this.scene.dataFrames.length; i++) {
      this.add(ActorKind.Environment, <u8>i, 0, 0);
    }
    const program = instance.mmThread.program;
    if (program.has(StepKind.FreeTable)) this.add(ActorKind.Environment, REUSE_TABLE, 0, 0);
    if (program.has(StepKind.QueueInvalidate)) this.add(ActorKind.Iommu, 0, 0, 0);
    if (program.has(StepKind.QueueInvalidateAtc)) this.add(ActorKind.Iommu, 1, 0, 0);
    const timed = ProtocolTrait.TimerFreesPages | ProtocolTrait.TimerFreesTables;
    if (program.has(StepKind.QueueForTimer) || instance.protocol.has(<ProtocolTrait>timed)) {
      this.add(ActorKind.Timer, 0, 0, 0);
    }
    if (instance.protocol.has(ProtocolTrait.Pins)) {
      for (let page: u32 = 0; page < instance.pages; page++) {
        this.add(ActorKind.Unpinner, 0, 0, <u8>page);
      }
    }
    if (instance.isRegisteredLate()) this.add(ActorKind.Registrar, 0, 0, 0);
  }

  actor(move: u32): ActorKind {
    return <ActorKind>byteAt(this.actors, move);
  }

  index(move: u32): u32 {
    return byteAt(this.indexes, move);
  }

  kind(move: u32): DeviceMove {
    return <DeviceMove>byteAt(this.kinds, move);
  }

  page(move: u32): u32 {
    return byteAt(this.pages, move);
  }

  /** The move of that actor and kind. */
  find(actor: ActorKind, index: u32, kind: DeviceMove, page: u32): u32 {
    for (let move: u32 = 0; move < this.count; move++) {
      if (this.actor(move) != actor || this.index(move) != index) continue;
      if (this.kind(move) == kind && this.page(move) == page) return move;
    }
    return NO_MOVE;
  }

  isEnabled(move: u32): bool {
    const instance = this.instance;
    const scene = this.scene;
    const index = this.index(move);
    switch (this.actor(move)) {
      case ActorKind.MmThread:
        return instance.interpreter.ready(instance.mmThread, null);
      case ActorKind.SecondMmThread:
        return instance.interpreter.ready(instance.secondThread!, null);
      case ActorKind.Device:
        return this.isDeviceMoveEnabled(
          unchecked(scene.attachments[index]),
          this.kind(move),
          this.page(move),
        );
      case ActorKind.Handler: {
        const task = unchecked(instance.handlers[index]);
        const attachment = unchecked(scene.attachments[index]);
        if (task.pc == 0 && !attachment.device.isOutstanding(LANE)) return false;
        return instance.interpreter.ready(task, attachment);
      }
      case ActorKind.Environment:
        return this.canReuse(index);
      case ActorKind.Iommu: {
        const queued = index == 0 ? scene.driver.queued : scene.driver.queuedAtc;
        return queued != 0 && isQuiet(scene, READS | WRITES);
      }
      case ActorKind.Timer: {
        const driver = scene.driver;
        const pending = driver.timerPending | driver.timerFrames | driver.timerTable;
        return pending != 0 && isQuiet(scene, READS | WRITES);
      }
      case ActorKind.Unpinner: {
        if (!isQuiet(scene, READS | WRITES) || instance.isBetweenInstallAndRetry()) return false;
        return this.slotOf(this.mirror!, this.page(move)) != NO_SLOT;
      }
      default:
        return this.canRegister();
    }
  }

  take(move: u32): void {
    const instance = this.instance;
    const scene = this.scene;
    const index = this.index(move);
    switch (this.actor(move)) {
      case ActorKind.MmThread:
        instance.interpreter.take(instance.mmThread, null);
        break;
      case ActorKind.SecondMmThread:
        instance.interpreter.take(instance.secondThread!, null);
        break;
      case ActorKind.Device:
        this.takeDeviceMove(unchecked(scene.attachments[index]), this.kind(move), this.page(move));
        break;
      case ActorKind.Handler:
        instance.interpreter.take(
          unchecked(instance.handlers[index]),
          unchecked(scene.attachments[index]),
        );
        break;
      case ActorKind.Environment:
        if (index == REUSE_TABLE) {
          scene.frames.setOwner(scene.mm.pteTable, FrameOwner.Reused);
        } else {
          scene.frames.setOwner(unchecked(scene.dataFrames[index]), FrameOwner.Reused);
        }
        break;
      case ActorKind.Iommu:
        if (index == 0) {
          scene.driver.queued--;
          invalidate(scene);
        } else {
          scene.driver.queuedAtc--;
          invalidateAtc(scene);
        }
        break;
      case ActorKind.Timer:
        runTimer(scene);
        break;
      case ActorKind.Unpinner:
        dropPinned(scene, this.mirror!, this.vpn(this.page(move)));
        break;
      default:
        scene.driver.isRegistered = 1;
    }
  }

  private isDeviceMoveEnabled(attachment: Attachment, move: DeviceMove, page: u32): bool {
    const device = attachment.device;
    const inFlight = byteAt(device.inFlight, LANE);
    if (move == DeviceMove.Land) return inFlight != NOTHING;
    if (device.isFailed != 0 || !this.instance.isAttached()) return false;
    switch (move) {
      case DeviceMove.Retry:
        return device.isRetrying(LANE);
      case DeviceMove.IssueRead:
        return inFlight == NOTHING && this.slotOf(device.atc, page) != NO_SLOT;
      case DeviceMove.IssueWrite:
        return inFlight == NOTHING && this.isCached(device.atc, page, true);
      case DeviceMove.Evict:
        return this.slotOf(device.atc, page) != NO_SLOT;
      case DeviceMove.FillAtc: {
        const iotlb = attachment.iotlb!;
        if (this.slotOf(iotlb, page) == NO_SLOT) return false;
        return !this.isCached(device.atc, page, this.isCached(iotlb, page, true));
      }
      default: {
        const isWrite = move == DeviceMove.WalkWrite;
        if (!device.isIdle(LANE) || this.isCached(device.atc, page, isWrite)) return false;
        const iotlb = attachment.iotlb;
        return iotlb == null || !this.isCached(iotlb, page, isWrite);
      }
    }
  }

  private takeDeviceMove(attachment: Attachment, move: DeviceMove, page: u32): void {
    const device = attachment.device;
    switch (move) {
      case DeviceMove.Land: {
        const isWrite = byteAt(device.inFlight, LANE) == WRITE_IN_FLIGHT;
        this.scene.oracle.accessLands(load<u32>(device.inFlightFrame), isWrite, 0);
        device.retire(LANE);
        break;
      }
      case DeviceMove.Retry: {
        const vpn = device.pageOf(LANE);
        if (this.walk(attachment, vpn, device.wantsWrite(LANE))) device.endRequest(LANE);
        else if (device.refuse(LANE)) this.scene.oracle.deviceFailed();
        break;
      }
      case DeviceMove.IssueRead:
      case DeviceMove.IssueWrite: {
        const payload = device.atc.payload(this.slotOf(device.atc, page));
        device.issue(LANE, payloadFrame(payload), 0, move == DeviceMove.IssueWrite);
        break;
      }
      case DeviceMove.Evict:
        device.atc.drop(this.slotOf(device.atc, page));
        break;
      case DeviceMove.FillAtc: {
        const iotlb = attachment.iotlb!;
        const payload = iotlb.payload(this.slotOf(iotlb, page));
        device.atc.fill(this.scene.mm.asid, this.vpn(page), payload, false);
        break;
      }
      default: {
        const isWrite = move == DeviceMove.WalkWrite;
        if (!this.walk(attachment, this.vpn(page), isWrite)) {
          device.request(LANE, this.vpn(page), isWrite);
        }
      }
    }
  }

  /** Looks for a translation where the protocol has the device look; true: found and cached. */
  private walk(attachment: Attachment, vpn: u64, isWrite: bool): bool {
    const scene = this.scene;
    const asid = scene.mm.asid;
    let frame: u32 = NO_FRAME;
    let isWritable: bool = false;
    const mirror = attachment.mirror;
    if (mirror != null) {
      const slot = mirror.find(asid, vpn);
      if (slot == NO_SLOT) return false;
      frame = payloadFrame(mirror.payload(slot));
      isWritable = payloadIsWritable(mirror.payload(slot));
    } else {
      if (scene.pasids.isEmptied(asid)) return false;
      scene.walker.walk(scene.pasids.root(asid), asid, vpn << 12, attachment.walkCache);
      frame = scene.walker.frame;
      isWritable = scene.walker.isWritable;
    }
    if (frame == NO_FRAME || (isWrite && !isWritable)) return false;
    const iotlb = attachment.iotlb;
    const cache = iotlb == null ? attachment.device.atc : iotlb;
    cache.fill(asid, vpn, payloadOf(frame, isWritable, 0), false);
    return true;
  }

  private canReuse(index: u32): bool {
    const scene = this.scene;
    if (index == REUSE_TABLE) return scene.frames.owner(scene.mm.pteTable) == FrameOwner.Free;
    const frame = unchecked(scene.dataFrames[index]);
    const owner = scene.frames.owner(frame);
    if (owner == FrameOwner.Free) return true;
    if (owner != FrameOwner.Elsewhere) return false;
    return !scene.frames.isPinned(frame) || scene.protocol.has(ProtocolTrait.PinsIgnoredByFork);
  }

  private canRegister(): bool {
    const scene = this.scene;
    if (scene.driver.isRegistered != 0) return false;
    if (!scene.protocol.has(ProtocolTrait.LockedRegistration)) return true;
    const locks = scene.locks;
    return locks.canWrite() && locks.rmap == NOBODY && locks.pageTable == NOBODY;
  }

  private vpn(page: u32): u64 {
    return this.scene.mm.firstVpn + page;
  }

  private slotOf(tlb: Tlb, page: u32): u32 {
    return tlb.find(this.scene.mm.asid, this.vpn(page));
  }

  private isCached(tlb: Tlb, page: u32, isWrite: bool): bool {
    const slot = this.slotOf(tlb, page);
    if (slot == NO_SLOT) return false;
    return !isWrite || payloadIsWritable(tlb.payload(slot));
  }

  private addDevice(device: u8): void {
    this.add(ActorKind.Device, device, <u8>DeviceMove.Land, 0);
    this.add(ActorKind.Device, device, <u8>DeviceMove.Retry, 0);
    const last = this.instance.protocol.has(ProtocolTrait.TwoLevel)
      ? DeviceMove.FillAtc
      : DeviceMove.WalkWrite;
    for (let page: u8 = 0; page < <u8>this.instance.pages; page++) {
      for (let kind = DeviceMove.IssueRead; kind <= last; kind++) {
        this.add(ActorKind.Device, device, <u8>kind, page);
      }
    }
  }

  private add(actor: ActorKind, index: u8, kind: u8, page: u8): void {
    assert(this.count < MOVES_MAX, "an instance has at most 96 moves");
    const move = this.count++;
    putByte(this.actors, move, <u8>actor);
    putByte(this.indexes, move, index);
    putByte(this.kinds, move, kind);
    putByte(this.pages, move, page);
  }
}

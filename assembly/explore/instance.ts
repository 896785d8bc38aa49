/**
 * One small world to explore: an mm with one or two pages, one or two devices, one protocol.
 *
 * The constructor is the wiring; the machine is the same as everywhere, only small: four levels of
 * real tables, an ATC slot a page, one lane a device, a walk cache of one pmd entry.
 */
import { FrameOwner, Operation, ProtocolTrait, RequestState, StepKind } from "../abi/vocabulary";
import { LEVEL_PMD, LEVEL_PUD, LEVEL_PGD, tableIndex } from "../base/page";
import { Device } from "../hardware/device/device";
import { PasidTable } from "../hardware/iommu/pasid_table";
import { PhysicalMemory } from "../hardware/memory/physical_memory";
import { leafEntry, tableEntry } from "../hardware/pgtable/pte";
import { WalkCache } from "../hardware/pgtable/walk_cache";
import { Walker } from "../hardware/pgtable/walker";
import { tagOf, Tlb } from "../hardware/tlb/tlb";
import { DriverState } from "../kernel/driver/driver_state";
import { FrameTable } from "../kernel/frame_table";
import { Locks } from "../kernel/locks";
import { Interpreter } from "../kernel/steps/interpreter";
import { buildHandler, buildOperation, buildOverlap } from "../kernel/steps/operations/build";
import { Program, Protocol } from "../kernel/steps/program";
import { Attachment, MmScene, Scene, SharedWrite } from "../kernel/steps/scene";
import { Task } from "../kernel/steps/task";
import { Oracle } from "../oracle/oracle";
import { ChoicePath } from "../sim/choice";
import { Codec, FRAME_STRIDE_SHIFT } from "./codec";

const ASID: u32 = 1;
const FIRST_VPN: u64 = 0x40000;
const TABLE_FRAMES: u32 = 8;
const PGD: u32 = 0;
const PUD: u32 = 1;
const PMD: u32 = 2;
const PTP: u32 = 3;
const EMPTY: u32 = 4;
const DATA_FRAMES: i32 = 2;

export class Instance {
  readonly scene: Scene;
  readonly interpreter: Interpreter;
  readonly mmThread: Task;
  readonly secondThread: Task | null;
  readonly handlers: StaticArray<Task>;
  readonly choice: ChoicePath;
  readonly codec: Codec = new Codec(FIRST_VPN, PTP);

  constructor(
    readonly protocol: Protocol,
    readonly operation: Operation,
    readonly devices: i32,
    readonly pages: u32,
    readonly retryLimit: u32,
  ) {
    // Hardware, lowest first.
    const frames = new FrameTable((<u32>(DATA_FRAMES + 1)) << FRAME_STRIDE_SHIFT);
    const memory = new PhysicalMemory(frames.frames, TABLE_FRAMES);
    const oracle = new Oracle(
      frames.frames,
      frames.owners,
      frames.generations,
      frames.owners,
      frames.generations,
    );
    const walker = new Walker(memory, oracle, frames.generations);
    const pasids = new PasidTable(2, EMPTY);
    const attachments = new StaticArray<Attachment>(devices);
    for (let i = 0; i < devices; i++) attachments[i] = attach(protocol, pages, retryLimit);
    // The mm and what runs on it.
    const mm = new MmScene(ASID, FIRST_VPN, pages, PGD, PMD, PTP);
    const dataFrames = new StaticArray<u32>(DATA_FRAMES);
    for (let i = 0; i < DATA_FRAMES; i++) dataFrames[i] = (<u32>i + 1) << FRAME_STRIDE_SHIFT;
    const locks = new Locks();
    const driver = new DriverState();
    const choice = new ChoicePath();
    this.choice = choice;
    const scene = new Scene(
      memory,
      frames,
      oracle,
      choice,
      walker,
      pasids,
      locks,
      mm,
      driver,
      protocol,
      attachments,
      dataFrames,
    );
    this.scene = scene;
    this.interpreter = new Interpreter(scene);
    const program = new Program();
    buildOperation(program, protocol, operation);
    this.mmThread = new Task(1, program);
    this.secondThread = protocol.has(ProtocolTrait.OverlappingThread) ? overlap(protocol) : null;
    const handlers = new StaticArray<Task>(devices);
    const handler = new Program();
    buildHandler(handler, protocol);
    for (let i = 0; i < devices; i++) handlers[i] = new Task(3 + <u32>i, handler);
    this.handlers = handlers;
    this.start();
    this.registerCells();
  }

  /** A move of the explorer is possible only for a device that is attached and has not failed. */
  isAttached(): bool {
    return this.scene.driver.isRegistered != 0;
  }

  /** No request of the device stands between the install of its page and the retried walk. */
  isBetweenInstallAndRetry(device: i32): bool {
    const state = <RequestState>load<u8>(this.scene.attachments[device].device.requestState);
    return (
      state == RequestState.Retrying ||
      this.handlers[device].pc >= this.handlers[device].program.length - 1
    );
  }

  /** Lays the tables and gives every frame its owner. */
  private start(): void {
    const scene = this.scene;
    const memory = scene.memory;
    const va = FIRST_VPN << 12;
    memory.writeEntry(PGD, tableIndex(va, LEVEL_PGD), tableEntry(PUD));
    memory.writeEntry(PUD, tableIndex(va, LEVEL_PUD), tableEntry(PMD));
    memory.writeEntry(PMD, tableIndex(va, LEVEL_PMD), tableEntry(PTP));
    scene.pasids.setRoot(ASID, PGD);
    for (let frame: u32 = 0; frame < TABLE_FRAMES; frame++) {
      scene.frames.setOwner(frame, FrameOwner.Mm);
    }
    for (let page: u32 = 0; page < this.pages; page++) {
      const frame = scene.dataFrames[page];
      store<u64>(scene.pteAddress(page), leafEntry(frame, true));
      scene.frames.setOwner(frame, FrameOwner.Mm);
    }
    if (this.pages == 1) scene.frames.setOwner(scene.dataFrames[1], this.ownerOfSecondFrame());
    if (this.operation == Operation.Ksm) scene.sharedWrite = SharedWrite.Invalid;
    const late = ProtocolTrait.LateRegistration | ProtocolTrait.LockedRegistration;
    if (this.protocol.has(<ProtocolTrait>late)) scene.driver.isRegistered = 0;
    this.interpreter.passOver(this.mmThread);
  }

  private ownerOfSecondFrame(): FrameOwner {
    switch (this.operation) {
      case Operation.Cow:
      case Operation.Migrate:
      case Operation.Collapse:
        return FrameOwner.Mm;
      case Operation.Ksm:
        return FrameOwner.Shared;
      case Operation.Dontneed:
        return FrameOwner.Free;
      default:
        return FrameOwner.Reused;
    }
  }

  /** Names every piece of memory that can differ between two states of this instance. */
  private registerCells(): void {
    const codec = this.codec;
    const scene = this.scene;
    this.addMmThread(this.mmThread);
    const second = this.secondThread;
    if (second != null) this.addMmThread(second);
    for (let i = 0; i < this.handlers.length; i++) this.addHandler(this.handlers[i]);

    const locks = changetype<usize>(scene.locks);
    codec.addByte(locks + offsetof<Locks>("mmapReaders"), 2);
    codec.addByte(locks + offsetof<Locks>("mmapWriter"), 1);
    codec.addByte(locks + offsetof<Locks>("pageTable"), 1);
    codec.addByte(locks + offsetof<Locks>("rmap"), 1);
    if (this.mmThread.program.has(StepKind.DriverLock)) {
      codec.addByte(locks + offsetof<Locks>("driver"), 3);
    }
    const mm = changetype<usize>(scene.mm);
    codec.addByte(mm + offsetof<MmScene>("vmaExists"), 1);
    codec.addByte(mm + offsetof<MmScene>("vmaIsWritable"), 1);
    codec.addUpper(scene.upperAddress());
    for (let page: u32 = 0; page < this.pages; page++) codec.addPte(scene.pteAddress(page));
    codec.addByte(scene.frames.owners + PTP, 3);
    for (let i = 0; i < DATA_FRAMES; i++) {
      const frame = <usize>scene.dataFrames[i];
      codec.addByte(scene.frames.owners + frame, 3);
      codec.addByte(scene.oracle.marks + frame, 3);
      if (this.protocol.has(ProtocolTrait.Pins)) codec.addByte(scene.frames.pins + frame, 3);
    }
    this.addDriver();
    for (let i = 0; i < scene.attachments.length; i++) this.addAttachment(scene.attachments[i]);
  }

  private addMmThread(task: Task): void {
    const at = changetype<usize>(task);
    this.codec.addByte(at + offsetof<Task>("pc"), 7);
    this.codec.addByte(at + offsetof<Task>("wasFirst"), 1);
    this.codec.addByte(at + offsetof<Task>("wasLast"), 1);
    this.codec.addByte(at + offsetof<Task>("sampled"), 1);
    this.codec.addByte(at + offsetof<Task>("gathered"), 2);
    this.codec.addFrame(at + offsetof<Task>("frame"));
    if (this.pages > 1) this.codec.addByte(at + offsetof<Task>("page"), 1);
  }

  private addHandler(task: Task): void {
    const at = changetype<usize>(task);
    this.codec.addByte(at + offsetof<Task>("pc"), 5);
    this.codec.addByte(at + offsetof<Task>("isServed"), 1);
    if (!this.protocol.has(ProtocolTrait.Mirror)) return;
    this.codec.addByte(at + offsetof<Task>("sequence"), 4);
    this.codec.addFrame(at + offsetof<Task>("frame"));
    this.codec.addByte(at + offsetof<Task>("isWritable"), 1);
    if (this.protocol.has(ProtocolTrait.Pins)) {
      this.codec.addByte(at + offsetof<Task>("hasPin"), 1);
    }
  }

  private addDriver(): void {
    const codec = this.codec;
    const at = changetype<usize>(this.scene.driver);
    codec.addByte(at + offsetof<DriverState>("count"), 8);
    codec.addByte(at + offsetof<DriverState>("sequence"), 4);
    codec.addByte(at + offsetof<DriverState>("isRegistered"), 1);
    codec.addByte(at + offsetof<DriverState>("queued"), 3);
    codec.addByte(at + offsetof<DriverState>("queuedAtc"), 3);
    codec.addByte(at + offsetof<DriverState>("timerPending"), 1);
    codec.addByte(at + offsetof<DriverState>("timerFrames"), 2);
    codec.addByte(at + offsetof<DriverState>("timerTable"), 1);
    codec.addByte(this.scene.pasids.emptied + ((<usize>ASID) << 2), 1);
  }

  private addAttachment(attachment: Attachment): void {
    const codec = this.codec;
    const device = attachment.device;
    codec.addByte(changetype<usize>(device) + offsetof<Device>("isFailed"), 1);
    codec.addByte(device.inFlight, 2);
    codec.addFrame(device.inFlightFrame);
    codec.addByte(device.requestState, 2);
    codec.addPage(device.requestPage);
    codec.addByte(device.requestIsWrite, 1);
    codec.addByte(device.refusals, 3);
    this.addTlb(device.atc);
    const iotlb = attachment.iotlb;
    if (iotlb != null) this.addTlb(iotlb);
    const mirror = attachment.mirror;
    if (mirror != null) {
      this.addTlb(mirror);
    } else {
      const cache = attachment.walkCache.ofLevel(LEVEL_PMD)!;
      codec.addWalkSlot(cache.tags, cache.payloads, tagOf(ASID, FIRST_VPN >> 9, false));
    }
  }

  private addTlb(tlb: Tlb): void {
    for (let page: u32 = 0; page < this.pages; page++) {
      const offset = (<usize>page) << 3;
      const tag = tagOf(ASID, FIRST_VPN + page, false);
      this.codec.addTlbSlot(tlb.tags + offset, tlb.payloads + offset, tag);
    }
  }
}

/** A device with what stands between it and memory under this protocol. */
function attach(protocol: Protocol, pages: u32, retryLimit: u32): Attachment {
  const isTwoLevel = protocol.has(ProtocolTrait.TwoLevel);
  const isMirror = protocol.has(ProtocolTrait.Mirror);
  return new Attachment(
    new Device(1, ASID, new Tlb(pages, 1), retryLimit),
    isTwoLevel ? new Tlb(pages, 1) : null,
    new WalkCache(1, 0, 0),
    isMirror ? new Tlb(pages, 1) : null,
  );
}

function overlap(protocol: Protocol): Task {
  const program = new Program();
  buildOverlap(program, protocol);
  return new Task(2, program);
}

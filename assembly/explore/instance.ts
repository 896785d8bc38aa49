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
import { Tlb } from "../hardware/tlb/tlb";
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
import { ASID, EMPTY, FIRST_VPN, PGD, PMD, PTP, PUD, TABLE_FRAMES } from "./places";
import { Codec, FRAME_STRIDE_SHIFT } from "./codec";

/** The id of the second thread of the mm, where there is one. */
const SECOND_THREAD: u32 = 2;
/** F0 and F1; an operation that uses F1 itself needs another frame for its second page. */
const DATA_FRAMES: i32 = 2;

export class Instance {
  readonly scene: Scene;
  readonly interpreter: Interpreter;
  readonly mmThread: Task;
  readonly secondThread: Task | null;
  readonly handlers: StaticArray<Task>;
  readonly choice: ChoicePath;
  readonly codec: Codec;

  constructor(
    readonly protocol: Protocol,
    readonly operation: Operation,
    readonly devices: i32,
    readonly pages: u32,
    readonly retryLimit: u32,
  ) {
    const count = pages > 1 && usesCopy(operation) ? DATA_FRAMES + 1 : DATA_FRAMES;
    const dataFrames = new StaticArray<u32>(count);
    for (let i = 0; i < count; i++) dataFrames[i] = (<u32>i + 1) << FRAME_STRIDE_SHIFT;
    this.codec = new Codec(FIRST_VPN, PTP, dataFrames[1]);
    // Hardware, lowest first.
    const frames = new FrameTable((<u32>(count + 1)) << FRAME_STRIDE_SHIFT);
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
    const mirror = protocol.has(ProtocolTrait.Mirror) ? new Tlb(pages, 1) : null;
    for (let i = 0; i < devices; i++) attachments[i] = attach(protocol, pages, retryLimit, mirror);
    // The mm and what runs on it.
    const mm = new MmScene(ASID, FIRST_VPN, pages, PGD, PMD, PTP);
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
  }

  /** The notifier registers while the operation runs. */
  isRegisteredLate(): bool {
    const late = ProtocolTrait.LateRegistration | ProtocolTrait.LockedRegistration;
    return this.protocol.has(<ProtocolTrait>late);
  }

  /** The mm's threads have done all their steps. */
  isAtEnd(): bool {
    if (this.mmThread.program.kind(this.mmThread.pc) != StepKind.Done) return false;
    const second = this.secondThread;
    return second == null || second.program.kind(second.pc) == StepKind.Done;
  }

  /** Nothing of the driver is left open: no pair, no empty table, no lock of a thread of the mm. */
  isTidy(): bool {
    const holder = this.scene.locks.driver;
    if (holder == this.mmThread.id || holder == SECOND_THREAD) return false;
    return this.scene.driver.count == 0 && !this.scene.pasids.isEmptied(ASID);
  }

  /** A move of the explorer is possible only for a device that is attached and has not failed. */
  isAttached(): bool {
    return this.scene.driver.isRegistered != 0;
  }

  /** Some request stands between the install of its page and the retried walk. */
  isBetweenInstallAndRetry(): bool {
    for (let i = 0; i < this.devices; i++) {
      const state = <RequestState>load<u8>(this.scene.attachments[i].device.requestState);
      if (state == RequestState.Retrying) return true;
      const handler = this.handlers[i];
      if (handler.isServed != 0 && handler.pc >= handler.program.length - 1) return true;
    }
    return false;
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
    scene.frames.setOwner(scene.dataFrames[1], this.ownerOfSecondFrame());
    for (let page: u32 = 0; page < this.pages; page++) {
      const frame = scene.dataFrames[page == 0 ? 0 : scene.dataFrames.length - 1];
      store<u64>(scene.pteAddress(page), leafEntry(frame, true));
      scene.frames.setOwner(frame, FrameOwner.Mm);
    }
    scene.movesPages = this.operation == Operation.Mremap;
    if (this.operation == Operation.Ksm) scene.sharedWrite = SharedWrite.Invalid;
    if (this.isRegisteredLate()) scene.driver.isRegistered = 0;
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
      case Operation.Mremap:
        return FrameOwner.Free;
      default:
        return FrameOwner.Reused;
    }
  }
}

/** The operation puts F1 in the place of F0. */
function usesCopy(operation: Operation): bool {
  switch (operation) {
    case Operation.Cow:
    case Operation.Migrate:
    case Operation.Ksm:
    case Operation.Collapse:
      return true;
    default:
      return false;
  }
}

/** A device with what stands between it and memory under this protocol. */
function attach(protocol: Protocol, pages: u32, retryLimit: u32, mirror: Tlb | null): Attachment {
  const isTwoLevel = protocol.has(ProtocolTrait.TwoLevel);
  return new Attachment(
    new Device(1, ASID, new Tlb(pages, 1), retryLimit),
    isTwoLevel ? new Tlb(pages, 1) : null,
    new WalkCache(1, 0, 0),
    mirror,
  );
}

function overlap(protocol: Protocol): Task {
  const program = new Program();
  buildOverlap(program, protocol);
  return new Task(SECOND_THREAD, program);
}

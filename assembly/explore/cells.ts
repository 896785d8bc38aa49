/**
 * Which memory of an instance can differ between two of its states: the cells of its codec.
 *
 * A piece of memory is left out where no step of the instance's programs, and nothing that its
 * protocol brings along, ever writes it.
 */
import { ProtocolTrait, StepKind } from "../abi/vocabulary";
import { allocate, byteAt, putByte } from "../base/bytes";
import { LEVEL_PMD } from "../base/page";
import { Device } from "../hardware/device/device";
import { tagOf, Tlb } from "../hardware/tlb/tlb";
import { DriverState } from "../kernel/driver/driver_state";
import { Locks } from "../kernel/locks";
import { Attachment, MmScene, Scene } from "../kernel/steps/scene";
import { Task } from "../kernel/steps/task";
import { Codec } from "./codec";
import { Instance } from "./instance";
import { ASID, FIRST_VPN, PTP } from "./places";

/** Counts and sequences of a driver stay below 256. */
const COUNTER_BITS: u32 = 8;

/** Stands for a cell that an instance does not have. */
export const NO_CELL: u32 = 255;

/** Cells of one kind, for those who look at packed states. */
export class CellList {
  count: u32 = 0;
  private readonly cells: usize = allocate(64);

  push(cell: u32): void {
    assert(this.count < 64, "an instance has at most 64 cells of a kind");
    putByte(this.cells, this.count++, <u8>cell);
  }

  // @ts-ignore: decorator
  @inline
  at(index: u32): u32 {
    return byteAt(this.cells, index);
  }
}

export class Cells {
  /** Where the operation stands. */
  mmThreadPc: u32 = NO_CELL;
  /** Who holds the driver's lock. */
  driverLock: u32 = NO_CELL;
  /** Cells that hold the number of a data frame, entries of one, a set of them. */
  readonly frameNumbers: CellList = new CellList();
  readonly entries: CellList = new CellList();
  readonly frameSets: CellList = new CellList();
  /** Cells that hold the number of a page. */
  readonly pageNumbers: CellList = new CellList();
  /** Two cells each: the same of F0 and of F1, the same of page 0 and of page 1. */
  readonly ofFrames: CellList = new CellList();
  readonly ofPages: CellList = new CellList();
  /** The first word of the first device's cells, and how many words each device has. */
  deviceWords: u32 = 0;
  wordsOfDevice: u32 = 0;
  private readonly scene: Scene;
  private readonly codec: Codec;

  /** Names every piece of memory that can differ between two states of this instance. */
  constructor(private readonly instance: Instance) {
    this.scene = instance.scene;
    this.codec = instance.codec;
    this.mmThreadPc = this.addMmThread(instance.mmThread);
    const second = instance.secondThread;
    if (second != null) this.addThread(second);
    this.addLocks();
    this.addMm();
    this.addFrames();
    this.addDriver();
    const mirror = this.scene.attachments[0].mirror;
    if (mirror != null) this.addTlb(mirror);
    this.addDevices();
  }

  /** The cells of a device begin a word where there are two that may be exchanged. */
  private addDevices(): void {
    const instance = this.instance;
    for (let i = 0; i < instance.devices; i++) {
      if (instance.devices > 1) {
        const word = this.codec.beginWord();
        if (i == 0) this.deviceWords = word;
        else if (i == 1) this.wordsOfDevice = word - this.deviceWords;
      }
      this.addHandler(instance.handlers[i]);
      this.addAttachment(this.scene.attachments[i]);
    }
  }

  /** Some task of the instance has a step of this kind. */
  private runs(kind: StepKind): bool {
    if (this.instance.mmThread.program.has(kind)) return true;
    return this.instance.devices > 0 && this.instance.handlers[0].program.has(kind);
  }

  /** Returns the cell of the thread's next step. */
  private addThread(task: Task): u32 {
    const at = changetype<usize>(task);
    const pc = this.codec.addWord(at + offsetof<Task>("pc"), bitsFor(task.program.length));
    if (this.runs(StepKind.CountUp) || this.runs(StepKind.FlagSet)) {
      this.codec.addWord(at + offsetof<Task>("wasFirst"), 1);
    }
    if (this.runs(StepKind.CountDown) || this.runs(StepKind.FlagClear)) {
      this.codec.addWord(at + offsetof<Task>("wasLast"), 1);
    }
    if (this.runs(StepKind.SampleNotifiers)) {
      this.codec.addWord(at + offsetof<Task>("sampled"), 1);
    }
    return pc;
  }

  private addMmThread(task: Task): u32 {
    const pc = this.addThread(task);
    const at = changetype<usize>(task);
    const frames = this.scene.dataFrames.length;
    this.frameSets.push(this.codec.addWord(at + offsetof<Task>("gathered"), frames));
    this.frameNumbers.push(this.codec.addFrame(at + offsetof<Task>("frame")));
    if (this.instance.pages > 1) this.codec.addWord(at + offsetof<Task>("page"), 1);
    return pc;
  }

  private addHandler(task: Task): void {
    const at = changetype<usize>(task);
    const program = task.program;
    this.codec.addWord(at + offsetof<Task>("pc"), bitsFor(program.length));
    this.codec.addWord(at + offsetof<Task>("isServed"), 1);
    if (program.has(StepKind.SampleSequence) || program.has(StepKind.SampleEvenSequence)) {
      this.codec.addWord(at + offsetof<Task>("sequence"), COUNTER_BITS);
    }
    if (program.has(StepKind.InstallMirror)) {
      this.frameNumbers.push(this.codec.addFrame(at + offsetof<Task>("frame")));
      this.codec.addWord(at + offsetof<Task>("isWritable"), 1);
    }
    if (this.instance.protocol.has(ProtocolTrait.Pins)) {
      this.frameNumbers.push(this.codec.addFrame(at + offsetof<Task>("pin")));
    }
  }

  private addLocks(): void {
    const codec = this.codec;
    const locks = changetype<usize>(this.scene.locks);
    codec.addWord(locks + offsetof<Locks>("mmapReaders"), 3);
    if (this.runs(StepKind.MmapLockWrite)) {
      codec.addWord(locks + offsetof<Locks>("mmapWriter"), 1);
    }
    if (this.runs(StepKind.PtlLock) || this.runs(StepKind.ClearPteIfSame)) {
      codec.addWord(locks + offsetof<Locks>("pageTable"), 1);
    }
    if (this.runs(StepKind.RmapLock)) codec.addWord(locks + offsetof<Locks>("rmap"), 1);
    if (this.runs(StepKind.DriverLock)) {
      this.driverLock = codec.addWord(locks + offsetof<Locks>("driver"), 3);
    }
  }

  private addMm(): void {
    const codec = this.codec;
    const scene = this.scene;
    const mm = changetype<usize>(scene.mm);
    if (this.runs(StepKind.DetachVma)) codec.addWord(mm + offsetof<MmScene>("vmaExists"), 1);
    if (this.runs(StepKind.MakeVmaReadOnly)) {
      codec.addWord(mm + offsetof<MmScene>("vmaIsWritable"), 1);
    }
    if (this.runs(StepKind.ClearUpper)) codec.addUpper(scene.upperAddress());
    for (let page: u32 = 0; page < this.instance.pages; page++) {
      this.addEntry(codec.addPte(scene.pteAddress(page)));
    }
    if (this.runs(StepKind.FreeTable)) codec.addByte(scene.frames.owners + PTP, 3);
  }

  private addFrames(): void {
    const scene = this.scene;
    const marks =
      this.runs(StepKind.PromiseReadOnly) ||
      this.runs(StepKind.Compare) ||
      this.runs(StepKind.CopyPage) ||
      this.runs(StepKind.CopyUnlessPinned) ||
      this.runs(StepKind.InstallPage);
    this.addOfFrames(scene.frames.owners);
    if (marks) this.addOfFrames(scene.oracle.marks);
    if (this.instance.protocol.has(ProtocolTrait.Pins)) this.addOfFrames(scene.frames.pins);
  }

  /** A byte of each data frame. */
  private addOfFrames(table: usize): void {
    const frames = this.scene.dataFrames;
    for (let i = 0; i < frames.length; i++) {
      this.ofFrames.push(this.codec.addByte(table + <usize>frames[i], 3));
    }
  }

  private addDriver(): void {
    const codec = this.codec;
    const protocol = this.instance.protocol;
    const at = changetype<usize>(this.scene.driver);
    if (
      this.runs(StepKind.CountUp) ||
      this.runs(StepKind.CountDown) ||
      this.runs(StepKind.FlagSet)
    ) {
      codec.addWord(at + offsetof<DriverState>("count"), COUNTER_BITS);
    }
    if (
      this.runs(StepKind.SequenceUp) ||
      this.runs(StepKind.SequenceOdd) ||
      this.runs(StepKind.SequenceEven)
    ) {
      codec.addWord(at + offsetof<DriverState>("sequence"), COUNTER_BITS);
    }
    if (this.instance.isRegisteredLate())
      codec.addWord(at + offsetof<DriverState>("isRegistered"), 1);
    if (this.runs(StepKind.QueueInvalidate)) {
      codec.addWord(at + offsetof<DriverState>("queued"), COUNTER_BITS);
    }
    if (this.runs(StepKind.QueueInvalidateAtc)) {
      codec.addWord(at + offsetof<DriverState>("queuedAtc"), COUNTER_BITS);
    }
    if (this.runs(StepKind.QueueForTimer)) {
      codec.addWord(at + offsetof<DriverState>("timerPending"), 1);
    }
    if (protocol.has(ProtocolTrait.TimerFreesPages)) {
      const frames = this.scene.dataFrames.length;
      this.frameSets.push(codec.addWord(at + offsetof<DriverState>("timerFrames"), frames));
    }
    if (protocol.has(ProtocolTrait.TimerFreesTables)) {
      codec.addWord(at + offsetof<DriverState>("timerTable"), 1);
    }
    if (this.runs(StepKind.InstallEmptyTable)) {
      codec.addWord(this.scene.pasids.emptied + ((<usize>ASID) << 2), 1);
    }
  }

  private addAttachment(attachment: Attachment): void {
    const codec = this.codec;
    const device = attachment.device;
    codec.addByte(device.inFlight, 2);
    this.frameNumbers.push(codec.addFrame(device.inFlightFrame));
    codec.addByte(device.requestState, 2);
    this.pageNumbers.push(codec.addPage(device.requestPage));
    codec.addByte(device.requestIsWrite, 1);
    if (this.instance.retryLimit != 0) {
      codec.addWord(changetype<usize>(device) + offsetof<Device>("isFailed"), 1);
      codec.addWord(device.refusals, 3);
    }
    this.addTlb(device.atc);
    const iotlb = attachment.iotlb;
    if (iotlb != null) this.addTlb(iotlb);
    if (attachment.mirror == null) {
      const cache = attachment.walkCache.ofLevel(LEVEL_PMD)!;
      codec.addWalkSlot(cache.tags, cache.payloads, tagOf(ASID, FIRST_VPN >> 9, false));
    }
  }

  /** An entry of a page, the pages in order. */
  private addEntry(cell: u32): void {
    this.entries.push(cell);
    if (this.instance.pages > 1) this.ofPages.push(cell);
  }

  private addTlb(tlb: Tlb): void {
    for (let page: u32 = 0; page < this.instance.pages; page++) {
      const offset = (<usize>page) << 3;
      const tag = tagOf(ASID, FIRST_VPN + page, false);
      this.addEntry(this.codec.addTlbSlot(tlb.tags + offset, tlb.payloads + offset, tag));
    }
  }
}

/** Bits of a number below `bound`. */
function bitsFor(bound: u32): u32 {
  return 32 - clz(bound - 1);
}

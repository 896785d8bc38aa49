/**
 * Which memory of an instance can differ between two of its states: the cells of its codec.
 *
 * A piece of memory is left out where no step of the instance's programs, and nothing that its
 * protocol brings along, ever writes it.
 */
import { ProtocolTrait, StepKind } from "../abi/vocabulary";
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

export class Cells {
  private readonly scene: Scene;
  private readonly codec: Codec;

  constructor(private readonly instance: Instance) {
    this.scene = instance.scene;
    this.codec = instance.codec;
  }

  /** Names every piece of memory that can differ between two states of this instance. */
  register(): void {
    this.addMmThread(this.instance.mmThread);
    const second = this.instance.secondThread;
    if (second != null) this.addThread(second);
    this.addLocks();
    this.addMm();
    this.addFrames();
    this.addDriver();
    const mirror = this.scene.attachments[0].mirror;
    if (mirror != null) this.addTlb(mirror);
    for (let i = 0; i < this.instance.devices; i++) {
      this.addHandler(this.instance.handlers[i]);
      this.addAttachment(this.scene.attachments[i]);
    }
  }

  /** Some task of the instance has a step of this kind. */
  private runs(kind: StepKind): bool {
    if (this.instance.mmThread.program.has(kind)) return true;
    return this.instance.devices > 0 && this.instance.handlers[0].program.has(kind);
  }

  private addThread(task: Task): void {
    const at = changetype<usize>(task);
    this.codec.addWord(at + offsetof<Task>("pc"), bitsFor(task.program.length));
    if (this.runs(StepKind.CountUp) || this.runs(StepKind.FlagSet)) {
      this.codec.addWord(at + offsetof<Task>("wasFirst"), 1);
    }
    if (this.runs(StepKind.CountDown) || this.runs(StepKind.FlagClear)) {
      this.codec.addWord(at + offsetof<Task>("wasLast"), 1);
    }
    if (this.runs(StepKind.SampleNotifiers)) {
      this.codec.addWord(at + offsetof<Task>("sampled"), 1);
    }
  }

  private addMmThread(task: Task): void {
    this.addThread(task);
    const at = changetype<usize>(task);
    this.codec.addWord(at + offsetof<Task>("gathered"), this.scene.dataFrames.length);
    this.codec.addFrame(at + offsetof<Task>("frame"));
    if (this.instance.pages > 1) this.codec.addWord(at + offsetof<Task>("page"), 1);
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
      this.codec.addFrame(at + offsetof<Task>("frame"));
      this.codec.addWord(at + offsetof<Task>("isWritable"), 1);
    }
    if (this.instance.protocol.has(ProtocolTrait.Pins)) {
      this.codec.addWord(at + offsetof<Task>("hasPin"), 1);
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
    if (this.runs(StepKind.DriverLock)) codec.addWord(locks + offsetof<Locks>("driver"), 3);
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
    for (let page: u32 = 0; page < this.instance.pages; page++)
      codec.addPte(scene.pteAddress(page));
    if (this.runs(StepKind.FreeTable)) codec.addByte(scene.frames.owners + PTP, 3);
  }

  private addFrames(): void {
    const scene = this.scene;
    const marks =
      this.runs(StepKind.PromiseReadOnly) ||
      this.runs(StepKind.Compare) ||
      this.runs(StepKind.CopyPage) ||
      this.runs(StepKind.CopyUnlessPinned);
    for (let i = 0; i < scene.dataFrames.length; i++) {
      const frame = <usize>scene.dataFrames[i];
      this.codec.addByte(scene.frames.owners + frame, 3);
      if (marks) this.codec.addByte(scene.oracle.marks + frame, 3);
      if (this.instance.protocol.has(ProtocolTrait.Pins))
        this.codec.addByte(scene.frames.pins + frame, 3);
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
      codec.addWord(at + offsetof<DriverState>("timerFrames"), this.scene.dataFrames.length);
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
    codec.addFrame(device.inFlightFrame);
    codec.addByte(device.requestState, 2);
    codec.addPage(device.requestPage);
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

  private addTlb(tlb: Tlb): void {
    for (let page: u32 = 0; page < this.instance.pages; page++) {
      const offset = (<usize>page) << 3;
      const tag = tagOf(ASID, FIRST_VPN + page, false);
      this.codec.addTlbSlot(tlb.tags + offset, tlb.payloads + offset, tag);
    }
  }
}

/** Bits of a number below `bound`. */
function bitsFor(bound: u32): u32 {
  return 32 - clz(bound - 1);
}

/**
 * What each move reads and writes, as bits: two moves that touch nothing in common are independent,
 * and either order of them leads to the same state.
 *
 * Simplifies: a step counts as touching all that a step of its kind may touch in any state.
 */
import { DeviceMove, StepKind } from "../abi/vocabulary";

// What all share.
const MMAP_LOCK: u64 = 1 << 0;
const RMAP_LOCK: u64 = 1 << 1;
const PAGE_TABLE_LOCK: u64 = 1 << 2;
const DRIVER_LOCK: u64 = 1 << 3;
const VMA: u64 = 1 << 4;
const UPPER: u64 = 1 << 5;
const PTES: u64 = 1 << 6;
const TABLE_OWNER: u64 = 1 << 7;
/** Owners, pins and marks of the data frames. */
const FRAMES: u64 = 1 << 8;
/** The driver's count and sequence. */
const COUNT: u64 = 1 << 9;
const REGISTERED: u64 = 1 << 10;
const QUEUE: u64 = 1 << 11;
const TIMER: u64 = 1 << 12;
const PASID: u64 = 1 << 13;
const MIRROR: u64 = 1 << 14;
// What each device has, from bit 16 on.
const DEVICE_SHIFT: u64 = 16;
const DEVICE_BITS: u64 = 8;
const ATC: u64 = 1 << 0;
const IOTLB: u64 = 1 << 1;
const WALK_CACHE: u64 = 1 << 2;
const IN_FLIGHT: u64 = 1 << 3;
const REQUEST: u64 = 1 << 4;
const FAILED: u64 = 1 << 5;
const HANDLER: u64 = 1 << 6;

/** The same of all devices. */
function ofAll(bits: u64, devices: i32): u64 {
  let all: u64 = 0;
  for (let i = 0; i < devices; i++) all |= ofOne(bits, i);
  return all;
}

function ofOne(bits: u64, device: i32): u64 {
  return bits << (DEVICE_SHIFT + DEVICE_BITS * <u64>device);
}

/** What a move reads, and what it writes: the result of the functions below. */
export class Footprint {
  reads: u64 = 0;
  writes: u64 = 0;

  clear(): void {
    this.reads = 0;
    this.writes = 0;
  }

  private touch(bits: u64): void {
    this.reads |= bits;
    this.writes |= bits;
  }

  private invalidate(devices: i32): void {
    this.reads |= ofAll(IN_FLIGHT, devices);
    this.writes |= ofAll(ATC | IOTLB | WALK_CACHE, devices);
  }

  /** A walk: through the mm's table or the mirror, into the cache that it fills. */
  private walk(device: i32): void {
    this.reads |= PASID | UPPER | PTES | TABLE_OWNER | MIRROR;
    this.touch(ofOne(WALK_CACHE | ATC | IOTLB, device));
  }

  addDeviceMove(kind: DeviceMove, device: i32): void {
    if (kind == DeviceMove.Land) {
      this.touch(ofOne(IN_FLIGHT, device));
      this.reads |= FRAMES;
      return;
    }
    this.reads |= REGISTERED | ofOne(FAILED, device);
    switch (kind) {
      case DeviceMove.Retry:
        this.touch(ofOne(REQUEST | FAILED, device));
        this.walk(device);
        break;
      case DeviceMove.IssueRead:
      case DeviceMove.IssueWrite:
        this.reads |= ofOne(ATC, device);
        this.touch(ofOne(IN_FLIGHT, device));
        break;
      case DeviceMove.Evict:
        this.touch(ofOne(ATC, device));
        break;
      case DeviceMove.FillAtc:
        this.reads |= ofOne(IOTLB, device);
        this.touch(ofOne(ATC, device));
        break;
      default:
        this.touch(ofOne(REQUEST, device));
        this.walk(device);
    }
  }

  /** Somebody else takes a frame, or the table page. */
  addReuse(isTable: bool): void {
    this.touch(isTable ? TABLE_OWNER : FRAMES);
  }

  addQueuedInvalidation(devices: i32): void {
    this.touch(QUEUE);
    this.invalidate(devices);
  }

  addTimer(devices: i32): void {
    this.touch(TIMER | FRAMES | TABLE_OWNER);
    this.invalidate(devices);
  }

  addUnpin(devices: i32): void {
    this.touch(MIRROR | FRAMES);
    this.reads |= ofAll(REQUEST | HANDLER, devices);
    this.invalidate(devices);
  }

  addRegistration(): void {
    this.touch(REGISTERED);
    this.reads |= MMAP_LOCK | RMAP_LOCK | PAGE_TABLE_LOCK;
  }

  /** The handler of a device moves on, whatever its step is. */
  addHandler(device: i32): void {
    this.touch(ofOne(HANDLER, device));
    this.reads |= ofOne(REQUEST, device);
  }

  /** A handler that ends or starts over drops a pin that it has handed to no mirror. */
  addPinDropped(kind: StepKind): void {
    switch (kind) {
      case StepKind.CheckCountAndSequence:
      case StepKind.CheckSequence:
      case StepKind.Respond:
      case StepKind.RespondSuccess:
        this.touch(FRAMES);
        break;
      default:
        break;
    }
  }

  /** A step of a program; `device` is the handler's. */
  addStep(kind: StepKind, device: i32, devices: i32): void {
    switch (kind) {
      case StepKind.MmapLockWrite:
      case StepKind.MmapUnlockWrite:
      case StepKind.MmapLockRead:
      case StepKind.MmapUnlockRead:
        this.touch(MMAP_LOCK);
        break;
      case StepKind.RmapLock:
      case StepKind.RmapUnlock:
        this.touch(RMAP_LOCK);
        break;
      case StepKind.PtlLock:
      case StepKind.PtlUnlock:
        this.touch(PAGE_TABLE_LOCK);
        break;
      case StepKind.DriverLock:
      case StepKind.DriverUnlock:
        this.touch(DRIVER_LOCK);
        break;
      case StepKind.DetachVma:
      case StepKind.AttachVma:
      case StepKind.MakeVmaReadOnly:
        this.touch(VMA);
        break;
      case StepKind.ClearUpper:
        this.touch(UPPER);
        break;
      case StepKind.FreePages:
        this.touch(FRAMES | TIMER);
        break;
      case StepKind.FreeTable:
        this.touch(TABLE_OWNER | TIMER);
        break;
      case StepKind.CopyPage:
      case StepKind.DropRmap:
        this.touch(FRAMES);
        break;
      case StepKind.CountUp:
      case StepKind.CountDown:
      case StepKind.FlagSet:
      case StepKind.FlagClear:
      case StepKind.SequenceUp:
      case StepKind.SequenceOdd:
      case StepKind.SequenceEven:
        this.touch(COUNT);
        break;
      case StepKind.SampleSequence:
      case StepKind.SampleEvenSequence:
        this.reads |= COUNT;
        break;
      case StepKind.CheckCountAndSequence:
      case StepKind.CheckSequence:
        this.reads |= COUNT;
        this.touch(DRIVER_LOCK);
        break;
      case StepKind.SampleNotifiers:
        this.reads |= REGISTERED;
        break;
      case StepKind.QueueInvalidate:
      case StepKind.QueueInvalidateAtc:
        this.touch(QUEUE);
        break;
      case StepKind.QueueForTimer:
        this.touch(TIMER);
        break;
      case StepKind.Invalidate:
      case StepKind.InvalidateLeaf:
      case StepKind.InvalidateIotlb:
      case StepKind.InvalidateAtc:
      case StepKind.InvalidateReadsOnly:
        this.invalidate(devices);
        break;
      case StepKind.InstallEmptyTable:
      case StepKind.RestoreTable:
        this.touch(PASID);
        this.invalidate(devices);
        break;
      case StepKind.ZapMirror:
        this.touch(MIRROR);
        this.invalidate(devices);
        break;
      case StepKind.HandleFault:
        this.touch(PTES | FRAMES);
        this.reads |= PAGE_TABLE_LOCK | VMA | UPPER;
        break;
      case StepKind.InstallMirror:
        this.touch(MIRROR | FRAMES);
        break;
      case StepKind.Respond:
      case StepKind.RespondSuccess:
        this.touch(ofOne(REQUEST, device));
        break;
      case StepKind.Done:
      case StepKind.RangeStart:
      case StepKind.RangeEnd:
      case StepKind.CpuFlush:
      case StepKind.NextPage:
      case StepKind.Grace:
      case StepKind.Hang:
        break;
      default:
        // Steps that change entries, with what they look at and what they leave behind.
        this.touch(UPPER | PTES | FRAMES | PAGE_TABLE_LOCK);
    }
  }

  /** Either order of the two leads to the same state, and neither makes the other impossible. */
  isIndependentOf(other: Footprint): bool {
    return (this.writes & (other.reads | other.writes)) == 0 && (other.writes & this.reads) == 0;
  }
}

/**
 * One timed run: the wiring of kernel, IOMMU, devices and workers, and the hand-out of events.
 */
import { Counter, Latency, ProtocolTrait, Timing } from "../abi/vocabulary";
import { RunSpec, TimingRecord } from "../abi/records";
import { allocate } from "../base/bytes";
import { PasidTable } from "../hardware/iommu/pasid_table";
import { Tlb } from "../hardware/tlb/tlb";
import { DriverState } from "../kernel/driver/driver_state";
import { factsOf } from "../kernel/era";
import { Kernel } from "../kernel/kernel";
import { Locks } from "../kernel/locks";
import { addressOfMm, Mm } from "../kernel/mm/mm";
import { buildHandler } from "../kernel/steps/operations/build";
import { Program, Protocol } from "../kernel/steps/program";
import { Oracle } from "../oracle/oracle";
import { AccessPattern } from "./access_pattern";
import { Devices } from "./devices";
import { IommuUnit } from "./iommu_unit";
import { Judge } from "./judge";
import { KernelSpace } from "./kernel_space";
import { LivePages } from "./live_pages";
import {
  EVENT_ACCESS,
  EVENT_ANSWER,
  EVENT_ASK,
  EVENT_COMMAND,
  EVENT_COMPLETION,
  EVENT_INTERRUPT,
  EVENT_INVALIDATE_ATC,
  EVENT_LAND,
  EVENT_REQUEST,
  EVENT_RESPONSE,
  EVENT_TIMEOUT,
  EVENT_TRANSLATE,
  EVENT_WALK,
  EVENT_WORKER,
  EventHandler,
  eventOf,
  Machine,
} from "./machine";
import { Notifier } from "./notifier";
import { TimedPlan } from "./timed_plan";
import { TimedSink } from "./timed_sink";
import { Workers } from "./workers";

const ASID: u32 = 1;
const MIRROR_WAYS: u32 = 8;

export class Simulation extends EventHandler {
  readonly machine: Machine;
  readonly kernel: Kernel;
  readonly oracle: Oracle;
  readonly live: LivePages;
  readonly devices: Devices;
  private readonly pasids: PasidTable;
  private readonly space: KernelSpace;
  readonly notifier: Notifier;
  private readonly plan: TimedPlan;
  private readonly sink: TimedSink;
  private readonly iommu: IommuUnit;
  private readonly workers: Workers;
  private operationStart: u64 = 0;
  private isAttached: bool = false;
  private isFault: bool = false;

  constructor(spec: RunSpec, latencies: usize, protocol: Protocol) {
    super();
    const machine = new Machine(spec, latencies);
    const era = factsOf(spec.era, spec.arch);
    const locks = new Locks();
    const driver = new DriverState();
    const mirror = protocol.has(ProtocolTrait.Mirror)
      ? new Tlb(spec.mirrorEntries / MIRROR_WAYS, MIRROR_WAYS)
      : null;
    // The kernel and what it tells.
    const notifier = new Notifier(machine, protocol, locks, driver);
    const plan = new TimedPlan(machine, notifier, locks);
    const sink = new TimedSink(machine, notifier);
    const kernel = new Kernel(sink, plan, era);
    plan.kernel = kernel;
    kernel.frames.isQuarantined = true;
    const space = new KernelSpace(kernel, notifier);
    // Hardware that walks its tables.
    const noOwners = allocate(kernel.tables.memory.tableFrames);
    const lives = kernel.tables.lives;
    const oracle = new Oracle(0, noOwners, lives, noOwners, lives);
    const pasids = new PasidTable(ASID + 1, kernel.tables.newTable());
    const iommu = new IommuUnit(machine, pasids, space, ASID, mirror, era.scope);
    const judge = new Judge(machine, oracle, space);
    const live = new LivePages(spec.livePages);
    const pattern = new AccessPattern(spec, machine.random, live, space);
    const devices = new Devices(
      machine,
      iommu,
      judge,
      live,
      pattern,
      notifier,
      kernel.tables.memory,
      oracle,
      lives,
    );
    iommu.devices = devices;
    const handler = new Program();
    buildHandler(handler, protocol);
    const pins = protocol.has(ProtocolTrait.Pins);
    const workers = new Workers(
      machine,
      iommu,
      devices,
      space,
      notifier,
      locks,
      driver,
      handler,
      pins,
    );
    notifier.attach(iommu, workers);
    plan.workers = workers;

    this.machine = machine;
    this.kernel = kernel;
    this.oracle = oracle;
    this.live = live;
    this.devices = devices;
    this.pasids = pasids;
    this.space = space;
    this.notifier = notifier;
    this.plan = plan;
    this.sink = sink;
    this.iommu = iommu;
    this.workers = workers;
    machine.setHandler(this);
  }

  /** The mm's notifier is registered: from here on devices work on its memory. */
  attach(mm: Mm): void {
    if (this.isAttached) return;
    this.isAttached = true;
    this.space.mm = mm;
    this.pasids.setRoot(ASID, mm.pgd);
    this.plan.attachedMm = mm.id;
    this.plan.attachedAddress = addressOfMm(mm);
    this.sink.attachedMm = mm.id;
    this.devices.start();
  }

  /** The program's data is what it shares with its device: pages that may be written. */
  touchedByProgram(vpn: u64): void {
    if (this.space.mayWrite(vpn)) this.live.add(vpn);
  }

  /** The mm is about to exit: its PASID is torn down first. */
  detach(mm: Mm): void {
    if (!this.isAttached || this.space.mm != mm) return;
    this.notifier.release();
    this.devices.isStopped = true;
    this.pasids.setEmptied(ASID, true);
    this.iommu.invalidateNow(0, 1 << 40, true);
    this.space.mm = null;
    this.plan.attachedMm = 0;
    this.plan.forgetLocks();
    this.sink.attachedMm = 0;
  }

  /** The program begins an operation of the attached mm at `time`, or as soon as it can. */
  beginOperation(time: u64, isFault: bool): void {
    this.machine.passUntil(time);
    this.isFault = isFault;
    this.space.isBusy = true;
    this.notifier.isFaulting = isFault;
    this.operationStart = this.machine.now;
    if (!isFault) return;
    this.machine.counters.add(Counter.PageFaults);
    this.plan.mmapLockForFault();
    this.notifier.spend(this.machine.cost(Latency.Fault));
  }

  endOperation(): void {
    if (this.isFault) this.plan.mmapUnlockAfterFault();
    this.space.isBusy = false;
    this.notifier.isFaulting = false;
    this.kernel.frames.endQuarantine();
    if (!this.isFault) {
      this.machine.counters.add(Counter.Operations);
      this.workers.countHeld();
    }
    this.machine.timing(Timing.OperationTime).record(this.machine.now - this.operationStart);
  }

  /** A hash of every event and of every counter. */
  digest(): u64 {
    let digest = this.machine.digest;
    for (let i = 0; i < <i32>Counter.COUNT; i++) {
      digest = rotl<u64>(digest, 7) ^ this.machine.counters.get(<Counter>i);
      digest *= 0x9e3779b97f4a7c15;
    }
    return digest;
  }

  describeTiming(timing: Timing, record: TimingRecord): void {
    const histogram = this.machine.timing(timing);
    record.count = histogram.count;
    record.sum = histogram.sum;
    record.p50 = histogram.percentile(500);
    record.p90 = histogram.percentile(900);
    record.p99 = histogram.percentile(990);
    record.p999 = histogram.percentile(999);
    record.largest = histogram.largest;
  }

  handle(kind: u32, device: u32, index: u32): void {
    switch (kind) {
      case EVENT_ACCESS:
        this.devices.onAccess(device, index);
        break;
      case EVENT_LAND:
        this.devices.onLand(device, index);
        break;
      case EVENT_TRANSLATE:
        this.devices.onTranslate(device, index);
        break;
      case EVENT_WALK:
        this.devices.onWalk(device, index);
        break;
      case EVENT_ANSWER:
        this.devices.onAnswer(device, index);
        break;
      case EVENT_ASK:
        this.devices.onAsk(device, index);
        break;
      case EVENT_REQUEST:
        if (this.devices.onRequest(device, index)) {
          this.workers.notice();
        } else {
          const timeout = this.machine.spec.requestTimeoutNs;
          this.machine.schedule(timeout, eventOf(EVENT_TIMEOUT, device, index));
        }
        break;
      case EVENT_RESPONSE:
        this.devices.onResponse(device, index);
        break;
      case EVENT_TIMEOUT:
        this.devices.onTimeout(device, index);
        break;
      case EVENT_INTERRUPT:
        this.workers.onInterrupt();
        break;
      case EVENT_WORKER:
        this.workers.onWorker(index);
        break;
      case EVENT_COMMAND:
        this.iommu.onCommand(<i32>index);
        break;
      case EVENT_INVALIDATE_ATC:
        this.iommu.onInvalidateAtc(<i32>index);
        break;
      case EVENT_COMPLETION:
        this.iommu.onCompletion(<i32>index);
        break;
      default:
        assert(false, "an event is of a known kind");
    }
  }
}

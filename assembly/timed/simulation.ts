/**
 * One timed run: the wiring of kernel, IOMMU, devices and workers, and the hand-out of events.
 */
import {
  Counter,
  Latency,
  ProtocolTrait,
  RunFailure,
  Taker,
  Timing,
  TraceWhat,
} from "../abi/vocabulary";
import { DeviceSpec, RunSpec, TimingRecord } from "../abi/records";
import { allocate } from "../base/bytes";
import { PasidTable } from "../hardware/iommu/pasid_table";
import { Walker } from "../hardware/pgtable/walker";
import { Tlb } from "../hardware/tlb/tlb";
import { DriverState } from "../kernel/driver/driver_state";
import { factsOf } from "../kernel/era";
import { Kernel } from "../kernel/kernel";
import { Locks } from "../kernel/locks";
import { addressOfMm, CPUS, Mm } from "../kernel/mm/mm";
import { buildHandler } from "../kernel/steps/operations/build";
import { Program, Protocol } from "../kernel/steps/program";
import { Oracle } from "../oracle/oracle";
import { AccessPattern } from "./access_pattern";
import { Cpus } from "./cpus";
import { Devices } from "./devices";
import { DeviceUnit } from "./device_unit";
import { INVALIDATE_ALL, IommuUnit } from "./iommu_unit";
import { Judge } from "./judge";
import { KernelSpace } from "./kernel_space";
import {
  deviceOfEvent,
  EVENT_ACCESS,
  EVENT_ACKNOWLEDGED,
  EVENT_ANSWER,
  EVENT_ATC_DONE,
  EVENT_COMMAND,
  EVENT_COMPLETION,
  EVENT_CPU_FLUSHED,
  EVENT_INTERRUPT,
  EVENT_INVALIDATE_ATC,
  EVENT_IPI,
  EVENT_LAND,
  EVENT_REQUEST,
  EVENT_RESPONSE,
  EVENT_RETRY,
  EVENT_THREAD,
  EVENT_TIMEOUT,
  EVENT_TRANSLATE,
  EVENT_WALK,
  EVENT_WORKER,
  EventHandler,
  extraOfEvent,
  indexOfEvent,
  Machine,
} from "./machine";
import { Notifier } from "./notifier";
import { ProgramThreads } from "./program_threads";
import { TimedPlan } from "./timed_plan";
import { TimedSink } from "./timed_sink";
import { Translator } from "./translator";
import { Workers } from "./workers";

const MIRROR_WAYS: u32 = 8;

export class Simulation extends EventHandler {
  readonly machine: Machine;
  readonly kernel: Kernel;
  readonly oracle: Oracle;
  readonly devices: Devices;
  private readonly pasids: PasidTable;
  private readonly space: KernelSpace;
  readonly notifier: Notifier;
  private readonly plan: TimedPlan;
  private readonly sink: TimedSink;
  private readonly iommu: IommuUnit;
  private readonly translator: Translator;
  private readonly workers: Workers;
  private readonly cpus: Cpus;
  private readonly threads: ProgramThreads;
  private operationStart: u64 = 0;
  private isAttached: bool = false;
  private isFault: bool = false;

  constructor(
    spec: RunSpec,
    deviceSpecs: usize,
    latencies: usize,
    deviceLatencies: usize,
    protocol: Protocol,
  ) {
    super();
    const machine = new Machine(spec, latencies, deviceLatencies, pendingMax(spec, deviceSpecs));
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
    kernel.frames.capacity = spec.frames;
    if (!era.broadcasts) kernel.tlbs.ceiling = spec.flushCeiling;
    kernel.gather.batchPlaces = spec.gatherPlaces;
    kernel.gather.batches = spec.gatherBatches;
    const space = new KernelSpace(kernel, notifier);
    // Hardware that walks its tables.
    const noOwners = allocate(kernel.tables.memory.tableFrames);
    const lives = kernel.tables.lives;
    const oracle = new Oracle(0, noOwners, lives, noOwners, lives);
    const pasids = new PasidTable(spec.pasid + 1, kernel.tables.newTable());
    const iommu = new IommuUnit(machine, pasids, space, spec.pasid, mirror, era.scope);
    const judge = new Judge(
      machine,
      oracle,
      space,
      Counter.AccessesInWindow,
      Counter.AccessesToUnmapped,
    );
    const memory = kernel.tables.memory;
    const translator = new Translator(machine, iommu, memory, oracle, lives, space, spec.devices);
    const units = new StaticArray<DeviceUnit>(<i32>spec.devices);
    for (let i = 0; i < units.length; i++) {
      const deviceSpec = deviceSpecAt(deviceSpecs, i);
      const isHosts = ((spec.hostAccess >> i) & 1) != 0;
      const pattern = new AccessPattern(deviceSpec, i, isHosts, machine.random, space);
      units[i] = new DeviceUnit(machine, deviceSpec, i, judge, pattern, notifier);
      translator.attach(i, deviceSpec.lanes);
    }
    const cpuJudge = new Judge(
      machine,
      oracle,
      space,
      Counter.CpuAccessesInWindow,
      Counter.CpuAccessesToUnmapped,
    );
    const walker = new Walker(memory, oracle, lives);
    const cpus = new Cpus(machine, space, cpuJudge, oracle, walker);
    sink.cpus = cpus;
    sink.tlbs = kernel.tlbs;
    const devices = new Devices(units);
    iommu.attach(devices);
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

    this.cpus = cpus;
    this.threads = new ProgramThreads(machine, cpus, kernel.tlbs, space);
    this.machine = machine;
    this.kernel = kernel;
    this.oracle = oracle;
    this.devices = devices;
    this.pasids = pasids;
    this.space = space;
    this.notifier = notifier;
    this.plan = plan;
    this.sink = sink;
    this.iommu = iommu;
    this.translator = translator;
    this.workers = workers;
    machine.setHandler(this);
  }

  /** The mm's notifier is registered: from here on devices work on its memory. */
  attach(mm: Mm): void {
    if (this.isAttached) return;
    this.isAttached = true;
    this.space.mm = mm;
    this.pasids.setRoot(this.machine.spec.pasid, mm.pgd);
    this.plan.attachedMm = mm.id;
    this.plan.attachedAddress = addressOfMm(mm);
    this.sink.attachedMm = mm.id;
    this.cpus.attachedMm = mm.id;
    this.devices.start();
    this.threads.start(mm);
  }

  /** The program's data is what it shares with its device: pages that may be written. */
  touchedByProgram(vpn: u64): void {
    if (isDefined(TRACE_EVENTS) && this.space.look(vpn)) {
      this.machine.note(TraceWhat.Touched, vpn, 1, this.space.frame);
    }
    if (!this.space.mayWrite(vpn)) return;
    this.devices.touched(vpn);
    this.threads.touched(vpn);
  }

  /** The CPU of the program accesses a page: the TLB does not help it, and it faults. */
  faulting(mm: Mm, vpn: u64, isWrite: bool): void {
    this.cpus.faults(mm, this.kernel.tlbs.cpu, vpn, isWrite);
  }

  /** The fault is over, and the access is repeated. */
  faulted(mm: Mm, vpn: u64, isWrite: bool): void {
    this.cpus.repeats(mm, this.kernel.tlbs.cpu, vpn, isWrite);
  }

  /** The CPU of the program accesses a page without a fault. */
  accessed(mm: Mm, vpn: u64, isWrite: bool): void {
    const time = this.cpus.access(mm, this.kernel.tlbs.cpu, vpn, isWrite);
    if (this.space.mm == mm) this.machine.pass(time);
  }

  /** The mm is about to exit: its PASID is torn down first. */
  detach(mm: Mm): void {
    if (!this.isAttached || this.space.mm != mm) return;
    this.notifier.release();
    this.devices.leave();
    this.threads.leave();
    this.pasids.setEmptied(this.machine.spec.pasid, true);
    this.iommu.invalidateNow(0, 1 << 40, true, INVALIDATE_ALL);
    this.space.mm = null;
    this.plan.attachedMm = 0;
    this.plan.forgetLocks();
    this.sink.attachedMm = 0;
    this.cpus.attachedMm = 0;
  }

  /** The program, or a kernel thread, begins an operation of the attached mm. */
  beginOperation(isFault: bool, isKthread: bool, work: u32): void {
    this.machine.note(TraceWhat.OperationBegin, 0, 0, work);
    this.isFault = isFault;
    this.plan.isOperating = true;
    this.setTaker(Taker.Other);
    this.notifier.isKthread = isKthread;
    this.space.isBusy = true;
    this.notifier.isFaulting = isFault;
    this.operationStart = this.machine.now;
    if (!isFault) return;
    this.machine.counters.add(Counter.PageFaults);
    this.plan.mmapLockForFault();
    this.notifier.spend(this.machine.cost(Latency.Fault));
  }

  /** What takes entries away, unless a step of its plan says it better. */
  private setTaker(taker: Taker): void {
    this.kernel.frames.taker = taker;
    this.kernel.tables.taker = taker;
  }

  endOperation(): void {
    this.setTaker(Taker.Unknown);
    this.plan.isOperating = false;
    this.machine.note(TraceWhat.OperationEnd, 0, 0);
    if (this.isFault) this.plan.mmapUnlockAfterFault();
    this.space.isBusy = false;
    this.notifier.isFaulting = false;
    this.notifier.isKthread = false;
    this.kernel.frames.endQuarantine();
    // What a fault waited for may be over: a migration, a page-table lock.
    this.workers.wake();
    if (!this.isFault) {
      this.machine.counters.add(Counter.Operations);
      this.workers.countHeld();
    }
    this.machine.timing(Timing.OperationTime).record(this.machine.now - this.operationStart);
  }

  /** Why the run was given up, if it was. */
  failure(): RunFailure {
    if (this.machine.isDeadlocked) return RunFailure.Deadlock;
    if (this.kernel.tables.isExhausted) return RunFailure.OutOfTables;
    const frames = this.kernel.frames;
    return frames.inUse > frames.capacity ? RunFailure.OutOfFrames : RunFailure.None;
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

  handle(event: u32): void {
    const index = indexOfEvent(event);
    const kind = event >> 27;
    if (kind > EVENT_TIMEOUT) this.handleHost(kind, event, index);
    else this.handleDevice(kind, this.devices.at(deviceOfEvent(event)), index, event);
  }

  // @ts-ignore: decorator
  @inline
  private handleDevice(kind: u32, unit: DeviceUnit, index: u32, event: u32): void {
    switch (kind) {
      case EVENT_ACCESS:
        unit.onAccess(index);
        break;
      case EVENT_LAND:
        unit.onLand(index);
        break;
      case EVENT_TRANSLATE:
        this.translator.onTranslate(unit, index);
        break;
      case EVENT_WALK:
        this.translator.onWalk(unit, index);
        break;
      case EVENT_ANSWER:
        unit.onAnswer(index);
        break;
      case EVENT_REQUEST: {
        const lane = unit.laneAt(index);
        const isLogged = this.iommu.logRequest(unit.requestOf(index), lane.page, lane.isWrite != 0);
        if (isLogged) this.workers.notice();
        break;
      }
      case EVENT_RESPONSE: {
        const extra = extraOfEvent(event);
        unit.onResponse(index, extra >> 1, (extra & 1) != 0);
        break;
      }
      case EVENT_RETRY:
        unit.onRetry(index);
        break;
      default:
        unit.onTimeout(index);
    }
  }

  private handleHost(kind: u32, event: u32, index: u32): void {
    switch (kind) {
      case EVENT_INTERRUPT:
        this.workers.onInterrupt();
        break;
      case EVENT_WORKER:
        this.workers.onWorker(index);
        break;
      case EVENT_COMMAND:
        this.iommu.onCommand(index);
        break;
      case EVENT_INVALIDATE_ATC:
        this.iommu.onInvalidateAtc(deviceOfEvent(event), index);
        break;
      case EVENT_ATC_DONE:
        this.iommu.onAtcDone(index);
        break;
      case EVENT_COMPLETION:
        this.iommu.onCompletion(index);
        break;
      case EVENT_THREAD:
        this.threads.onThread(index);
        break;
      case EVENT_IPI:
        this.cpus.onIpi(index);
        break;
      case EVENT_CPU_FLUSHED:
        this.cpus.onFlushed(index);
        break;
      case EVENT_ACKNOWLEDGED:
        this.cpus.onAcknowledged(index);
        break;
      default:
        assert(false, "an event is of a known kind");
    }
  }
}

function deviceSpecAt(block: usize, index: u32): DeviceSpec {
  return changetype<DeviceSpec>(block + <usize>index * offsetof<DeviceSpec>());
}

/**
 * Events pending at once: a lane has one, a timer, and responses that come too late; a thread and a
 * CPU that is asked to flush have one each.
 */
function pendingMax(spec: RunSpec, deviceSpecs: usize): u32 {
  let events = spec.workers + spec.threads + CPUS;
  events += (spec.devices + 2) * (spec.commandEntries + 2);
  for (let i: u32 = 0; i < spec.devices; i++) events += 4 * deviceSpecAt(deviceSpecs, i).lanes;
  return events;
}

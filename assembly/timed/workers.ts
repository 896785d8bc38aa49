/**
 * The driver's side of page requests: the interrupt, the queue of work, and workers that run the
 * protocol's page-request handler step by step.
 *
 * Models:     one interrupt until the log is drained; workers that wait for mmap_lock and for the
 *             driver's lock; handlers that start over when an invalidation came between.
 * Source:     linux drivers/iommu/amd/ppr.c, drivers/iommu/io-pgfault.c, virt/kvm/kvm_main.c
 */
import { Counter, Latency, StepCondition, StepKind, Timing, TraceWhat } from "../abi/vocabulary";
import { allocate, longAt, putLong, putWord, wordAt } from "../base/bytes";
import { payloadFrame, payloadOf } from "../hardware/tlb/tlb";
import { NO_SLOT } from "../hardware/tlb/tlb";
import { DriverState } from "../kernel/driver/driver_state";
import { Locks, NOBODY } from "../kernel/locks";
import { Program } from "../kernel/steps/program";
import { AddressSpace } from "./address_space";
import { Devices } from "./devices";
import { INVALIDATE_ALL, IommuUnit } from "./iommu_unit";
import { LockWaiters } from "./lock_waiters";
import { EVENT_INTERRUPT, EVENT_WORKER, eventOf, Machine } from "./machine";
import { Notifier } from "./notifier";

const QUEUE: u32 = 1 << 14;
const NO_REQUEST: u32 = 0xffffffff;
/** Lock holders are told apart from the program, which is 1. */
const FIRST_WORKER_ID: u32 = 2;

/** What a worker is at. */
class Worker {
  /** The page request by the name that the log gave it, or NO_REQUEST, and what it asks for. */
  request: u32 = NO_REQUEST;
  vpn: u64 = 0;
  isWrite: bool = false;
  pc: u32 = 0;
  isBlocked: bool = false;
  blockedSince: u64 = 0;
  sequence: u32 = 0;
  isServed: bool = false;
  /** The fault left a page there. */
  hasFrame: bool = false;
  frame: u32 = 0;
  life: u32 = 0;
  isWritable: bool = false;
}

export class Workers extends LockWaiters {
  private readonly workers: StaticArray<Worker>;
  private readonly queue: usize = allocate((<usize>QUEUE) << 2);
  /** vpn << 1 | is write */
  private readonly queuedPages: usize = allocate((<usize>QUEUE) << 3);
  private head: u32 = 0;
  private length: u32 = 0;
  private isInterruptPending: bool = false;
  /** Frames pinned by the mirror. */
  private pinned: u64 = 0;

  constructor(
    private readonly machine: Machine,
    private readonly iommu: IommuUnit,
    private readonly devices: Devices,
    private readonly mm: AddressSpace,
    private readonly notifier: Notifier,
    private readonly locks: Locks,
    private readonly driver: DriverState,
    private readonly program: Program,
    private readonly pins: bool,
  ) {
    super();
    const count = <i32>machine.spec.workers;
    this.workers = new StaticArray<Worker>(count);
    for (let i = 0; i < count; i++) this.workers[i] = new Worker();
  }

  /** A page request was logged: raises the interrupt unless one is on its way. */
  notice(): void {
    if (this.isInterruptPending) return;
    this.isInterruptPending = true;
    this.machine.schedule(this.machine.cost(Latency.Interrupt), eventOf(EVENT_INTERRUPT, 0, 0, 0));
  }

  /** The driver's thread drains the log and hands each request to a worker. */
  onInterrupt(): void {
    const log = this.iommu.log;
    this.machine.counters.add(Counter.Interrupts);
    this.machine.note(TraceWhat.Interrupt, 0, 0);
    this.isInterruptPending = false;
    while (log.length > 0 && this.length < QUEUE) {
      log.pop();
      const at = (this.head + this.length++) & (QUEUE - 1);
      putWord(this.queue, at, log.request);
      putLong(this.queuedPages, at, (log.vpn << 1) | (log.isWrite ? 1 : 0));
    }
    if (log.isOverflowed && log.length == 0) log.restart();
    let wanted = this.length;
    for (let i = 0; i < this.workers.length && wanted > 0; i++) {
      if (this.workers[i].request != NO_REQUEST) continue;
      this.takeWork(i, this.machine.cost(Latency.WorkerWake));
      this.machine.counters.add(Counter.WorkerWakeUps);
      wanted--;
    }
  }

  wake(): void {
    for (let i = 0; i < this.workers.length; i++) {
      if (!this.workers[i].isBlocked) continue;
      this.workers[i].isBlocked = false;
      this.machine.schedule(0, eventOf(EVENT_WORKER, 0, <u32>i, 0));
    }
  }

  keepsDriverLock(holder: u32): bool {
    const worker = this.workers[<i32>(holder - FIRST_WORKER_ID)];
    return worker.isBlocked || worker.request == NO_REQUEST;
  }

  /** The worker waits for something. */
  isBlocked(id: u32): bool {
    return this.workers[<i32>(id - FIRST_WORKER_ID)].isBlocked;
  }

  wantsDriverLock(): bool {
    for (let i = 0; i < this.workers.length; i++) {
      const worker = this.workers[i];
      if (worker.isBlocked && this.program.kind(worker.pc) == StepKind.DriverLock) return true;
    }
    return false;
  }

  onWorker(index: u32): void {
    const worker = this.workers[index];
    const kind = this.program.kind(worker.pc);
    if (!this.canTake(kind, worker)) {
      if (worker.blockedSince == 0) worker.blockedSince = this.machine.now;
      worker.isBlocked = true;
      return;
    }
    if (worker.blockedSince != 0) {
      if (kind == StepKind.MmapLockRead) {
        this.machine.counters.add(Counter.MmapLockWaits);
        const waited = this.machine.now - worker.blockedSince;
        this.machine.timing(Timing.MmapLockWait).record(waited);
      }
      worker.blockedSince = 0;
    }
    worker.pc++;
    this.machine.note(TraceWhat.HandlerStep, worker.vpn, 1, kind, index);
    const cost = this.take(kind, worker, <u32>index + FIRST_WORKER_ID);
    while (worker.pc < this.program.length && !this.holds(worker)) worker.pc++;
    if (worker.request == NO_REQUEST) this.takeWork(<i32>index, cost);
    else this.machine.schedule(cost, eventOf(EVENT_WORKER, 0, index, 0));
  }

  private takeWork(index: i32, delay: u64): void {
    if (this.length == 0) return;
    const worker = this.workers[index];
    worker.request = wordAt(this.queue, this.head);
    worker.vpn = longAt(this.queuedPages, this.head) >> 1;
    worker.isWrite = (longAt(this.queuedPages, this.head) & 1) != 0;
    this.head = (this.head + 1) & (QUEUE - 1);
    this.length--;
    worker.pc = 0;
    worker.isServed = false;
    // What did not fit into the queue has waited in the log.
    if (this.iommu.log.length > 0) this.notice();
    this.machine.schedule(delay, eventOf(EVENT_WORKER, 0, <u32>index, 0));
  }

  private holds(worker: Worker): bool {
    const condition = this.program.condition(worker.pc);
    return condition != StepCondition.Served || worker.isServed;
  }

  private canTake(kind: StepKind, worker: Worker): bool {
    switch (kind) {
      case StepKind.MmapLockRead:
        return this.locks.canRead();
      case StepKind.DriverLock:
        return this.locks.driver == NOBODY;
      case StepKind.HandleFault:
        return this.notifier.canFault(worker.vpn) && !this.mm.isMigrating(worker.vpn);
      case StepKind.SampleEvenSequence:
        return (this.driver.sequence & 1) == 0;
      case StepKind.Hang:
        return false;
      default:
        return true;
    }
  }

  /** Takes a step; returns what it costs. */
  private take(kind: StepKind, worker: Worker, id: u32): u64 {
    const spec = this.machine.spec;
    switch (kind) {
      case StepKind.MmapLockRead:
        this.locks.mmapReaders++;
        return this.machine.cost(Latency.Lock);
      case StepKind.MmapUnlockRead:
        this.locks.mmapReaders--;
        return this.machine.cost(Latency.Lock);
      case StepKind.DriverLock:
        this.locks.driver = id;
        return this.machine.cost(Latency.Lock);
      case StepKind.DriverUnlock:
        this.locks.driver = NOBODY;
        this.wake();
        return this.machine.cost(Latency.Lock);
      case StepKind.SampleSequence:
      case StepKind.SampleEvenSequence:
        worker.sequence = this.driver.sequence;
        return 0;
      case StepKind.HandleFault:
        return this.fault(worker);
      case StepKind.CheckCountAndSequence:
        if (this.driver.count != 0 || this.driver.sequence != worker.sequence) {
          this.startOver(worker, id);
        }
        return 0;
      case StepKind.CheckSequence:
        if (this.driver.sequence != worker.sequence) this.startOver(worker, id);
        return 0;
      case StepKind.InstallMirror:
        return this.install(worker);
      case StepKind.Respond:
        this.devices.respond(worker.request, worker.isServed);
        worker.request = NO_REQUEST;
        return this.machine.cost(Latency.Command);
      case StepKind.RespondSuccess:
        this.devices.respond(worker.request, true);
        worker.request = NO_REQUEST;
        return this.machine.cost(Latency.Command);
      default:
        assert(false, "a page-request handler has steps of a handler");
        return 0;
    }
  }

  private fault(worker: Worker): u64 {
    const mm = this.mm;
    const vpn = worker.vpn;
    const spent = mm.spentNs;
    this.machine.counters.add(Counter.FaultsHandled);
    // A pin is taken for writing where that is allowed, so that nobody shares the page later.
    const isWrite = worker.isWrite || (this.pins && mm.mayWrite(vpn));
    worker.isServed = mm.fault(vpn, isWrite);
    worker.hasFrame = worker.isServed && mm.look(vpn);
    if (worker.hasFrame) {
      worker.frame = mm.frame;
      worker.life = mm.life(mm.frame);
      worker.isWritable = mm.isWritable;
      if (this.pins) {
        mm.pin(mm.frame);
        this.machine.counters.raise(Counter.PinnedHighWater, ++this.pinned);
      }
    }
    return this.machine.cost(Latency.Fault) + (mm.spentNs - spent);
  }

  private install(worker: Worker): u64 {
    if (!worker.hasFrame) return 0;
    const mirror = this.iommu.mirror!;
    const vpn = worker.vpn;
    const spent = this.pins ? this.dropPinned(vpn, worker.frame) : 0;
    const payload = payloadOf(worker.frame, worker.isWritable, worker.life);
    mirror.fill(this.iommu.asid, vpn, payload, false);
    return this.machine.cost(Latency.Lock) + spent;
  }

  /** Unpins what the mirror has of the page, once no device can use it; returns what that costs. */
  private dropPinned(vpn: u64, frame: u32): u64 {
    const mirror = this.iommu.mirror!;
    const slot = mirror.find(this.iommu.asid, vpn);
    if (slot == NO_SLOT) return 0;
    const held = payloadFrame(mirror.payload(slot));
    mirror.drop(slot);
    let spent: u64 = 0;
    if (held != frame) spent = this.iommu.invalidateNow(vpn, vpn + 1, false, INVALIDATE_ALL);
    this.mm.unpin(held);
    this.pinned--;
    return spent;
  }

  /** Frames that the mm has put and a pin still holds. */
  countHeld(): void {
    if (!this.pins) return;
    const mirror = this.iommu.mirror!;
    let held: u64 = 0;
    for (let slot: u32 = 0; slot < mirror.entries; slot++) {
      if (!mirror.isValid(slot)) continue;
      if (!this.mm.isMapped(payloadFrame(mirror.payload(slot)))) held++;
    }
    this.machine.counters.raise(Counter.HeldHighWater, held);
  }

  private startOver(worker: Worker, id: u32): void {
    this.machine.counters.add(Counter.HandlerRestarts);
    if (this.locks.driver == id) {
      this.locks.driver = NOBODY;
      this.wake();
    }
    worker.pc = 0;
    worker.isServed = false;
  }
}

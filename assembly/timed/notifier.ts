/**
 * The notifier side of a timed run: what the protocol does when the mm announces, flushes and ends.
 *
 * Models:     each step of the protocol's lists with its latency; a caller that waits while
 *             devices, IOMMU and workers go on; list walks that find nobody, where no device is
 *             attached.
 * Source:     linux mm/mmu_notifier.c (mn_hlist_invalidate_range_start),
 *             include/linux/mmu_notifier.h
 */
import {
  Counter,
  FlushSite,
  Hook,
  Latency,
  NotifierMode,
  StepCondition,
  StepKind,
  Timing,
  TraceWhat,
} from "../abi/vocabulary";
import { allocate, longAt, putLong } from "../base/bytes";
import { DriverRegisters, isTaken, keepCount } from "../kernel/driver/bookkeeping";
import { DriverState } from "../kernel/driver/driver_state";
import { NotifierEvent } from "../kernel/events";
import { Locks, NOBODY } from "../kernel/locks";
import { Protocol } from "../kernel/steps/program";
import { hostImplementers, notifyHost, releaseHost } from "./host_notifier";
import {
  DRAIN_WRITES,
  INVALIDATE_ALL,
  INVALIDATE_ATC,
  INVALIDATE_IOTLB,
  INVALIDATE_WALKS,
  IommuUnit,
} from "./iommu_unit";
import { LockWaiters } from "./lock_waiters";
import { Machine } from "./machine";
import { OpenRanges } from "./open_ranges";

const OPEN_MAX: u32 = 64;
/** The program, as the holder of a lock. */
export const PROGRAM_ID: u32 = 1;
const EVERYTHING: u64 = u64.MAX_VALUE;
const ANY_SITE: u32 = 0xff;

/** Who changes the mm: the program or kernel threads, or a worker that handles a device's fault. */
class Caller extends DriverRegisters {
  /** The FlushSites that stand for the change: a step of a protocol may be for some only. */
  site: u32 = ANY_SITE;
}

export class Notifier extends OpenRanges {
  private iommu: IommuUnit | null = null;
  private waiters: LockWaiters | null = null;
  /** Within a worker's fault nothing waits: effects are immediate, costs are added up. */
  isImmediate: bool = false;
  spentNs: u64 = 0;
  /** Flushes happen under the page-table lock, where no fault can be handled. */
  holdsPageTable: bool = true;
  /** The program is handling a fault: its page is not to change under it. */
  isFaulting: bool = false;
  private open: u32 = 0;
  private readonly starts: usize = allocate(OPEN_MAX << 3);
  private readonly ends: usize = allocate(OPEN_MAX << 3);
  private readonly openedAt: usize = allocate(OPEN_MAX << 3);
  private readonly program: Caller = new Caller();
  private readonly worker: Caller = new Caller();
  /** A kernel thread changes the mm, not a task of the program. */
  isKthread: bool = false;
  constructor(
    private readonly machine: Machine,
    private readonly protocol: Protocol,
    private readonly locks: Locks,
    private readonly driver: DriverState,
  ) {
    super();
  }

  /** Wires in what the protocol's steps act on. */
  attach(iommu: IommuUnit, waiters: LockWaiters): void {
    this.iommu = iommu;
    this.waiters = waiters;
  }

  /** A worker's fault runs while the program waits, and leaves what that remembers alone. */
  private get caller(): Caller {
    return this.isImmediate ? this.worker : this.program;
  }

  isAnyOpen(): bool {
    return this.open != 0;
  }

  isInside(vpn: u64): bool {
    const va = vpn << 12;
    for (let i: u32 = 0; i < this.open; i++) {
      if (va >= longAt(this.starts, i) && va < longAt(this.ends, i)) return true;
    }
    return false;
  }

  rangeStart(event: NotifierEvent, start: u64, end: u64): void {
    const counters = this.machine.counters;
    counters.add(Counter.RangeStarts);
    counters.add(Counter.RangePages, end == EVERYTHING ? 1 : (end - start) >> 12);
    assert(this.open < OPEN_MAX, "an mm has at most 64 open range pairs");
    putLong(this.starts, this.open, start);
    putLong(this.openedAt, this.open, this.machine.now);
    putLong(this.ends, this.open++, end);
    this.caller.site = this.siteOf(event);
    this.note(TraceWhat.RangeStart, start, end);
    this.call(Hook.RangeStart, start, end, this.machine.cost(Latency.Callback), event);
    this.beforeChange(start, end);
  }

  /** Where no kernel has a hook: costs nothing unless the protocol has steps there. */
  beforeChange(start: u64, end: u64): void {
    const mode = <NotifierMode>this.machine.spec.notifierMode;
    const block = this.protocol.hookAddress(Hook.BeforeChange);
    const count = load<u8>(block);
    if (mode != NotifierMode.Implementing || count == 0) return;
    const began = this.elapsed();
    this.run(block, count, start, end);
    this.recordSince(began);
  }

  rangeEnd(): void {
    this.machine.counters.add(Counter.RangeEnds);
    const last = this.open - 1;
    this.note(TraceWhat.RangeEnd, longAt(this.starts, last), longAt(this.ends, last));
    this.call(Hook.RangeEnd, longAt(this.starts, last), longAt(this.ends, last), 0);
    this.open = last;
    if (!this.isImmediate) {
      const pair = this.machine.timing(Timing.OpenPair);
      pair.record(this.machine.now - longAt(this.openedAt, last));
    }
    this.wakeWaiters();
  }

  secondaryFlush(start: u64, end: u64): void {
    this.machine.counters.add(Counter.SecondaryFlushes);
    this.note(TraceWhat.SecondaryFlush, start, end);
    this.lockPageTable();
    this.call(Hook.SecondaryFlush, start, end, 0);
    this.unlockPageTable();
  }

  /**
   * The flush that the end of a pair implies, within the walk that calls invalidate_range_end. A
   * protocol with steps of its own there has said what it is; so does the host's registry.
   */
  secondaryFlushAtEnd(start: u64, end: u64): void {
    const mode = <NotifierMode>this.machine.spec.notifierMode;
    if (mode != NotifierMode.Implementing) return;
    if (load<u8>(this.protocol.hookAddress(Hook.RangeEnd)) != 0) return;
    const block = this.protocol.hookAddress(Hook.SecondaryFlush);
    const count = load<u8>(block);
    if (count == 0) return;
    this.machine.counters.add(Counter.NotifierCalls);
    const began = this.elapsed();
    this.run(block, count, start, end);
    this.recordSince(began);
  }

  /**
   * invalidate_page of old kernels. A protocol has no steps for it: drivers that implement anything
   * drop the page (mn_invalidate_page of drivers/iommu/amd_iommu_v2.c).
   */
  invalidatePage(va: u64): void {
    const mode = <NotifierMode>this.machine.spec.notifierMode;
    if (mode == NotifierMode.None || mode == NotifierMode.Host) return;
    const began = this.elapsed();
    this.spend(this.machine.cost(Latency.NotifierCall));
    if (mode != NotifierMode.Implementing || !this.implementsRanges()) {
      this.machine.counters.add(Counter.NotifierWalksForNothing);
    } else {
      this.machine.counters.add(Counter.NotifierCalls);
      if (this.iommu!.mirror != null) this.zap(va, va + 4096);
      this.invalidate(va, va + 4096, INVALIDATE_ALL, true);
    }
    this.recordSince(began);
  }

  private implementsRanges(): bool {
    const protocol = this.protocol;
    return (
      load<u8>(protocol.hookAddress(Hook.RangeStart)) != 0 ||
      load<u8>(protocol.hookAddress(Hook.RangeEnd)) != 0 ||
      load<u8>(protocol.hookAddress(Hook.SecondaryFlush)) != 0
    );
  }

  /** The mm exits: its notifiers are released before its tables go. */
  release(): void {
    if (this.machine.spec.notifierMode == NotifierMode.Host) releaseHost();
  }

  /** What a callback of the host asks for; returns when it is complete. */
  invalidateForHost(start: u64, end: u64): void {
    this.invalidate(start, end, INVALIDATE_ALL, true);
  }

  /** A CPU flush that takes `ns`. */
  cpuFlush(ns: u64): void {
    this.lockPageTable();
    this.spend(ns);
    this.unlockPageTable();
  }

  /** A flush of other CPUs is waited for, as any flush with the page-table lock held. */
  beginCpuFlush(): void {
    this.lockPageTable();
  }

  endCpuFlush(): void {
    this.unlockPageTable();
  }

  /** A worker can handle a fault at `vpn` now. */
  canFault(vpn: u64): bool {
    return (
      this.locks.pageTable == NOBODY &&
      this.locks.driver == NOBODY &&
      !(this.isFaulting && this.isInside(vpn))
    );
  }

  /** Spends time: others act meanwhile, unless this is inside a worker's fault. */
  spend(ns: u64): void {
    if (this.isImmediate) this.spentNs += ns;
    else this.machine.pass(ns);
  }

  private lockPageTable(): void {
    if (this.holdsPageTable && !this.isImmediate) this.locks.pageTable = PROGRAM_ID;
  }

  private unlockPageTable(): void {
    if (this.locks.pageTable != PROGRAM_ID) return;
    this.locks.pageTable = NOBODY;
    this.wakeWaiters();
  }

  private call(
    hook: Hook,
    start: u64,
    end: u64,
    callbackNs: u64,
    event: NotifierEvent = NotifierEvent.Unmap,
  ): void {
    const mode = <NotifierMode>this.machine.spec.notifierMode;
    const counters = this.machine.counters;
    const began = this.elapsed();
    if (mode == NotifierMode.None) return;
    if (mode == NotifierMode.Host) {
      if (this.callHost(hook, event, start, end, callbackNs)) this.recordSince(began);
      return;
    }
    if (mode == NotifierMode.ShortCircuit) {
      this.spend(1);
    } else {
      this.spend(this.machine.cost(Latency.NotifierCall));
      const block = this.protocol.hookAddress(hook);
      const count = load<u8>(block);
      if (mode == NotifierMode.NotImplementing || count == 0) {
        counters.add(Counter.NotifierWalksForNothing);
      } else {
        counters.add(Counter.NotifierCalls);
        this.spend(callbackNs);
        this.run(block, count, start, end);
      }
    }
    this.recordSince(began);
  }

  private elapsed(): u64 {
    return this.machine.now + this.spentNs;
  }

  /** A handler's fault is no part of the operation that it interrupts or waits for. */
  private recordSince(began: u64): void {
    const timing = this.isImmediate ? Timing.HandlerNotifierTime : Timing.NotifierTime;
    this.machine.timing(timing).record(this.elapsed() - began);
  }

  /** Counts and spends as for a protocol's callbacks; false: no list was walked. */
  private callHost(hook: Hook, event: NotifierEvent, start: u64, end: u64, callbackNs: u64): bool {
    const isFault = this.isFaulting || this.isImmediate;
    const called = hostImplementers(hook, isFault);
    if (called >= 0) {
      this.spend(this.machine.cost(Latency.NotifierCall));
      if (called == 0) this.machine.counters.add(Counter.NotifierWalksForNothing);
      else this.machine.counters.add(Counter.NotifierCalls, called);
      if (called > 0) this.spend(callbackNs * called);
    }
    // Also where nobody implements it: the registry knows which pairs are open.
    notifyHost(hook, isFault, event, start, end);
    return called >= 0;
  }

  private run(block: usize, count: u8, start: u64, end: u64): void {
    const caller = this.caller;
    for (let i: usize = 0; i < <usize>count; i++) {
      const entry = block + 4 + (i << 2);
      if (((<u32>load<u8>(entry, 3)) & caller.site) == 0) continue;
      if (!isTaken(<StepCondition>load<u8>(entry, 1), caller)) continue;
      this.take(<StepKind>load<u8>(entry), start, end);
    }
  }

  private take(kind: StepKind, start: u64, end: u64): void {
    const isWhole = kind == StepKind.InstallEmptyTable || kind == StepKind.RestoreTable;
    this.note(TraceWhat.DriverStep, isWhole ? 0 : start, isWhole ? EVERYTHING : end, kind);
    if (keepCount(kind, this.driver, this.caller)) {
      if (kind == StepKind.SequenceEven) this.wakeWaiters();
      return;
    }
    switch (kind) {
      case StepKind.Invalidate:
        this.invalidate(start, end, INVALIDATE_ALL, true);
        break;
      case StepKind.InvalidateLeaf:
        this.invalidate(start, end, INVALIDATE_ALL & ~INVALIDATE_WALKS, true);
        break;
      case StepKind.InvalidateIotlb:
        this.invalidate(start, end, INVALIDATE_IOTLB | INVALIDATE_WALKS, true);
        break;
      case StepKind.InvalidateAtc:
        this.invalidate(start, end, INVALIDATE_ATC | DRAIN_WRITES, true);
        break;
      case StepKind.InvalidateReadsOnly:
        this.invalidate(start, end, INVALIDATE_ALL & ~DRAIN_WRITES, true);
        break;
      case StepKind.QueueInvalidate:
        this.invalidate(start, end, INVALIDATE_ALL, false);
        break;
      case StepKind.QueueInvalidateAtc:
        this.invalidate(start, end, INVALIDATE_ATC | DRAIN_WRITES, false);
        break;
      case StepKind.InstallEmptyTable:
        this.iommu!.pasids.setEmptied(this.iommu!.asid, true);
        this.invalidateRange(start, end, true, INVALIDATE_ALL, true);
        break;
      case StepKind.RestoreTable:
        this.iommu!.pasids.setEmptied(this.iommu!.asid, false);
        this.invalidateRange(start, end, true, INVALIDATE_ALL, true);
        break;
      case StepKind.DriverLock:
        if (!this.isImmediate) this.awaitDriverLock();
        this.locks.driver = PROGRAM_ID;
        this.spend(this.machine.cost(Latency.Lock));
        break;
      case StepKind.DriverUnlock:
        this.locks.driver = NOBODY;
        this.wakeWaiters();
        break;
      case StepKind.ZapMirror:
        this.zap(start, end);
        this.invalidate(start, end, INVALIDATE_ALL, true);
        break;
      default:
        assert(false, "a hook of a timed run has steps that take time");
    }
  }

  private invalidate(start: u64, end: u64, reach: u32, isWaited: bool): void {
    this.invalidateRange(start, end, false, reach, isWaited);
  }

  private invalidateRange(start: u64, end: u64, isPasid: bool, reach: u32, isWaited: bool): void {
    const iommu = this.iommu!;
    const counters = this.machine.counters;
    const first = start >> 12;
    const last = end == EVERYTHING ? (<u64>1) << 40 : (end + 4095) >> 12;
    if (this.isImmediate) {
      if (isWaited) counters.add(Counter.CompletionWaits);
      this.spend(iommu.invalidateNow(first, last, isPasid, reach));
      return;
    }
    if (!iommu.hasRoom()) counters.add(Counter.CommandQueueWaits);
    while (!iommu.hasRoom()) this.machine.step();
    const slot = iommu.submit(first, last, isPasid, reach);
    if (isWaited) this.waitFor(slot);
  }

  /** Waits until the lock is free; ends the run where it never will be. */
  private awaitDriverLock(): void {
    const locks = this.locks;
    while (locks.driver != NOBODY) {
      if (locks.driver == PROGRAM_ID || this.waiters!.keepsDriverLock(locks.driver)) {
        this.machine.deadlock();
      }
      this.machine.step();
    }
  }

  /** Polls until the invalidation is complete; in the end the driver logs an error and goes on. */
  private waitFor(slot: u32): void {
    const machine = this.machine;
    const deadline = machine.now + machine.spec.giveUpNs;
    machine.counters.add(Counter.CompletionWaits);
    while (!this.iommu!.isDone(slot)) {
      if (machine.queue.nextTime() > deadline) {
        machine.passUntil(deadline);
        machine.counters.add(Counter.CompletionWaitsGivenUp);
        machine.note(TraceWhat.WaitGivenUp, 0, 0);
        return;
      }
      machine.step();
    }
  }

  private note(what: TraceWhat, start: u64, end: u64, detail: u32 = 0): void {
    const last = end == EVERYTHING ? (<u64>1) << 40 : (end + 4095) >> 12;
    this.machine.note(what, start >> 12, last - (start >> 12), detail);
  }

  /** The explored operation that an announced change is most like. */
  private siteOf(event: NotifierEvent): u32 {
    if (this.isKthread) return FlushSite.Migrate | FlushSite.Ksm | FlushSite.Collapse;
    switch (event) {
      case NotifierEvent.Unmap:
        return FlushSite.Munmap;
      case NotifierEvent.Clear:
        return this.isFaulting || this.isImmediate ? FlushSite.CowBreak : FlushSite.Dontneed;
      case NotifierEvent.ProtectionVma:
      case NotifierEvent.SoftDirty:
        return FlushSite.Mprotect;
      case NotifierEvent.ProtectionPage:
        return FlushSite.Fork;
      case NotifierEvent.Migrate:
        return FlushSite.Migrate;
      default:
        return ANY_SITE;
    }
  }

  private zap(start: u64, end: u64): void {
    const last = end == EVERYTHING ? (<u64>1) << 40 : (end + 4095) >> 12;
    this.iommu!.mirror!.invalidateRange(this.iommu!.asid, start >> 12, last);
  }

  private wakeWaiters(): void {
    const waiters = this.waiters;
    if (waiters != null) waiters.wake();
  }
}

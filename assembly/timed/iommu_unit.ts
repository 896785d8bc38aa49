/**
 * The IOMMU's caches, its page-request log, and its command queue.
 *
 * Models:     an IOTLB and walk caches shared by all devices; one invalidation at a time: its
 *             effect in the IOTLB, a request to each ATC, their completions, which wait for
 *             accesses in flight through what was invalidated, and the completion that a CPU polls
 *             for; a queue with room for a number of commands; requests and completions that are
 *             lost or late, where the scenario injects such faults.
 * Simplifies: an invalidation's commands leave the queue together, and the next one begins when
 *             the one before is complete, as the driver holds the command lock while it polls.
 *             No fault strikes an invalidation within a worker's fault.      (DEVIATIONS D9)
 * Source:     AMD I/O Virtualization Technology specification; linux drivers/iommu/amd/iommu.c;
 *             PCIe base specification, chapter 10.
 */
import {
  Counter,
  InjectedFault,
  InvalidationScope,
  Latency,
  Timing,
  TraceWhat,
} from "../abi/vocabulary";
import { PasidTable } from "../hardware/iommu/pasid_table";
import { PageRequestLog } from "../hardware/iommu/page_request_log";
import { NO_FRAME } from "../hardware/memory/physical_memory";
import { WalkCache } from "../hardware/pgtable/walk_cache";
import { NO_SLOT, payloadIsWritable, payloadOf, Tlb } from "../hardware/tlb/tlb";
import { AddressSpace } from "./address_space";
import { Endpoints } from "./endpoints";
import {
  EVENT_ATC_DONE,
  EVENT_COMMAND,
  EVENT_COMPLETION,
  EVENT_INVALIDATE_ATC,
  eventOf,
  Machine,
} from "./machine";

/** What an invalidation reaches, as bits. */
export const INVALIDATE_IOTLB: u32 = 1;
export const INVALIDATE_WALKS: u32 = 2;
export const INVALIDATE_ATC: u32 = 4;
/** Its completion waits for writes in flight, as it does for reads. */
export const DRAIN_WRITES: u32 = 8;
export const INVALIDATE_ALL: u32 = 15;

/** Pages of a whole address space. */
const ALL_PAGES: u64 = 1 << 40;
/** Entries of the command queue that the driver keeps free. */
const KEPT_FREE: u32 = 2;

/** One invalidation on its way. */
class Invalidation {
  first: u64 = 0;
  end: u64 = 0;
  reach: u32 = 0;
  isPasid: bool = false;
  submittedAt: u64 = 0;
  /** ATCs whose completion is still to come. */
  outstanding: u32 = 0;
  isDone: bool = true;
  /** Its completion will never be seen. */
  isLost: bool = false;
}

export class IommuUnit {
  readonly log: PageRequestLog;
  readonly iotlb: Tlb;
  readonly walkCache: WalkCache;
  private endpoints: Endpoints | null = null;
  /** Invalidations in the queue: a ring from `head` on. */
  private readonly ring: StaticArray<Invalidation>;
  private head: u32 = 0;
  private length: u32 = 0;
  private readonly now: Invalidation = new Invalidation();

  constructor(
    private readonly machine: Machine,
    readonly pasids: PasidTable,
    private readonly mm: AddressSpace,
    readonly asid: u32,
    /** The driver's mirror, where the protocol keeps one. */
    readonly mirror: Tlb | null,
    private readonly scope: InvalidationScope,
  ) {
    const spec = machine.spec;
    this.log = new PageRequestLog(spec.logEntries);
    this.iotlb = new Tlb(spec.iotlbEntries / spec.iotlbWays, spec.iotlbWays);
    this.walkCache = new WalkCache(spec.walkPmdEntries, spec.walkPudEntries, spec.walkPgdEntries);
    const ring = new StaticArray<Invalidation>(
      <i32>invalidationsOf(spec.commandEntries, spec.devices),
    );
    for (let i = 0; i < ring.length; i++) ring[i] = new Invalidation();
    this.ring = ring;
  }

  /** Wires in the devices, which hear of invalidations. */
  attach(endpoints: Endpoints): void {
    this.endpoints = endpoints;
  }

  // ---- translations

  /** The slot of the IOTLB that answers the request, or NO_SLOT: it has to be walked. */
  lookup(vpn: u64, isWrite: bool): u32 {
    const slot = this.iotlb.lookup(this.asid, vpn);
    if (slot == NO_SLOT || (isWrite && !payloadIsWritable(this.iotlb.payload(slot)))) {
      this.machine.counters.add(Counter.IotlbMisses);
      return NO_SLOT;
    }
    this.machine.counters.add(Counter.IotlbHits);
    return slot;
  }

  /** The mirror's translation of a page as a payload; all ones: it has none that grants this. */
  mirrored(vpn: u64, isWrite: bool): u64 {
    const mirror = this.mirror!;
    const slot = mirror.find(this.asid, vpn);
    if (slot == NO_SLOT) return u64.MAX_VALUE;
    const payload = mirror.payload(slot);
    return isWrite && !payloadIsWritable(payload) ? u64.MAX_VALUE : payload;
  }

  /** Enters what a walk found; the payload, or all ones when it grants nothing. */
  enter(vpn: u64, frame: u32, isWritable: bool, isWrite: bool): u64 {
    if (frame == NO_FRAME || (isWrite && !isWritable)) return u64.MAX_VALUE;
    const payload = payloadOf(frame, isWritable, this.mm.life(frame));
    this.iotlb.fill(this.asid, vpn, payload, false);
    return payload;
  }

  /** A page request arrives: logged, or dropped when the log has overflowed. */
  logRequest(request: u32, vpn: u64, isWrite: bool): bool {
    const counters = this.machine.counters;
    const log = this.log;
    const wasOverflowed = log.isOverflowed;
    const isFull = this.machine.strikes(this.machine.spec.overflows, InjectedFault.Overflow);
    if (!isFull && log.push(request, vpn, isWrite)) {
      counters.add(Counter.PageRequestsLogged);
      counters.raise(Counter.PageRequestLogHighWater, log.length);
      this.machine.note(TraceWhat.RequestLogged, vpn, 1);
      return true;
    }
    counters.add(Counter.PageRequestsDropped);
    this.machine.note(TraceWhat.RequestDropped, vpn, 1);
    if (!wasOverflowed) counters.add(Counter.PageRequestLogOverflows);
    return false;
  }

  // ---- invalidations

  /** The command queue has room for one more invalidation. */
  hasRoom(): bool {
    return this.length < <u32>this.ring.length;
  }

  /** Submits an invalidation of pages [first, end), for which there is room; returns its slot. */
  submit(first: u64, end: u64, isPasid: bool, reach: u32): u32 {
    assert(this.hasRoom(), "who submits an invalidation has waited for room");
    const slot = (this.head + this.length++) % <u32>this.ring.length;
    const invalidation = this.ring[slot];
    this.cover(invalidation, first, end, isPasid, reach);
    invalidation.submittedAt = this.machine.now;
    invalidation.isDone = false;
    invalidation.isLost = false;
    this.count(reach);
    if (this.length == 1) this.begin();
    return slot;
  }

  /** The slot may be in use again by then, if nobody waited. */
  isDone(slot: u32): bool {
    return this.ring[slot].isDone;
  }

  /** The first invalidation in the queue is executed. */
  private begin(): void {
    const event = eventOf(EVENT_COMMAND, 0, this.head, 0);
    this.machine.schedule(this.machine.cost(Latency.Command), event);
  }

  /** The IOTLB and walk caches lose the range; the ATCs' invalidation requests are sent. */
  onCommand(slot: u32): void {
    const invalidation = this.ring[slot];
    this.dropInIommu(invalidation);
    if ((invalidation.reach & INVALIDATE_ATC) == 0 || this.endpoints!.count == 0) {
      this.complete(slot);
      return;
    }
    const count = this.endpoints!.count;
    invalidation.outstanding = count;
    const lost = this.machine.spec.lostInvalidations;
    let sent: u64 = 0;
    for (let device: u32 = 0; device < count; device++) {
      sent += this.machine.cost(Latency.Command);
      if (this.machine.strikes(lost, InjectedFault.LostInvalidation)) {
        invalidation.isLost = true;
        invalidation.outstanding--;
        continue;
      }
      const arrival = sent + this.endpoints!.linkNs(device);
      this.machine.schedule(arrival, eventOf(EVENT_INVALIDATE_ATC, device, slot, 0));
    }
    if (invalidation.outstanding == 0) this.complete(slot);
  }

  /** A device loses the range; its completion waits for its accesses in flight. */
  onInvalidateAtc(device: u32, slot: u32): void {
    const invalidation = this.ring[slot];
    const endpoints = this.endpoints!;
    const drained = endpoints.invalidate(
      device,
      invalidation.first,
      invalidation.end,
      (invalidation.reach & DRAIN_WRITES) != 0,
    );
    const ready = max(drained, this.machine.now + endpoints.invalidationNs(device));
    const done = ready + endpoints.linkNs(device);
    this.machine.scheduleAt(done, eventOf(EVENT_ATC_DONE, device, slot, 0));
  }

  onAtcDone(slot: u32): void {
    if (--this.ring[slot].outstanding == 0) this.complete(slot);
  }

  /** All is invalidated; the CPU sees it when it looks next. */
  private complete(slot: u32): void {
    const poll = <u64>this.machine.spec.pollNs;
    const waited = this.machine.now - this.ring[slot].submittedAt;
    const rest = poll == 0 ? 0 : waited % poll;
    const spec = this.machine.spec;
    let delay: u64 = rest == 0 ? 0 : poll - rest;
    if (this.machine.strikes(spec.lateCompletions, InjectedFault.LateCompletion)) {
      delay += spec.lateNs;
    }
    if (this.machine.strikes(spec.lostCompletions, InjectedFault.LostCompletion)) {
      this.ring[slot].isLost = true;
    }
    this.machine.schedule(delay, eventOf(EVENT_COMPLETION, 0, slot, 0));
  }

  onCompletion(slot: u32): void {
    const invalidation = this.ring[slot];
    invalidation.isDone = !invalidation.isLost;
    this.note(TraceWhat.InvalidationComplete, invalidation);
    const waited = this.machine.now - invalidation.submittedAt;
    this.machine.timing(Timing.InvalidationWait).record(waited);
    this.head = (this.head + 1) % <u32>this.ring.length;
    if (--this.length > 0) this.begin();
  }

  /** The whole invalidation at this instant; accesses in flight land first. Returns its cost. */
  invalidateNow(first: u64, end: u64, isPasid: bool, reach: u32): u64 {
    const invalidation = this.now;
    const endpoints = this.endpoints!;
    this.cover(invalidation, first, end, isPasid, reach);
    if ((reach & DRAIN_WRITES) != 0) endpoints.landNow(invalidation.first, invalidation.end);
    this.dropInIommu(invalidation);
    let cost = <u64>this.machine.cost(Latency.Command);
    if ((reach & INVALIDATE_ATC) != 0) {
      let slowest: u64 = 0;
      for (let device: u32 = 0; device < endpoints.count; device++) {
        endpoints.invalidate(device, invalidation.first, invalidation.end, true);
        cost += this.machine.cost(Latency.Command);
        const there = 2 * endpoints.linkNs(device) + endpoints.invalidationNs(device);
        slowest = max(slowest, there);
      }
      cost += slowest;
    }
    this.count(reach);
    this.machine.timing(Timing.InvalidationWait).record(cost);
    return cost;
  }

  private count(reach: u32): void {
    const counters = this.machine.counters;
    const devices: u64 = (reach & INVALIDATE_ATC) != 0 ? this.endpoints!.count : 0;
    const inIommu: u64 = (reach & INVALIDATE_IOTLB) != 0 ? 1 : 0;
    counters.add(Counter.Invalidations);
    counters.add(Counter.InvalidationCommands, inIommu + devices);
  }

  /** Widens the range to what one command can say. */
  private cover(invalidation: Invalidation, first: u64, end: u64, isPasid: bool, reach: u32): void {
    const counters = this.machine.counters;
    const pages = end - first;
    const whole = isPasid || this.isWhole(pages);
    counters.add(Counter.PagesInvalidatedWanted, whole && pages >= ALL_PAGES ? 1 : pages);
    if (whole) {
      invalidation.first = 0;
      invalidation.end = ALL_PAGES;
      counters.add(Counter.WholePasidInvalidations);
    } else {
      // From the top bit in which the first and the last page differ.
      const differing = first ^ (end - 1);
      const size: u64 = differing == 0 ? 1 : (<u64>1) << (64 - clz<u64>(differing));
      invalidation.first = first & ~(size - 1);
      invalidation.end = invalidation.first + size;
      counters.add(Counter.PagesInvalidatedCovered, size);
    }
    invalidation.isPasid = whole;
    invalidation.reach = reach;
  }

  private isWhole(pages: u64): bool {
    switch (this.scope) {
      case InvalidationScope.Pasid:
        return true;
      case InvalidationScope.PageOrPasid:
        return pages > 1;
      default:
        return pages >= ALL_PAGES;
    }
  }

  private dropInIommu(invalidation: Invalidation): void {
    if ((invalidation.reach & INVALIDATE_IOTLB) == 0) return;
    this.note(TraceWhat.IotlbInvalidated, invalidation);
    let dropped: u32 = 0;
    if (invalidation.isPasid) dropped = this.iotlb.invalidateAll(this.asid);
    else dropped = this.iotlb.invalidateRange(this.asid, invalidation.first, invalidation.end);
    this.machine.counters.add(Counter.TranslationsDropped, dropped);
    if ((invalidation.reach & INVALIDATE_WALKS) != 0) this.dropWalks(invalidation);
    this.endpoints!.discardWalks(invalidation.first, invalidation.end);
  }

  private note(what: TraceWhat, invalidation: Invalidation): void {
    this.machine.note(what, invalidation.first, invalidation.end - invalidation.first);
  }

  private dropWalks(invalidation: Invalidation): void {
    if (invalidation.isPasid) {
      this.walkCache.invalidateAll(this.asid);
    } else {
      const start = invalidation.first << 12;
      this.walkCache.invalidateRange(this.asid, start, invalidation.end << 12);
    }
  }
}

/**
 * How many invalidations the queue holds: each is a command for the IOTLB, one for every ATC, and
 * one to wait.
 */
function invalidationsOf(entries: u32, devices: u32): u32 {
  return max<u32>((entries - KEPT_FREE) / (devices + 2), 1);
}

/**
 * The IOMMU: answers translation requests, executes invalidations, logs page requests.
 *
 * Models:     an IOTLB and walk caches shared by all devices; walks of one memory read an event,
 *             which an invalidation may overtake: such a walk is discarded and done again; one
 *             invalidation at a time, as request, effect in the IOTLB, effect in the ATC,
 *             completion; the completion waits for accesses in flight through what it invalidated.
 * Simplifies: any number of walkers; commands wait for the one before them to complete, as the
 *             driver holds the command lock while it polls.                   (DEVIATIONS D9)
 * Source:     AMD I/O Virtualization Technology specification; linux drivers/iommu/amd/iommu.c;
 *             PCIe base specification, chapter 10.
 */
import { Counter, InvalidationScope, Latency, Timing } from "../abi/vocabulary";
import { PasidTable } from "../hardware/iommu/pasid_table";
import { PageRequestLog } from "../hardware/iommu/page_request_log";
import { NO_FRAME } from "../hardware/memory/physical_memory";
import { WalkCache } from "../hardware/pgtable/walk_cache";
import { NO_SLOT, payloadIsWritable, payloadOf, Tlb } from "../hardware/tlb/tlb";
import { AddressSpace } from "./address_space";
import { Endpoints } from "./endpoints";
import { EVENT_COMMAND, EVENT_COMPLETION, EVENT_INVALIDATE_ATC, eventOf, Machine } from "./machine";

/** Pages of a whole address space. */
const ALL_PAGES: u64 = 1 << 40;
const SLOTS: i32 = 256;

/** One invalidation on its way. */
class Invalidation {
  first: u64 = 0;
  end: u64 = 0;
  isPasid: bool = false;
  submittedAt: u64 = 0;
  isDone: bool = true;
}

export class IommuUnit {
  readonly log: PageRequestLog;
  readonly iotlb: Tlb;
  readonly walkCache: WalkCache;
  /** Lets devices be reached for ATC invalidations; set by the wiring. */
  devices: Endpoints | null = null;
  private readonly slots: StaticArray<Invalidation> = new StaticArray<Invalidation>(SLOTS);
  private nextSlot: i32 = 0;
  private busyUntil: u64 = 0;

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
    for (let i = 0; i < SLOTS; i++) this.slots[i] = new Invalidation();
  }

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

  /** Submits an invalidation of pages [first, end); returns its slot. */
  submit(first: u64, end: u64, isPasid: bool): i32 {
    const slot = this.nextSlot;
    this.nextSlot = (slot + 1) % SLOTS;
    const invalidation = this.slots[slot];
    assert(invalidation.isDone, "the command queue has room");
    const spec = this.machine.spec;
    this.cover(invalidation, first, end, isPasid);
    invalidation.submittedAt = this.machine.now;
    invalidation.isDone = false;
    const begin = max(this.machine.now, this.busyUntil) + this.machine.cost(Latency.Command);
    this.busyUntil =
      begin + 2 * this.machine.cost(Latency.Link) + this.machine.cost(Latency.Invalidation);
    this.machine.scheduleAt(begin, eventOf(EVENT_COMMAND, 0, slot));
    const counters = this.machine.counters;
    counters.add(Counter.Invalidations);
    counters.add(Counter.InvalidationCommands, 1 + <u64>this.devices!.count);
    return slot;
  }

  isDone(slot: i32): bool {
    return this.slots[slot].isDone;
  }

  /** The IOTLB and walk caches lose the range; the ATC's invalidation request is sent. */
  onCommand(slot: i32): void {
    const invalidation = this.slots[slot];
    this.dropInIommu(invalidation);
    this.machine.schedule(this.machine.cost(Latency.Link), eventOf(EVENT_INVALIDATE_ATC, 0, slot));
  }

  /** The devices lose the range; the completion waits for their accesses in flight. */
  onInvalidateAtc(slot: i32): void {
    const invalidation = this.slots[slot];
    const spec = this.machine.spec;
    const drained = this.devices!.invalidate(invalidation.first, invalidation.end);
    const done =
      max(drained, this.machine.now + this.machine.cost(Latency.Invalidation)) +
      this.machine.cost(Latency.Link);
    const polled = spec.pollNs == 0 ? done : done + spec.pollNs - (done % spec.pollNs);
    this.busyUntil = max(this.busyUntil, polled);
    this.machine.scheduleAt(polled, eventOf(EVENT_COMPLETION, 0, slot));
  }

  onCompletion(slot: i32): void {
    const invalidation = this.slots[slot];
    invalidation.isDone = true;
    this.machine
      .timing(Timing.InvalidationWait)
      .record(this.machine.now - invalidation.submittedAt);
  }

  /** The whole invalidation at this instant; accesses in flight land first. Returns its cost. */
  invalidateNow(first: u64, end: u64, isPasid: bool): u64 {
    const spec = this.machine.spec;
    const invalidation = this.slots[this.nextSlot];
    this.cover(invalidation, first, end, isPasid);
    this.devices!.landNow(invalidation.first, invalidation.end);
    this.dropInIommu(invalidation);
    this.devices!.invalidate(invalidation.first, invalidation.end);
    this.machine.counters.add(Counter.Invalidations);
    this.machine.counters.add(Counter.InvalidationCommands, 1 + <u64>this.devices!.count);
    this.machine.counters.add(Counter.CompletionWaits);
    const cost =
      <u64>this.machine.cost(Latency.Command) +
      2 * <u64>this.machine.cost(Latency.Link) +
      this.machine.cost(Latency.Invalidation);
    this.machine.timing(Timing.InvalidationWait).record(cost);
    return cost;
  }

  /** Widens the range to what one command can say. */
  private cover(invalidation: Invalidation, first: u64, end: u64, isPasid: bool): void {
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
    let dropped: u32 = 0;
    if (invalidation.isPasid) {
      dropped += this.iotlb.invalidateAll(this.asid);
      this.walkCache.invalidateAll(this.asid);
    } else {
      dropped += this.iotlb.invalidateRange(this.asid, invalidation.first, invalidation.end);
      this.walkCache.invalidateRange(this.asid, invalidation.first << 12, invalidation.end << 12);
    }
    this.machine.counters.add(Counter.TranslationsDropped, dropped);
    this.devices!.discardWalks(invalidation.first, invalidation.end);
  }
}

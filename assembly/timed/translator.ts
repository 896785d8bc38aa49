/**
 * Answers the translation requests of devices: from the IOTLB, by a walk, or from the mirror.
 *
 * Models:     walks of one memory read an event, which an invalidation may overtake: such a walk is
 *             done again; requests for a page without translation, which nobody caches.
 * Simplifies: any number of walkers; a mirror is read at once, and costs a walk.  (DEVIATIONS D9)
 * Source:     AMD I/O Virtualization Technology specification; PCIe base specification, chapter 10.
 */
import { Counter, Latency, Property, TraceWhat } from "../abi/vocabulary";
import { PhysicalMemory } from "../hardware/memory/physical_memory";
import { Walker } from "../hardware/pgtable/walker";
import { NO_SLOT, payloadFrame } from "../hardware/tlb/tlb";
import { Oracle } from "../oracle/oracle";
import { AddressSpace } from "./address_space";
import { DeviceUnit, Lane, NO_TRANSLATION, WALKING } from "./device_unit";
import { IommuUnit } from "./iommu_unit";
import { EVENT_WALK, eventOf, Machine } from "./machine";

/** Reads of a walk from the top. */
const WALK_READS: u64 = 4;

export class Translator {
  /** A walker for each lane of each device. */
  private readonly walkers: StaticArray<StaticArray<Walker>>;

  constructor(
    private readonly machine: Machine,
    private readonly iommu: IommuUnit,
    private readonly memory: PhysicalMemory,
    private readonly oracle: Oracle,
    private readonly tableLives: usize,
    private readonly mm: AddressSpace,
    devices: u32,
  ) {
    this.walkers = new StaticArray<StaticArray<Walker>>(<i32>devices);
  }

  /** Makes the walkers of a device. */
  attach(device: u32, lanes: u32): void {
    const walkers = new StaticArray<Walker>(<i32>lanes);
    for (let i = 0; i < walkers.length; i++) {
      walkers[i] = new Walker(this.memory, this.oracle, this.tableLives);
    }
    this.walkers[device] = walkers;
  }

  /** A translation request has reached the IOMMU. */
  onTranslate(unit: DeviceUnit, index: u32): void {
    const lane = unit.laneAt(index);
    const iommu = this.iommu;
    const vpn = lane.page;
    const isWrite = lane.isWrite != 0;
    const walkStep = this.machine.cost(Latency.WalkStep);
    this.machine.counters.add(Counter.TranslationRequests);
    const slot = iommu.lookup(vpn, isWrite);
    if (slot != NO_SLOT) {
      const frame = payloadFrame(iommu.iotlb.payload(slot));
      this.machine.note(TraceWhat.Hit, vpn, 1, frame, unit.index, index);
      const delay = this.machine.cost(Latency.IotlbHit);
      unit.answer(lane, index, iommu.iotlb.payload(slot), delay);
    } else if (iommu.mirror != null) {
      const payload = iommu.mirrored(vpn, isWrite);
      if (payload != NO_TRANSLATION) iommu.iotlb.fill(iommu.asid, vpn, payload, false);
      unit.answer(lane, index, payload, WALK_READS * walkStep);
    } else if (iommu.pasids.isEmptied(iommu.asid)) {
      unit.answer(lane, index, NO_TRANSLATION, walkStep);
    } else {
      this.beginWalk(unit, lane, index);
    }
  }

  /** One memory read of a walk. */
  onWalk(unit: DeviceUnit, index: u32): void {
    const lane = unit.laneAt(index);
    const counters = this.machine.counters;
    if (lane.isOvertaken != 0) {
      counters.add(Counter.WalksDiscarded);
      this.machine.note(TraceWhat.WalkDiscarded, lane.page, 1, 0, unit.index, index);
      this.beginWalk(unit, lane, index);
      return;
    }
    const walker = this.walkers[unit.index][index];
    counters.add(Counter.WalkReads);
    this.oracle.now = this.machine.now;
    this.oracle.page = lane.page;
    const staleWalks = this.oracle.count(Property.StaleWalk);
    const isOver = walker.step(this.iommu.walkCache);
    if (this.oracle.count(Property.StaleWalk) != staleWalks) {
      this.oracle.attribute(Property.StaleWalk, this.mm.takerOfTable(this.oracle.table));
      this.machine.note(TraceWhat.Violation, lane.page, 1, Property.StaleWalk);
      unit.tell(Property.StaleWalk, lane, false);
    }
    if (!isOver) {
      this.scheduleRead(unit, index);
      return;
    }
    this.machine.note(TraceWhat.Walked, lane.page, 1, walker.frame, unit.index, index);
    const payload = this.iommu.enter(lane.page, walker.frame, walker.isWritable, lane.isWrite != 0);
    unit.answer(lane, index, payload, 0);
  }

  private beginWalk(unit: DeviceUnit, lane: Lane, index: u32): void {
    const iommu = this.iommu;
    const root = iommu.pasids.root(iommu.asid);
    this.walkers[unit.index][index].begin(root, iommu.asid, lane.page << 12, iommu.walkCache);
    lane.state = WALKING;
    lane.isOvertaken = 0;
    this.scheduleRead(unit, index);
  }

  private scheduleRead(unit: DeviceUnit, index: u32): void {
    const event = eventOf(EVENT_WALK, unit.index, index, 0);
    this.machine.schedule(this.machine.cost(Latency.WalkStep), event);
  }
}

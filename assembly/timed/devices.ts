/**
 * Devices at work: lanes that access the program's memory, translate, fault, retry and give up.
 *
 *   think -> ATC hit -> access in flight -> lands -> think
 *         -> ATC miss -> translation request -> IOTLB or walk -> answer -> access
 *                            -> no translation -> page request -> response -> retry
 *
 * Models:     credits for page requests; answers that an invalidation has overtaken, discarded on
 *             arrival; a limit of refusals of the same request, after which the device fails.
 * Simplifies: a page request group has one member; a lane has one access at a time.
 * Source:     PCIe base specification, chapter 10 (ATS, PRI).
 */
import { Counter, InvalidPolicy, Latency, Property, Timing } from "../abi/vocabulary";
import { allocate, byteAt, longAt, putByte, putLong, putWord, wordAt } from "../base/bytes";
import { Device, NOTHING, WRITE_IN_FLIGHT } from "../hardware/device/device";
import { PhysicalMemory } from "../hardware/memory/physical_memory";
import { Walker } from "../hardware/pgtable/walker";
import {
  NO_SLOT,
  payloadFrame,
  payloadGeneration,
  payloadIsWritable,
  Tlb,
} from "../hardware/tlb/tlb";
import { Oracle } from "../oracle/oracle";
import { AccessPattern, NO_ACCESS } from "./access_pattern";
import { Endpoints } from "./endpoints";
import { tellHostOfFailure, tellHostOfViolation } from "./host_device";
import { IommuUnit } from "./iommu_unit";
import { Judge, NO_VIOLATION } from "./judge";
import { LivePages } from "./live_pages";
import {
  EVENT_ACCESS,
  EVENT_ANSWER,
  EVENT_ASK,
  EVENT_LAND,
  EVENT_REQUEST,
  EVENT_RESPONSE,
  EVENT_TRANSLATE,
  EVENT_WALK,
  eventOf,
  Machine,
} from "./machine";

/** Where a lane is. */
const THINKING: u8 = 0;
const ASKING: u8 = 1;
const WALKING: u8 = 2;
const ANSWERED: u8 = 3;
const WAITING_FOR_CREDIT: u8 = 4;
const WAITING_FOR_RESPONSE: u8 = 5;
const IN_FLIGHT: u8 = 6;
/** As many translation requests are in flight as the device may have. */
const WAITING_TO_ASK: u8 = 7;

/** An answer without translation. */
const NO_TRANSLATION: u64 = u64.MAX_VALUE;

/** Tells devices about open range pairs; implemented by the notifier's side. */
export abstract class OpenRanges {
  abstract isAnyOpen(): bool;
  abstract isInside(vpn: u64): bool;
}

export class Devices extends Endpoints {
  private readonly lanes: u32;
  private readonly devices: StaticArray<Device>;
  private readonly walkers: StaticArray<Walker>;
  private readonly states: usize;
  private readonly pages: usize;
  private readonly wantsWrite: usize;
  private readonly landTimes: usize;
  private readonly stalledSince: usize;
  /** Not zero: the lane requested a page outside of every open range. */
  private readonly isOutside: usize;
  private readonly answers: usize;
  /** Not zero: an invalidation overtook the walk or the answer of the lane. */
  private readonly overtaken: usize;
  private readonly retrying: usize;
  private readonly credits: usize;
  /** Translation requests in flight, of each device. */
  private readonly asked: usize;
  /** Not zero: the page request of the lane was answered INVALID. */
  private readonly refused: usize;
  private readonly failedAt: usize;
  isStopped: bool = false;

  constructor(
    private readonly machine: Machine,
    private readonly iommu: IommuUnit,
    private readonly judge: Judge,
    private readonly live: LivePages,
    private readonly pattern: AccessPattern,
    private readonly ranges: OpenRanges,
    memory: PhysicalMemory,
    private readonly oracle: Oracle,
    tableLives: usize,
  ) {
    super(machine.spec.devices);
    const spec = machine.spec;
    this.lanes = spec.lanes;
    const all = spec.devices * spec.lanes;
    const devices = new StaticArray<Device>(<i32>spec.devices);
    for (let i = 0; i < devices.length; i++) {
      const atc = new Tlb(spec.atcEntries / spec.atcWays, spec.atcWays);
      devices[i] = new Device(spec.lanes, iommu.asid, atc, spec.retryLimit);
    }
    this.devices = devices;
    const walkers = new StaticArray<Walker>(<i32>all);
    for (let i = 0; i < walkers.length; i++) walkers[i] = new Walker(memory, oracle, tableLives);
    this.walkers = walkers;
    this.states = allocate(all);
    this.pages = allocate((<usize>all) << 3);
    this.wantsWrite = allocate(all);
    this.landTimes = allocate((<usize>all) << 3);
    this.stalledSince = allocate((<usize>all) << 3);
    this.isOutside = allocate(all);
    this.answers = allocate((<usize>all) << 3);
    this.overtaken = allocate(all);
    this.retrying = allocate(all);
    this.credits = allocate((<usize>spec.devices) << 2);
    this.asked = allocate((<usize>spec.devices) << 2);
    this.refused = allocate(all);
    this.failedAt = allocate((<usize>spec.devices) << 3);
    for (let i: u32 = 0; i < spec.devices; i++) putWord(this.credits, i, spec.credits);
  }

  /** Starts every lane, each a little later than the one before it. */
  start(): void {
    const spec = this.machine.spec;
    for (let device: u32 = 0; device < this.count; device++) {
      for (let lane: u32 = 0; lane < this.lanes; lane++) {
        const delay = (this.machine.cost(Latency.Think) * <u64>lane) / this.lanes;
        this.machine.schedule(delay, eventOf(EVENT_ACCESS, device, lane));
      }
    }
  }

  /** When the device gave up; -1: it has not. */
  failedAtNs(device: u32): f64 {
    return this.devices[device].isFailed == 0 ? -1 : <f64>longAt(this.failedAt, device);
  }

  wants(request: u32): bool {
    return byteAt(this.wantsWrite, this.indexOf(request)) != 0;
  }

  pageOf(request: u32): u64 {
    return longAt(this.pages, this.indexOf(request));
  }

  /** The lane looks for its next access. */
  onAccess(device: u32, lane: u32): void {
    if (this.isStopped || this.devices[device].isFailed != 0) return;
    const at = device * this.lanes + lane;
    putByte(this.states, at, THINKING);
    const vpn = this.pattern.next(device, lane);
    if (vpn == NO_ACCESS) {
      this.machine.schedule(this.pause(), eventOf(EVENT_ACCESS, device, lane));
      return;
    }
    const isWrite = this.pattern.isWrite;
    putLong(this.pages, at, vpn);
    putByte(this.wantsWrite, at, isWrite ? 1 : 0);
    const counters = this.machine.counters;
    const atc = this.devices[device].atc;
    const slot = atc.lookup(this.iommu.asid, vpn);
    if (slot != NO_SLOT && (!isWrite || payloadIsWritable(atc.payload(slot)))) {
      counters.add(Counter.AtcHits);
      this.issue(device, lane, atc.payload(slot));
      return;
    }
    counters.add(Counter.AtcMisses);
    putLong(this.stalledSince, at, this.machine.now);
    putByte(this.isOutside, at, 0);
    this.ask(device, lane);
  }

  onLand(device: u32, lane: u32): void {
    const at = device * this.lanes + lane;
    if (byteAt(this.devices[device].inFlight, lane) != NOTHING) this.land(device, lane);
    if (byteAt(this.states, at) == IN_FLIGHT) {
      this.machine.schedule(this.machine.cost(Latency.Think), eventOf(EVENT_ACCESS, device, lane));
    }
  }

  /** The translation request has reached the IOMMU. */
  onTranslate(device: u32, lane: u32): void {
    const at = device * this.lanes + lane;
    const spec = this.machine.spec;
    const vpn = longAt(this.pages, at);
    const isWrite = byteAt(this.wantsWrite, at) != 0;
    putByte(this.overtaken, at, 0);
    this.machine.counters.add(Counter.TranslationRequests);
    const slot = this.iommu.lookup(vpn, isWrite);
    if (slot != NO_SLOT) {
      this.answer(
        device,
        lane,
        this.iommu.iotlb.payload(slot),
        this.machine.cost(Latency.IotlbHit),
      );
    } else if (this.iommu.mirror != null) {
      const payload = this.iommu.mirrored(vpn, isWrite);
      if (payload != NO_TRANSLATION) this.iommu.iotlb.fill(this.iommu.asid, vpn, payload, false);
      this.answer(device, lane, payload, 4 * this.machine.cost(Latency.WalkStep));
    } else if (this.iommu.pasids.isEmptied(this.iommu.asid)) {
      this.answer(device, lane, NO_TRANSLATION, this.machine.cost(Latency.WalkStep));
    } else {
      this.beginWalk(device, lane);
    }
  }

  /** One memory read of a walk. */
  onWalk(device: u32, lane: u32): void {
    const at = device * this.lanes + lane;
    if (byteAt(this.overtaken, at) != 0) {
      this.machine.counters.add(Counter.WalksDiscarded);
      putByte(this.overtaken, at, 0);
      this.beginWalk(device, lane);
      return;
    }
    const walker = this.walkers[at];
    this.machine.counters.add(Counter.WalkReads);
    const staleWalks = this.oracle.count(Property.StaleWalk);
    const isOver = walker.step(this.iommu.walkCache);
    if (this.oracle.count(Property.StaleWalk) != staleWalks && this.isWatched(device)) {
      tellHostOfViolation(device, Property.StaleWalk, longAt(this.pages, at), false);
    }
    if (!isOver) {
      this.machine.schedule(this.machine.cost(Latency.WalkStep), eventOf(EVENT_WALK, device, lane));
      return;
    }
    const vpn = longAt(this.pages, at);
    const isWrite = byteAt(this.wantsWrite, at) != 0;
    this.answer(device, lane, this.iommu.enter(vpn, walker.frame, walker.isWritable, isWrite), 0);
  }

  /** The answer has reached the device. */
  onAnswer(device: u32, lane: u32): void {
    const at = device * this.lanes + lane;
    this.endAsking(device);
    if (this.devices[device].isFailed != 0) return;
    if (byteAt(this.overtaken, at) != 0) {
      this.machine.counters.add(Counter.AnswersDiscarded);
      this.ask(device, lane);
      return;
    }
    const payload = longAt(this.answers, at);
    const vpn = longAt(this.pages, at);
    if (payload != NO_TRANSLATION) {
      this.devices[device].atc.fill(this.iommu.asid, vpn, payload, false);
      this.endStall(device, lane);
      this.issue(device, lane, payload);
      return;
    }
    if (byteAt(this.retrying, at) != 0) {
      if (this.refuse(device, lane)) return;
    } else {
      const isWrite = byteAt(this.wantsWrite, at) != 0;
      this.devices[device].request(lane, vpn, isWrite);
    }
    this.request(device, lane);
  }

  /** The page request has reached the IOMMU: logged, or dropped when the log has overflowed. */
  onRequest(device: u32, lane: u32): bool {
    const counters = this.machine.counters;
    const log = this.iommu.log;
    const wasOverflowed = log.isOverflowed;
    if (log.push((device << 16) | lane)) {
      counters.add(Counter.PageRequestsLogged);
      counters.raise(Counter.PageRequestLogHighWater, log.length);
      return true;
    }
    counters.add(Counter.PageRequestsDropped);
    if (!wasOverflowed) counters.add(Counter.PageRequestLogOverflows);
    return false;
  }

  /** A request that was dropped is never answered: the lane asks for a translation again. */
  onTimeout(device: u32, lane: u32): void {
    const at = device * this.lanes + lane;
    if (byteAt(this.states, at) != WAITING_FOR_RESPONSE) return;
    this.giveCredit(device);
    putByte(this.retrying, at, 1);
    this.ask(device, lane);
  }

  /** Sends the answer to a page request on its way. */
  respond(request: u32, isSuccess: bool): void {
    const device = request >> 16;
    const lane = request & 0xffff;
    const asksAgain = isSuccess || this.machine.spec.onInvalid == InvalidPolicy.Retry;
    this.devices[device].respond(lane, asksAgain);
    putByte(this.refused, device * this.lanes + lane, isSuccess ? 0 : 1);
    this.machine.counters.add(isSuccess ? Counter.ResponsesSuccess : Counter.ResponsesInvalid);
    this.machine.schedule(
      this.machine.cost(Latency.Command) + this.machine.cost(Latency.Link),
      eventOf(EVENT_RESPONSE, device, lane),
    );
  }

  /** The answer has come: walk again, or do what the device does when it is told INVALID. */
  onResponse(device: u32, lane: u32): void {
    const at = device * this.lanes + lane;
    this.giveCredit(device);
    if (this.devices[device].isFailed != 0) return;
    const isInvalid = byteAt(this.refused, at) != 0;
    if (isInvalid) {
      this.live.forget(longAt(this.pages, at));
      const policy = this.machine.spec.onInvalid;
      if (policy == InvalidPolicy.FailOperation) {
        this.abandon(device, lane);
        return;
      }
      if (policy == InvalidPolicy.Stop) {
        this.devices[device].isFailed = 1;
        this.fail(device);
        return;
      }
      if (this.refuse(device, lane)) return;
    }
    this.machine.counters.add(Counter.Retries);
    // After INVALID a walk without translation is no refusal of its own: the response was.
    putByte(this.retrying, at, isInvalid ? 0 : 1);
    const backoff = this.machine.spec.backoffNs;
    if (backoff == 0) this.ask(device, lane);
    else this.machine.schedule(backoff, eventOf(EVENT_ASK, device, lane));
  }

  /** The pause before a refused request is over. */
  onAsk(device: u32, lane: u32): void {
    if (this.devices[device].isFailed == 0) this.ask(device, lane);
  }

  /** Drops pages [first, end) from every ATC; when the last access through them has landed. */
  invalidate(first: u64, end: u64): u64 {
    let drained: u64 = 0;
    for (let device: u32 = 0; device < this.count; device++) {
      const dropped = this.devices[device].atc.invalidateRange(this.iommu.asid, first, end);
      this.machine.counters.add(Counter.TranslationsDroppedInAtc, dropped);
      for (let lane: u32 = 0; lane < this.lanes; lane++) {
        const at = device * this.lanes + lane;
        if (!this.isWithin(at, first, end)) continue;
        if (byteAt(this.devices[device].inFlight, lane) != NOTHING) {
          drained = max(drained, longAt(this.landTimes, at));
        } else if (byteAt(this.states, at) == ANSWERED) {
          putByte(this.overtaken, at, 1);
        }
      }
    }
    return drained;
  }

  /** Walks under way of pages [first, end) are done again. */
  discardWalks(first: u64, end: u64): void {
    for (let at: u32 = 0; at < this.count * this.lanes; at++) {
      const state = byteAt(this.states, at);
      if ((state == WALKING || state == ANSWERED) && this.isWithin(at, first, end)) {
        putByte(this.overtaken, at, 1);
      }
    }
  }

  /** Accesses in flight to pages [first, end) land at once. */
  landNow(first: u64, end: u64): void {
    for (let device: u32 = 0; device < this.count; device++) {
      for (let lane: u32 = 0; lane < this.lanes; lane++) {
        if (byteAt(this.devices[device].inFlight, lane) == NOTHING) continue;
        if (this.isWithin(device * this.lanes + lane, first, end)) this.land(device, lane);
      }
    }
  }

  private beginWalk(device: u32, lane: u32): void {
    const at = device * this.lanes + lane;
    const iommu = this.iommu;
    const root = iommu.pasids.root(iommu.asid);
    this.walkers[at].begin(root, iommu.asid, longAt(this.pages, at) << 12, iommu.walkCache);
    putByte(this.states, at, WALKING);
    this.machine.schedule(this.machine.cost(Latency.WalkStep), eventOf(EVENT_WALK, device, lane));
  }

  /** Sends a translation request, or waits until the device may have one more in flight. */
  private ask(device: u32, lane: u32): void {
    const at = device * this.lanes + lane;
    const asked = wordAt(this.asked, device);
    if (asked == this.machine.spec.outstanding) {
      putByte(this.states, at, WAITING_TO_ASK);
      this.machine.counters.add(Counter.TranslationWaits);
      return;
    }
    putWord(this.asked, device, asked + 1);
    this.machine.counters.raise(Counter.TranslationHighWater, asked + 1);
    putByte(this.states, at, ASKING);
    this.machine.schedule(this.machine.cost(Latency.Link), eventOf(EVENT_TRANSLATE, device, lane));
  }

  /** A translation request is answered: a lane that waits sends its own. */
  private endAsking(device: u32): void {
    putWord(this.asked, device, wordAt(this.asked, device) - 1);
    if (this.devices[device].isFailed != 0) return;
    for (let lane: u32 = 0; lane < this.lanes; lane++) {
      if (byteAt(this.states, device * this.lanes + lane) != WAITING_TO_ASK) continue;
      this.ask(device, lane);
      return;
    }
  }

  /** The lane leaves its access and goes on with the next. */
  private abandon(device: u32, lane: u32): void {
    this.machine.counters.add(Counter.AccessesAbandoned);
    putByte(this.retrying, device * this.lanes + lane, 0);
    this.endStall(device, lane);
    this.machine.schedule(this.pause(), eventOf(EVENT_ACCESS, device, lane));
  }

  /** A lane's pause before it looks again where there was nothing to do: never no time at all. */
  private pause(): u64 {
    return max(this.machine.cost(Latency.Think), 1);
  }

  private answer(device: u32, lane: u32, payload: u64, delay: u64): void {
    const at = device * this.lanes + lane;
    putByte(this.states, at, ANSWERED);
    putLong(this.answers, at, payload);
    this.machine.schedule(
      delay + this.machine.cost(Latency.Link),
      eventOf(EVENT_ANSWER, device, lane),
    );
  }

  private issue(device: u32, lane: u32, payload: u64): void {
    const at = device * this.lanes + lane;
    const isWrite = byteAt(this.wantsWrite, at) != 0;
    const counters = this.machine.counters;
    counters.add(Counter.Accesses);
    if (isWrite) counters.add(Counter.Writes);
    this.devices[device].issue(lane, payloadFrame(payload), payloadGeneration(payload), isWrite);
    putByte(this.states, at, IN_FLIGHT);
    const time = this.machine.now + this.machine.cost(Latency.Dma);
    putLong(this.landTimes, at, time);
    this.machine.scheduleAt(time, eventOf(EVENT_LAND, device, lane));
  }

  private land(device: u32, lane: u32): void {
    const unit = this.devices[device];
    const vpn = longAt(this.pages, device * this.lanes + lane);
    const isWrite = byteAt(unit.inFlight, lane) == WRITE_IN_FLIGHT;
    const violated = this.judge.accessLands(
      vpn,
      wordAt(unit.inFlightFrame, lane),
      wordAt(unit.inFlightGeneration, lane),
      isWrite,
    );
    unit.retire(lane);
    if (violated != NO_VIOLATION && this.isWatched(device)) {
      tellHostOfViolation(device, <Property>violated, vpn, isWrite);
    }
  }

  /** Sends the lane's page request, or queues it for a credit. */
  private request(device: u32, lane: u32): void {
    const at = device * this.lanes + lane;
    const credits = wordAt(this.credits, device);
    if (credits == 0) {
      putByte(this.states, at, WAITING_FOR_CREDIT);
      this.machine.counters.add(Counter.CreditWaits);
      return;
    }
    const spec = this.machine.spec;
    const counters = this.machine.counters;
    putWord(this.credits, device, credits - 1);
    counters.raise(Counter.CreditHighWater, spec.credits - credits + 1);
    counters.add(Counter.PageRequests);
    if (this.ranges.isAnyOpen()) {
      counters.add(Counter.PageRequestsInOpenPair);
      if (!this.ranges.isInside(longAt(this.pages, at))) {
        counters.add(Counter.PageRequestsOutsideRange);
        putByte(this.isOutside, at, 1);
      }
    }
    putByte(this.states, at, WAITING_FOR_RESPONSE);
    this.machine.schedule(this.machine.cost(Latency.Link), eventOf(EVENT_REQUEST, device, lane));
  }

  /** A credit is back: a lane that waits for one sends its request. */
  private giveCredit(device: u32): void {
    putWord(this.credits, device, wordAt(this.credits, device) + 1);
    for (let lane: u32 = 0; lane < this.lanes; lane++) {
      if (byteAt(this.states, device * this.lanes + lane) != WAITING_FOR_CREDIT) continue;
      this.request(device, lane);
      return;
    }
  }

  /** The same request was refused once more; true: the device gives up. */
  private refuse(device: u32, lane: u32): bool {
    const counters = this.machine.counters;
    counters.add(Counter.Refusals);
    const hasFailed = this.devices[device].refuse(lane);
    counters.raise(
      Counter.RefusalsHighWater,
      hasFailed ? this.machine.spec.retryLimit : wordAt(this.devices[device].refusals, lane),
    );
    if (hasFailed) this.fail(device);
    return hasFailed;
  }

  private fail(device: u32): void {
    this.machine.counters.add(Counter.DeviceFailures);
    putLong(this.failedAt, device, this.machine.now);
    this.judge.deviceFailed();
    if (this.isWatched(device)) tellHostOfFailure(device);
  }

  private isWatched(device: u32): bool {
    return ((this.machine.spec.hostWatched >> device) & 1) != 0;
  }

  private endStall(device: u32, lane: u32): void {
    const at = device * this.lanes + lane;
    const stalled = this.machine.now - longAt(this.stalledSince, at);
    this.machine.timing(Timing.LaneStall).record(stalled);
    if (byteAt(this.isOutside, at) != 0) {
      this.machine.timing(Timing.LaneStallOutside).record(stalled);
    }
    if (byteAt(this.retrying, at) != 0) this.machine.timing(Timing.FaultLatency).record(stalled);
    putByte(this.retrying, at, 0);
    this.devices[device].endRequest(lane);
  }

  private isWithin(at: u32, first: u64, end: u64): bool {
    const vpn = longAt(this.pages, at);
    return vpn >= first && vpn < end;
  }

  private indexOf(request: u32): u32 {
    return (request >> 16) * this.lanes + (request & 0xffff);
  }
}

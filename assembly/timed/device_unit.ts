/**
 * One device at work: lanes that access the program's memory, translate, fault, retry and give up.
 *
 *   lane  think -> ATC hit -> access in flight -> lands -> think
 *               -> ATC miss -> translation request -> IOTLB or walk -> answer -> access
 *                                    no translation -> page request -> response -> retry
 *
 * Models:     limits of translation requests and of page requests in flight; requests in flight
 *             when an invalidation arrives, whose answers are discarded; page requests without
 *             response, repeated after a time; a limit of refusals of the same request, after which
 *             the device fails; what an INVALID response does.
 * Simplifies: a page request group has one member; a lane has one access at a time.
 * Source:     PCIe base specification, chapter 10 (ATS, PRI).
 *
 * A hot room: lanes are records in one block.
 */
import { DeviceReport, DeviceSpec } from "../abi/records";
import {
  Counter,
  DeviceLatency,
  DeviceState,
  InjectedFault,
  InvalidPolicy,
  Latency,
  Property,
  Timing,
  TraceWhat,
} from "../abi/vocabulary";
import { allocate, byteAt, wordAt } from "../base/bytes";
import { NO_FRAME } from "../hardware/memory/physical_memory";
import { Device, NOTHING, READ_IN_FLIGHT, WRITE_IN_FLIGHT } from "../hardware/device/device";
import {
  NO_SLOT,
  payloadFrame,
  payloadGeneration,
  payloadIsWritable,
  Tlb,
} from "../hardware/tlb/tlb";
import { AccessPattern, NO_ACCESS } from "./access_pattern";
import { tellHostOfFailure, tellHostOfViolation } from "./host_device";
import { Judge, NO_VIOLATION } from "./judge";
import { LaneQueue } from "./lane_queue";
import {
  EVENT_ACCESS,
  EVENT_ANSWER,
  EVENT_LAND,
  EVENT_REQUEST,
  EVENT_RESPONSE,
  EVENT_RETRY,
  EVENT_TIMEOUT,
  EVENT_TRANSLATE,
  eventOf,
  Machine,
} from "./machine";
import { OpenRanges } from "./open_ranges";

/** Where a lane is. */
const THINKING: u8 = 0;
const IN_FLIGHT: u8 = 1;
const WAITING_FOR_SLOT: u8 = 2;
/** Its translation request is on the way to the IOMMU, walked, or answered and on the way back. */
export const ASKING: u8 = 3;
export const WALKING: u8 = 4;
export const ANSWERED: u8 = 5;
const WAITING_FOR_CREDIT: u8 = 6;
const WAITING_FOR_RESPONSE: u8 = 7;
const BACKING_OFF: u8 = 8;

/** An answer without translation. */
export const NO_TRANSLATION: u64 = u64.MAX_VALUE;
/** How often a lane without a page to work on looks again. */
const IDLE_NS: u64 = 1000;
const LANE_SHIFT: u32 = 6;
/** Numbers that a lane gives to its page requests in turn. */
const TAGS: u8 = 16;


@unmanaged
export class Lane {
  page: u64;
  landsAt: u64;
  stalledSince: u64;
  answer: u64;
  /** When the page request in flight is given up. */
  deadline: u64;
  state: u8;
  isWrite: u8;
  /** An invalidation in the IOMMU overtook the walk. */
  isOvertaken: u8;
  /** An invalidation has arrived since the translation request was sent. */
  isDiscarded: u8;
  /** The access has needed a page request. */
  hasRequested: u8;
  /** The page request was answered with success: without translation now, it is refused. */
  isServed: u8;
  /** A page outside of every open range was requested. */
  isOutside: u8;
  hasTimer: u8;
  tag: u8;
}

export class DeviceUnit {
  state: DeviceState = DeviceState.Running;
  /** Lanes begin new accesses. */
  private isWorking: bool = true;
  /** The host is told of failures and violations. */
  private readonly isWatched: bool;
  readonly device: Device;
  readonly pattern: AccessPattern;
  private readonly lanes: u32;
  private readonly block: usize;
  private readonly slotQueue: LaneQueue;
  private readonly creditQueue: LaneQueue;
  /** Translation requests in flight. */
  private asking: u32 = 0;
  private credits: u32;
  private endedAt: u64 = 0;
  // What only this device has done.
  private accesses: u64 = 0;
  private translationRequests: u64 = 0;
  private pageRequests: u64 = 0;
  private responses: u64 = 0;
  private responsesInvalid: u64 = 0;
  private refusals: u64 = 0;
  private timeouts: u64 = 0;

  constructor(
    private readonly machine: Machine,
    private readonly spec: DeviceSpec,
    /** Its place among the devices. */
    readonly index: u32,
    private readonly judge: Judge,
    pattern: AccessPattern,
    private readonly ranges: OpenRanges,
  ) {
    const lanes = spec.lanes;
    this.lanes = lanes;
    this.pattern = pattern;
    this.block = allocate((<usize>lanes) << LANE_SHIFT);
    this.slotQueue = new LaneQueue(lanes);
    this.creditQueue = new LaneQueue(lanes);
    const atc = new Tlb(spec.atcEntries / spec.atcWays, spec.atcWays);
    this.device = new Device(lanes, machine.spec.pasid, atc, spec.retryLimit);
    this.credits = spec.credits;
    this.isWatched = ((machine.spec.hostWatched >> index) & 1) != 0;
  }

  // @ts-ignore: decorator
  @inline
  laneAt(index: u32): Lane {
    return changetype<Lane>(this.block + ((<usize>index) << LANE_SHIFT));
  }

  // @ts-ignore: decorator
  @inline
  private cost(latency: DeviceLatency): u64 {
    return this.machine.deviceCost(this.index, latency);
  }

  /** Starts every lane, each a little later than the one before it. */
  start(): void {
    for (let lane: u32 = 0; lane < this.lanes; lane++) {
      const delay = (this.cost(DeviceLatency.Think) * <u64>lane) / this.lanes;
      this.machine.schedule(delay, this.event(EVENT_ACCESS, lane));
    }
  }

  /** Ends the device's work; its accesses in flight still land. */
  private end(state: DeviceState): void {
    this.state = state;
    this.endedAt = this.machine.now;
    this.isWorking = false;
  }

  /** The mm is gone: lanes finish what they are at, and begin nothing. */
  leave(): void {
    this.isWorking = false;
  }

  /** From an invalidation request to its completion, without draining. */
  invalidationNs(): u64 {
    return this.cost(DeviceLatency.Invalidation);
  }

  linkNs(): u64 {
    return this.cost(DeviceLatency.Link);
  }

  // ---- accesses

  /** The lane looks for its next access. */
  onAccess(index: u32): void {
    if (!this.isWorking) return;
    const lane = this.laneAt(index);
    const vpn = this.pattern.next(index);
    if (vpn == NO_ACCESS) {
      this.machine.schedule(this.pause(), this.event(EVENT_ACCESS, index));
      return;
    }
    const isWrite = this.pattern.isWrite;
    lane.page = vpn;
    lane.isWrite = isWrite ? 1 : 0;
    const atc = this.device.atc;
    const slot = atc.lookup(this.device.pasid, vpn);
    const counters = this.machine.counters;
    if (slot != NO_SLOT) {
      const payload = atc.payload(slot);
      if (!isWrite || payloadIsWritable(payload)) {
        counters.add(Counter.AtcHits);
        this.issue(lane, index, payload);
        return;
      }
    }
    counters.add(Counter.AtcMisses);
    lane.state = THINKING;
    lane.stalledSince = this.machine.now;
    this.note(TraceWhat.Asked, lane, index);
    lane.hasRequested = 0;
    lane.isServed = 0;
    lane.isOutside = 0;
    this.ask(lane, index);
  }

  onLand(index: u32): void {
    const lane = this.laneAt(index);
    if (byteAt(this.device.inFlight, index) != NOTHING) this.land(lane, index);
    lane.state = THINKING;
    this.machine.schedule(this.cost(DeviceLatency.Think), this.event(EVENT_ACCESS, index));
  }

  // @ts-ignore: decorator
  @inline
  private issue(lane: Lane, index: u32, payload: u64): void {
    const isWrite = lane.isWrite != 0;
    const counters = this.machine.counters;
    counters.add(Counter.Accesses);
    if (isWrite) counters.add(Counter.Writes);
    this.accesses++;
    const what = isWrite ? TraceWhat.WriteIssued : TraceWhat.ReadIssued;
    this.note(what, lane, index, payloadFrame(payload));
    this.device.issue(index, payloadFrame(payload), payloadGeneration(payload), isWrite);
    lane.state = IN_FLIGHT;
    const time = this.machine.now + this.cost(DeviceLatency.Dma);
    lane.landsAt = time;
    this.machine.scheduleAt(time, this.event(EVENT_LAND, index));
  }

  // @ts-ignore: decorator
  @inline
  private land(lane: Lane, index: u32): void {
    const device = this.device;
    const isWrite = byteAt(device.inFlight, index) == WRITE_IN_FLIGHT;
    const what = isWrite ? TraceWhat.WriteLanded : TraceWhat.ReadLanded;
    this.note(what, lane, index, wordAt(device.inFlightFrame, index));
    const violated = this.judge.accessLands(
      lane.page,
      wordAt(device.inFlightFrame, index),
      wordAt(device.inFlightGeneration, index),
      isWrite,
    );
    device.retire(index);
    if (violated != NO_VIOLATION) this.tell(<Property>violated, lane, isWrite);
  }

  /** The lane has broken a rule: who models the device may want to hear of it. */
  tell(property: Property, lane: Lane, isWrite: bool): void {
    if (this.isWatched) tellHostOfViolation(this.index, property, lane.page, isWrite);
  }

  /** A lane's pause where there was nothing to do: never no time at all. */
  private pause(): u64 {
    return max(this.cost(DeviceLatency.Think), IDLE_NS);
  }

  // ---- translation requests

  /** Sends the lane's translation request, or lets it wait for one of the others to end. */
  private ask(lane: Lane, index: u32): void {
    if (this.asking == this.spec.outstandingRequests) {
      this.machine.counters.add(Counter.TranslationWaits);
      lane.state = WAITING_FOR_SLOT;
      this.slotQueue.push(index);
      return;
    }
    this.machine.counters.raise(Counter.TranslationHighWater, ++this.asking);
    this.translationRequests++;
    lane.state = ASKING;
    lane.isDiscarded = 0;
    this.machine.schedule(this.cost(DeviceLatency.Link), this.event(EVENT_TRANSLATE, index));
  }

  /** The IOMMU answers the lane's translation request; its answer takes `delay` and the link. */
  answer(lane: Lane, index: u32, payload: u64, delay: u64): void {
    lane.state = ANSWERED;
    lane.answer = payload;
    const time = delay + this.cost(DeviceLatency.Link);
    this.machine.schedule(time, this.event(EVENT_ANSWER, index));
  }

  /** The answer has reached the device. */
  onAnswer(index: u32): void {
    this.asking--;
    if (this.state != DeviceState.Running) return;
    const lane = this.laneAt(index);
    const payload = lane.answer;
    if (lane.isDiscarded != 0) {
      this.machine.counters.add(Counter.AnswersDiscarded);
      this.note(TraceWhat.AnswerDiscarded, lane, index);
      this.ask(lane, index);
    } else if (payload == NO_TRANSLATION) {
      this.note(TraceWhat.Answered, lane, index, NO_FRAME);
      this.requestUnlessRefused(lane, index);
    } else {
      this.note(TraceWhat.Answered, lane, index, payloadFrame(payload));
      this.device.atc.fill(this.device.pasid, lane.page, payload, false);
      this.endStall(lane, index);
      this.issue(lane, index, payload);
    }
    if (this.slotQueue.length == 0 || this.state != DeviceState.Running) return;
    const next = this.slotQueue.pop();
    this.ask(this.laneAt(next), next);
  }

  // ---- page requests

  private requestUnlessRefused(lane: Lane, index: u32): void {
    if (lane.isServed != 0) {
      lane.isServed = 0;
      if (this.refuse(index)) return;
    } else if (!this.device.isOutstanding(index)) {
      this.device.request(index, lane.page, lane.isWrite != 0);
    }
    this.request(lane, index);
  }

  /** Sends the lane's page request, or queues it for a credit. */
  private request(lane: Lane, index: u32): void {
    const counters = this.machine.counters;
    if (this.credits == 0) {
      lane.state = WAITING_FOR_CREDIT;
      counters.add(Counter.CreditWaits);
      this.creditQueue.push(index);
      return;
    }
    this.credits--;
    this.pageRequests++;
    counters.raise(Counter.CreditHighWater, this.spec.credits - this.credits);
    counters.add(Counter.PageRequests);
    if (this.ranges.isAnyOpen()) {
      counters.add(Counter.PageRequestsInOpenPair);
      if (!this.ranges.isInside(lane.page)) {
        counters.add(Counter.PageRequestsOutsideRange);
        lane.isOutside = 1;
      }
    }
    this.note(TraceWhat.PageRequested, lane, index);
    lane.hasRequested = 1;
    lane.state = WAITING_FOR_RESPONSE;
    lane.tag = (lane.tag + 1) % TAGS;
    this.machine.schedule(this.cost(DeviceLatency.Link), this.event(EVENT_REQUEST, index));
    this.startTimer(lane, index);
  }

  /** A lane has one timer at most: an earlier one looks at the deadline when it goes off. */
  private startTimer(lane: Lane, index: u32): void {
    const timeout = <u64>this.spec.requestTimeoutNs;
    if (timeout == 0) return;
    lane.deadline = this.machine.now + timeout;
    if (lane.hasTimer != 0) return;
    lane.hasTimer = 1;
    this.machine.schedule(timeout, this.event(EVENT_TIMEOUT, index));
  }

  /** What the log calls the lane's page request. */
  requestOf(index: u32): u32 {
    return eventOf(0, this.index, index, (<u32>this.laneAt(index).tag) << 1);
  }

  /** Sends the answer to the page request with that tag on its way. */
  respond(index: u32, tag: u32, isSuccess: bool): void {
    const counters = this.machine.counters;
    counters.add(isSuccess ? Counter.ResponsesSuccess : Counter.ResponsesInvalid);
    if (this.machine.strikes(this.machine.spec.lostResponses, InjectedFault.LostResponse)) return;
    this.machine.schedule(
      this.machine.cost(Latency.Command) + this.cost(DeviceLatency.Link),
      eventOf(EVENT_RESPONSE, this.index, index, (tag << 1) | (isSuccess ? 1 : 0)),
    );
  }

  /** The answer has come: walk again, or do what INVALID asks for. */
  onResponse(index: u32, tag: u32, isSuccess: bool): void {
    const lane = this.laneAt(index);
    const counters = this.machine.counters;
    if (lane.state != WAITING_FOR_RESPONSE || <u32>lane.tag != tag) {
      counters.add(Counter.ResponsesLate);
      return;
    }
    this.responses++;
    this.note(TraceWhat.Responded, lane, index, isSuccess ? 1 : 0);
    if (!isSuccess) this.responsesInvalid++;
    lane.state = THINKING;
    this.giveCredit();
    if (this.state != DeviceState.Running) return;
    if (!isSuccess) {
      this.takeInvalid(lane, index);
      return;
    }
    counters.add(Counter.Retries);
    this.device.respond(index, true);
    lane.isServed = 1;
    this.askAgain(lane, index);
  }

  private takeInvalid(lane: Lane, index: u32): void {
    const policy = <InvalidPolicy>this.spec.onInvalid;
    if (policy == InvalidPolicy.Retry && this.isWorking) {
      if (!this.refuse(index)) this.askAgain(lane, index);
      return;
    }
    this.device.respond(index, false);
    this.machine.counters.add(Counter.AccessesAbandoned);
    this.pattern.leave(lane.page);
    this.endStall(lane, index);
    if (policy == InvalidPolicy.Stop && this.isWorking) {
      this.machine.counters.add(Counter.DevicesStopped);
      this.end(DeviceState.Stopped);
      this.note(TraceWhat.Stopped, lane, index);
      if (this.isWatched) tellHostOfFailure(this.index);
      return;
    }
    this.machine.schedule(this.pause(), this.event(EVENT_ACCESS, index));
  }

  private askAgain(lane: Lane, index: u32): void {
    if (this.spec.backoffNs == 0) {
      this.ask(lane, index);
      return;
    }
    lane.state = BACKING_OFF;
    this.machine.schedule(this.spec.backoffNs, this.event(EVENT_RETRY, index));
  }

  onRetry(index: u32): void {
    if (this.state == DeviceState.Running) this.ask(this.laneAt(index), index);
  }

  onTimeout(index: u32): void {
    const lane = this.laneAt(index);
    lane.hasTimer = 0;
    if (lane.state != WAITING_FOR_RESPONSE) return;
    if (this.machine.now < lane.deadline) {
      lane.hasTimer = 1;
      this.machine.scheduleAt(lane.deadline, this.event(EVENT_TIMEOUT, index));
      return;
    }
    this.timeouts++;
    this.note(TraceWhat.TimedOut, lane, index);
    this.machine.counters.add(Counter.RequestTimeouts);
    lane.state = THINKING;
    this.giveCredit();
    if (this.state == DeviceState.Running) this.ask(lane, index);
  }

  /** A credit is back: a lane that waits for one sends its request. */
  private giveCredit(): void {
    this.credits++;
    if (this.creditQueue.length == 0 || this.state != DeviceState.Running) return;
    const next = this.creditQueue.pop();
    this.request(this.laneAt(next), next);
  }

  /** The same request was refused once more; true: the device gives up. */
  private refuse(index: u32): bool {
    const counters = this.machine.counters;
    this.refusals++;
    counters.add(Counter.Refusals);
    const hasFailed = this.device.refuse(index);
    const lane = this.laneAt(index);
    this.note(TraceWhat.Refused, lane, index);
    counters.raise(
      Counter.RefusalsHighWater,
      hasFailed ? this.spec.retryLimit : wordAt(this.device.refusals, index),
    );
    if (!hasFailed) return false;
    counters.add(Counter.DeviceFailures);
    this.end(DeviceState.Failed);
    this.note(TraceWhat.Failed, lane, index);
    this.judge.deviceFailed(lane.page);
    if (this.isWatched) tellHostOfFailure(this.index);
    return true;
  }

  private endStall(lane: Lane, index: u32): void {
    const stalled = this.machine.now - lane.stalledSince;
    this.machine.timing(Timing.LaneStall).record(stalled);
    if (lane.isOutside != 0) this.machine.timing(Timing.LaneStallOutside).record(stalled);
    if (lane.hasRequested != 0 && lane.answer != NO_TRANSLATION) {
      this.machine.timing(Timing.FaultLatency).record(stalled);
    }
    this.device.endRequest(index);
  }

  // ---- invalidations

  /**
   * An invalidation request has arrived: the ATC loses pages [first, end). Returns when the last
   * access through them lands, of reads only if writes are not waited for.
   */
  invalidate(first: u64, end: u64, drainsWrites: bool): u64 {
    const dropped = this.device.atc.invalidateRange(this.device.pasid, first, end);
    this.machine.counters.add(Counter.TranslationsDroppedInAtc, dropped);
    this.machine.note(TraceWhat.AtcInvalidated, first, end - first, dropped, this.index);
    let drained: u64 = 0;
    for (let index: u32 = 0; index < this.lanes; index++) {
      const lane = this.laneAt(index);
      if (lane.page < first || lane.page >= end) continue;
      const inFlight = byteAt(this.device.inFlight, index);
      if (inFlight == READ_IN_FLIGHT || (inFlight == WRITE_IN_FLIGHT && drainsWrites)) {
        drained = max(drained, lane.landsAt);
      } else if (lane.state >= ASKING && lane.state <= ANSWERED) {
        lane.isDiscarded = 1;
      }
    }
    return drained;
  }

  /** Walks under way of pages [first, end) are done again. */
  discardWalks(first: u64, end: u64): void {
    for (let index: u32 = 0; index < this.lanes; index++) {
      const lane = this.laneAt(index);
      if (lane.state == WALKING && lane.page >= first && lane.page < end) lane.isOvertaken = 1;
    }
  }

  /** Accesses in flight to pages [first, end) land at once. */
  landNow(first: u64, end: u64): void {
    for (let index: u32 = 0; index < this.lanes; index++) {
      const lane = this.laneAt(index);
      if (byteAt(this.device.inFlight, index) == NOTHING) continue;
      if (lane.page >= first && lane.page < end) this.land(lane, index);
    }
  }

  describe(report: DeviceReport): void {
    report.state = this.state;
    report.endedAt = this.endedAt;
    report.accesses = this.accesses;
    report.atcHits = this.device.atc.hits;
    report.atcMisses = this.device.atc.misses;
    report.translationRequests = this.translationRequests;
    report.pageRequests = this.pageRequests;
    report.responses = this.responses;
    report.responsesInvalid = this.responsesInvalid;
    report.refusals = this.refusals;
    report.timeouts = this.timeouts;
  }

  // @ts-ignore: decorator
  @inline
  private note(what: TraceWhat, lane: Lane, index: u32, detail: u32 = 0): void {
    this.machine.note(what, lane.page, 1, detail, this.index, index);
  }

  // @ts-ignore: decorator
  @inline
  private event(kind: u32, index: u32): u32 {
    return eventOf(kind, this.index, index, 0);
  }
}

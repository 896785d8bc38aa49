/**
 * The timed machine: the clock, the queue of pending events, counters, and who handles which event.
 *
 * The program of the recording runs as straight code (timed/program.ts); wherever it spends time it
 * pumps the queue, so that devices, IOMMU and workers act between any two of its steps.
 */
import {
  Counter,
  DeviceLatency,
  InjectedFault,
  Latency,
  Timing,
  TraceWhat,
} from "../abi/vocabulary";
import { RunSpec } from "../abi/records";
import { wordAt } from "../base/bytes";
import { Counters } from "../sim/counters";
import { EventQueue } from "../sim/event_queue";
import { Histogram } from "../sim/histogram";
import { Random } from "../sim/random";
import { Trace } from "../sim/trace";

/** The kinds of event. */
export const EVENT_ACCESS: u32 = 0;
export const EVENT_LAND: u32 = 1;
export const EVENT_TRANSLATE: u32 = 2;
export const EVENT_WALK: u32 = 3;
export const EVENT_ANSWER: u32 = 4;
export const EVENT_REQUEST: u32 = 5;
export const EVENT_RESPONSE: u32 = 6;
export const EVENT_RETRY: u32 = 7;
export const EVENT_TIMEOUT: u32 = 8;
export const EVENT_INTERRUPT: u32 = 9;
export const EVENT_WORKER: u32 = 10;
export const EVENT_COMMAND: u32 = 11;
export const EVENT_INVALIDATE_ATC: u32 = 12;
export const EVENT_ATC_DONE: u32 = 13;
export const EVENT_COMPLETION: u32 = 14;
export const EVENT_THREAD: u32 = 15;
export const EVENT_IPI: u32 = 16;
export const EVENT_CPU_FLUSHED: u32 = 17;
export const EVENT_ACKNOWLEDGED: u32 = 18;

/** Draws of a latency that the host has tabled: quantiles of its distribution, each as likely. */
export const LATENCY_DRAWS: u32 = 32;

/**
 * An event as one word; `index` is a lane, a worker, an invalidation, a thread or a CPU.
 *
 *   31..27 kind | 26..21 device | 20..16 extra | 15..0 index
 */
// @ts-ignore: decorator
@inline
export function eventOf(kind: u32, device: u32, index: u32, extra: u32): u32 {
  return (kind << 27) | (device << 21) | (extra << 16) | index;
}

// @ts-ignore: decorator
@inline
export function deviceOfEvent(event: u32): u32 {
  return (event >> 21) & 63;
}

// @ts-ignore: decorator
@inline
export function extraOfEvent(event: u32): u32 {
  return (event >> 16) & 31;
}

// @ts-ignore: decorator
@inline
export function indexOfEvent(event: u32): u32 {
  return event & 0xffff;
}

/** Who handles events; the machine knows nothing of what they mean. */
export abstract class EventHandler {
  abstract handle(event: u32): void;
}

export class Machine {
  now: u64 = 0;
  readonly queue: EventQueue;
  readonly counters: Counters = new Counters();
  readonly random: Random;
  /** A running hash of every event: equal digests mean equal runs. */
  digest: u64 = 0xcbf29ce484222325;
  private readonly timings: StaticArray<Histogram> = new StaticArray<Histogram>(Timing.COUNT);
  /** What happened, in the build that has a trace. */
  readonly trace: Trace | null = isDefined(TRACE_EVENTS) ? new Trace() : null;
  /** The program and the driver wait for each other. */
  isDeadlocked: bool = false;
  private handler: EventHandler | null = null;

  /**
   * `latencies`: for each Latency a row of LATENCY_DRAWS 32-bit times; equal ends mean fixed.
   * `deviceLatencies`: the same for each DeviceLatency of each device. At most `events` are pending
   * at once.
   */
  constructor(
    readonly spec: RunSpec,
    private readonly latencies: usize,
    private readonly deviceLatencies: usize,
    events: u32,
  ) {
    this.queue = new EventQueue(events);
    this.random = new Random(spec.seed);
    for (let i = 0; i < <i32>Timing.COUNT; i++) this.timings[i] = new Histogram();
  }

  setHandler(handler: EventHandler): void {
    this.handler = handler;
  }

  timing(timing: Timing): Histogram {
    return this.timings[timing];
  }

  /** Whether a fault of that many thousandths strikes now. */
  strikes(permille: u32, fault: InjectedFault): bool {
    if (permille == 0 || <u32>this.random.choose(1000) >= permille) return false;
    this.counters.add(Counter.FaultsInjected);
    this.note(TraceWhat.Injected, 0, 1 << 40, fault);
    return true;
  }

  /** What a step takes this time. */
  cost(latency: Latency): u64 {
    return this.draw(this.latencies, <u32>latency * LATENCY_DRAWS);
  }

  /** What a step of a device takes this time. */
  // @ts-ignore: decorator
  @inline
  deviceCost(device: u32, latency: DeviceLatency): u64 {
    const row = device * <u32>DeviceLatency.COUNT + <u32>latency;
    return this.draw(this.deviceLatencies, row * LATENCY_DRAWS);
  }

  // @ts-ignore: decorator
  @inline
  private draw(table: usize, row: u32): u64 {
    const least = wordAt(table, row);
    if (least == wordAt(table, row + LATENCY_DRAWS - 1)) return least;
    return wordAt(table, row + this.random.choose(LATENCY_DRAWS));
  }

  // @ts-ignore: decorator
  @inline
  schedule(delay: u64, event: u32): void {
    this.queue.schedule(this.now + delay, 1, event);
  }

  scheduleAt(time: u64, event: u32): void {
    this.queue.schedule(max(time, this.now), 1, event);
  }

  /** Notes in the trace what happens now; nothing at all in a build without. */
  // @ts-ignore: decorator
  @inline
  note(
    what: TraceWhat,
    page: u64,
    pages: u64,
    detail: u32 = 0,
    unit: u32 = 0,
    index: u32 = 0,
  ): void {
    if (isDefined(TRACE_EVENTS)) {
      this.trace!.record(this.now, what, unit, index, page, pages, detail);
    }
  }

  /** The program and the driver wait for each other: the run is over, and the host says so. */
  deadlock(): void {
    this.isDeadlocked = true;
    abort("the program and the driver wait for each other for ever");
  }

  /** Lets `ns` pass: everything due until then happens first. */
  pass(ns: u64): void {
    this.passUntil(this.now + ns);
  }

  passUntil(time: u64): void {
    while (this.queue.nextTime() <= time) this.step();
    if (time > this.now) this.now = time;
  }

  /** As passUntil, but gives up when `events` have been handled in all; false: it did. */
  passWithin(time: u64, events: u64): bool {
    while (this.queue.nextTime() <= time) {
      if (this.counters.get(Counter.EventsProcessed) >= events) return false;
      this.step();
    }
    if (time > this.now) this.now = time;
    return true;
  }

  /** Handles the next event. */
  step(): void {
    const queue = this.queue;
    queue.pop();
    this.now = queue.time;
    this.digest =
      (rotl<u64>(this.digest, 5) ^ queue.time ^ ((<u64>queue.payload) << 32)) * 0x100000001b3;
    this.counters.add(Counter.EventsProcessed);
    this.handler!.handle(queue.payload);
  }
}

/**
 * The timed machine: the clock, the queue of pending events, counters, and who handles which event.
 *
 * The program of the recording runs as straight code (timed/program.ts); wherever it spends time it
 * pumps the queue, so that devices, IOMMU and workers act between any two of its steps.
 */
import { Counter, Latency, Timing } from "../abi/vocabulary";
import { RunSpec } from "../abi/records";
import { wordAt } from "../base/bytes";
import { Counters } from "../sim/counters";
import { EventQueue } from "../sim/event_queue";
import { Histogram } from "../sim/histogram";
import { Random } from "../sim/random";

/** The kinds of event; the payload is kind << 24 | device << 16 | lane, worker or slot. */
export const EVENT_ACCESS: u32 = 0;
export const EVENT_LAND: u32 = 1;
export const EVENT_TRANSLATE: u32 = 2;
export const EVENT_WALK: u32 = 3;
export const EVENT_ANSWER: u32 = 4;
export const EVENT_REQUEST: u32 = 5;
export const EVENT_RESPONSE: u32 = 6;
export const EVENT_TIMEOUT: u32 = 7;
export const EVENT_INTERRUPT: u32 = 8;
export const EVENT_WORKER: u32 = 9;
export const EVENT_COMMAND: u32 = 10;
export const EVENT_INVALIDATE_ATC: u32 = 11;
export const EVENT_COMPLETION: u32 = 12;
export const EVENT_ASK: u32 = 13;

/** Two for each lane of all devices, and those of workers and commands. */
const EVENTS_MAX: u32 = (1 << 15) + 1024;

/** Draws of a latency that the host has tabled: quantiles of its distribution, each as likely. */
export const LATENCY_DRAWS: u32 = 32;

// @ts-ignore: decorator
@inline
export function eventOf(kind: u32, device: u32, index: u32): u32 {
  return (kind << 24) | (device << 16) | index;
}

/** Who handles events; the machine knows nothing of what they mean. */
export abstract class EventHandler {
  abstract handle(kind: u32, device: u32, index: u32): void;
}

export class Machine {
  now: u64 = 0;
  readonly queue: EventQueue = new EventQueue(EVENTS_MAX);
  readonly counters: Counters = new Counters();
  readonly random: Random;
  /** A running hash of every event: equal digests mean equal runs. */
  digest: u64 = 0xcbf29ce484222325;
  private readonly timings: StaticArray<Histogram> = new StaticArray<Histogram>(Timing.COUNT);
  private handler: EventHandler | null = null;

  /** `latencies`: for each Latency a row of LATENCY_DRAWS 32-bit times; equal ends mean fixed. */
  constructor(
    readonly spec: RunSpec,
    private readonly latencies: usize,
  ) {
    this.random = new Random(spec.seed);
    for (let i = 0; i < <i32>Timing.COUNT; i++) this.timings[i] = new Histogram();
  }

  setHandler(handler: EventHandler): void {
    this.handler = handler;
  }

  timing(timing: Timing): Histogram {
    return this.timings[timing];
  }

  /** What a step takes this time. */
  cost(latency: Latency): u64 {
    const row = <u32>latency * LATENCY_DRAWS;
    const least = wordAt(this.latencies, row);
    if (least == wordAt(this.latencies, row + LATENCY_DRAWS - 1)) return least;
    return wordAt(this.latencies, row + this.random.choose(LATENCY_DRAWS));
  }

  schedule(delay: u64, event: u32): void {
    this.queue.schedule(this.now + delay, 1, event);
  }

  scheduleAt(time: u64, event: u32): void {
    this.queue.schedule(max(time, this.now), 1, event);
  }

  /** Lets `ns` pass: everything due until then happens first. */
  pass(ns: u64): void {
    this.passUntil(this.now + ns);
  }

  passUntil(time: u64): void {
    while (this.queue.nextTime() <= time) this.step();
    if (time > this.now) this.now = time;
  }

  /** Handles the next event. */
  step(): void {
    const queue = this.queue;
    queue.pop();
    this.now = queue.time;
    this.digest =
      (rotl<u64>(this.digest, 5) ^ queue.time ^ ((<u64>queue.payload) << 32)) * 0x100000001b3;
    this.counters.add(Counter.EventsProcessed);
    const payload = queue.payload;
    this.handler!.handle(payload >> 24, (payload >> 16) & 0xff, payload & 0xffff);
  }
}

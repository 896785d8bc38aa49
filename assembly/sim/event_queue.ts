/**
 * What happens next: pending events ordered by (time, priority, sequence).
 *
 * Models:     a four-way heap on parallel tables; events of one time and priority come in the order
 *             in which they were scheduled.
 * Simplifies: a scheduled event is never taken back; its target decides whether it still matters.
 *
 * A hot room: flat tables, no objects.
 */
import { allocate, longAt, putLong, putWord, wordAt } from "../base/bytes";

const PRIORITY_SHIFT: u64 = 56;

export class EventQueue {
  length: u32 = 0;
  /** The time, order and payload of the event that pop() returned. */
  time: u64 = 0;
  payload: u32 = 0;
  highWater: u32 = 0;
  private sequence: u64 = 0;
  private readonly times: usize;
  private readonly orders: usize;
  private readonly payloads: usize;

  constructor(private readonly capacity: u32) {
    this.times = allocate((<usize>capacity) << 3);
    this.orders = allocate((<usize>capacity) << 3);
    this.payloads = allocate((<usize>capacity) << 2);
  }

  /** A smaller priority comes first among events of one time. */
  schedule(time: u64, priority: u32, payload: u32): void {
    assert(this.length < this.capacity, "the event queue holds every pending event");
    const order = ((<u64>priority) << PRIORITY_SHIFT) | this.sequence++;
    let at = this.length++;
    if (this.length > this.highWater) this.highWater = this.length;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.precedes(time, order, parent)) break;
      this.move(parent, at);
      at = parent;
    }
    this.put(at, time, order, payload);
  }

  /** The time of the next event, or the largest number. */
  nextTime(): u64 {
    return this.length == 0 ? u64.MAX_VALUE : longAt(this.times, 0);
  }

  /** Takes the next event out; its fields are `time` and `payload`. */
  pop(): void {
    this.time = longAt(this.times, 0);
    this.payload = wordAt(this.payloads, 0);
    const last = --this.length;
    if (last == 0) return;
    const time = longAt(this.times, last);
    const order = longAt(this.orders, last);
    const payload = wordAt(this.payloads, last);
    let at: u32 = 0;
    while (true) {
      const first = (at << 2) + 1;
      if (first >= last) break;
      let least = first;
      const end = min(first + 4, last);
      for (let child = first + 1; child < end; child++) {
        if (this.precedes(longAt(this.times, child), longAt(this.orders, child), least)) {
          least = child;
        }
      }
      if (this.precedes(time, order, least)) break;
      this.move(least, at);
      at = least;
    }
    this.put(at, time, order, payload);
  }

  // @ts-ignore: decorator
  @inline
  private precedes(time: u64, order: u64, other: u32): bool {
    const otherTime = longAt(this.times, other);
    return time < otherTime || (time == otherTime && order < longAt(this.orders, other));
  }

  // @ts-ignore: decorator
  @inline
  private move(from: u32, to: u32): void {
    this.put(to, longAt(this.times, from), longAt(this.orders, from), wordAt(this.payloads, from));
  }

  // @ts-ignore: decorator
  @inline
  private put(at: u32, time: u64, order: u64, payload: u32): void {
    putLong(this.times, at, time);
    putLong(this.orders, at, order);
    putWord(this.payloads, at, payload);
  }
}

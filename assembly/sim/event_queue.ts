/**
 * What happens next: pending events ordered by (time, priority, sequence).
 *
 * Models:     a ring with one list for each of the next 1,024 nanoseconds, since most delays of a
 *             machine are shorter, and a four-way heap for what is due later; events of one time
 *             and priority come in the order in which they were scheduled.
 * Simplifies: a scheduled event is never taken back; its target decides whether it still matters.
 *
 * A hot room: flat tables, no objects.
 */
import { allocate, longAt, putLong, putWord, wordAt } from "../base/bytes";

const PRIORITY_SHIFT: u64 = 56;
/** Slots of the ring; events due within as many nanoseconds of the last one taken are in it. */
const NEAR: u64 = 1024;
const SLOT_MASK: u32 = 1023;
const NEVER: u64 = u64.MAX_VALUE;

// @ts-ignore: decorator
@inline
function bitOf(slot: u32): u64 {
  const shift: u64 = slot & 63;
  return (<u64>1) << shift;
}

export class EventQueue {
  length: u32 = 0;
  /** The time and payload of the event that pop() returned. */
  time: u64 = 0;
  payload: u32 = 0;
  highWater: u32 = 0;
  private sequence: u64 = 0;
  /** The time of the earliest event in the ring, or NEVER. */
  private nearTime: u64 = NEVER;
  /** Events in the ring. */
  private nearLength: u32 = 0;

  // The ring: a list of nodes in each slot, ascending by order; node 0 stands for none.
  private readonly heads: usize = allocate((<usize>NEAR) << 2);
  private readonly tails: usize = allocate((<usize>NEAR) << 2);
  /** A bit for each slot that is not empty, and a bit for each word of those. */
  private readonly filled: usize = allocate((<usize>NEAR) >> 3);
  private filledWords: u32 = 0;
  private readonly nodeOrders: usize;
  private readonly nodePayloads: usize;
  private readonly nodeNexts: usize;
  private freeNode: u32 = 0;

  // The heap.
  private heapLength: u32 = 0;
  private readonly times: usize;
  private readonly orders: usize;
  private readonly payloads: usize;

  constructor(private readonly capacity: u32) {
    this.times = allocate((<usize>capacity) << 3);
    this.orders = allocate((<usize>capacity) << 3);
    this.payloads = allocate((<usize>capacity) << 2);
    this.nodeOrders = allocate((<usize>capacity + 1) << 3);
    this.nodePayloads = allocate((<usize>capacity + 1) << 2);
    this.nodeNexts = allocate((<usize>capacity + 1) << 2);
    for (let node = capacity; node > 0; node--) {
      putWord(this.nodeNexts, node, this.freeNode);
      this.freeNode = node;
    }
  }

  /** A smaller priority comes first among events of one time. */
  schedule(time: u64, priority: u32, payload: u32): void {
    assert(this.length < this.capacity, "the event queue holds every pending event");
    if (++this.length > this.highWater) this.highWater = this.length;
    const order = ((<u64>priority) << PRIORITY_SHIFT) | this.sequence++;
    // An event before the last one taken is far off by this reckoning too.
    if (time - this.time < NEAR) this.addNear(time, order, payload);
    else this.addFar(time, order, payload);
  }

  /** The time of the next event, or the largest number. */
  // @ts-ignore: decorator
  @inline
  nextTime(): u64 {
    const far = this.heapLength == 0 ? NEVER : longAt(this.times, 0);
    return min(this.nearTime, far);
  }

  /** Takes the next event out; its fields are `time` and `payload`. */
  pop(): void {
    this.length--;
    if (this.heapLength == 0) {
      this.popNear();
      return;
    }
    const far = longAt(this.times, 0);
    if (this.nearTime < far) this.popNear();
    else if (this.nearTime > far || longAt(this.orders, 0) < this.nearOrder()) this.popFar();
    else this.popNear();
  }

  // ---- the ring

  // @ts-ignore: decorator
  @inline
  private addNear(time: u64, order: u64, payload: u32): void {
    const node = this.freeNode;
    this.freeNode = wordAt(this.nodeNexts, node);
    putLong(this.nodeOrders, node, order);
    putWord(this.nodePayloads, node, payload);
    const slot = (<u32>time) & SLOT_MASK;
    const tail = wordAt(this.tails, slot);
    if (tail == 0) {
      putWord(this.nodeNexts, node, 0);
      putWord(this.heads, slot, node);
      putWord(this.tails, slot, node);
      const word = slot >> 6;
      putLong(this.filled, word, longAt(this.filled, word) | bitOf(slot));
      this.filledWords |= 1 << word;
    } else if (longAt(this.nodeOrders, tail) < order) {
      putWord(this.nodeNexts, node, 0);
      putWord(this.nodeNexts, tail, node);
      putWord(this.tails, slot, node);
    } else {
      this.insertNear(slot, node, order);
    }
    this.nearLength++;
    if (time < this.nearTime) this.nearTime = time;
  }

  /** Puts a node before the first one of the slot whose order is larger; there is one. */
  private insertNear(slot: u32, node: u32, order: u64): void {
    let before: u32 = 0;
    let behind = wordAt(this.heads, slot);
    while (longAt(this.nodeOrders, behind) < order) {
      before = behind;
      behind = wordAt(this.nodeNexts, behind);
    }
    putWord(this.nodeNexts, node, behind);
    if (before == 0) putWord(this.heads, slot, node);
    else putWord(this.nodeNexts, before, node);
  }

  private nearOrder(): u64 {
    return longAt(this.nodeOrders, wordAt(this.heads, (<u32>this.nearTime) & SLOT_MASK));
  }

  // @ts-ignore: decorator
  @inline
  private popNear(): void {
    const time = this.nearTime;
    const slot = (<u32>time) & SLOT_MASK;
    const node = wordAt(this.heads, slot);
    this.time = time;
    this.payload = wordAt(this.nodePayloads, node);
    const next = wordAt(this.nodeNexts, node);
    putWord(this.heads, slot, next);
    putWord(this.nodeNexts, node, this.freeNode);
    this.freeNode = node;
    this.nearLength--;
    if (next != 0) return;
    putWord(this.tails, slot, 0);
    const word = slot >> 6;
    const left = longAt(this.filled, word) & ~bitOf(slot);
    putLong(this.filled, word, left);
    if (left == 0) this.filledWords &= ~(1 << word);
    this.nearTime = this.nearLength == 0 ? NEVER : this.nextFilled(time);
  }

  /** The time of the first filled slot behind that of `time`, around the ring. */
  // @ts-ignore: decorator
  @inline
  private nextFilled(time: u64): u64 {
    const slot = (<u32>time) & SLOT_MASK;
    const word = slot >> 6;
    // All bits from this slot's on: the negative of its own.
    const rest = longAt(this.filled, word) & (0 - bitOf(slot));
    let found: u32;
    if (rest != 0) {
      found = (word << 6) + <u32>ctz<u64>(rest);
    } else {
      // The words behind this one, then those from the start, this one's early slots last.
      const turned = (this.filledWords | (this.filledWords << 16)) >> (word + 1);
      const next = (word + 1 + ctz<u32>(turned)) & 15;
      found = (next << 6) + <u32>ctz<u64>(longAt(this.filled, next));
    }
    return time + <u64>((found - slot) & SLOT_MASK);
  }

  // ---- the heap

  private addFar(time: u64, order: u64, payload: u32): void {
    let at = this.heapLength++;
    while (at > 0) {
      const parent = (at - 1) >> 2;
      if (!this.precedes(time, order, parent)) break;
      this.move(parent, at);
      at = parent;
    }
    this.put(at, time, order, payload);
  }

  private popFar(): void {
    this.time = longAt(this.times, 0);
    this.payload = wordAt(this.payloads, 0);
    const last = --this.heapLength;
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

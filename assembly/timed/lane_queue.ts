/** Lanes of a device that wait for the same thing, first come, first served. */
import { allocate, putWord, wordAt } from "../base/bytes";

export class LaneQueue {
  length: u32 = 0;
  private head: u32 = 0;
  private readonly ring: usize;

  /** A lane waits for one thing at a time, so there is room for every lane. */
  constructor(private readonly lanes: u32) {
    this.ring = allocate((<usize>lanes) << 2);
  }

  push(lane: u32): void {
    assert(this.length < this.lanes, "a lane waits once");
    putWord(this.ring, (this.head + this.length++) % this.lanes, lane);
  }

  pop(): u32 {
    const lane = wordAt(this.ring, this.head);
    this.head = (this.head + 1) % this.lanes;
    this.length--;
    return lane;
  }
}

/**
 * The page-request log: a ring in memory that the IOMMU writes and the driver reads.
 *
 * Models:     its size, its overflow: from then on nothing is logged until software has drained the
 *             log and started it again.
 * Source:     AMD I/O Virtualization Technology specification (PPR log); linux
 *             drivers/iommu/amd/ppr.c, commit 274c2218b8b2
 */
import { allocate, putWord, wordAt } from "../../base/bytes";

export class PageRequestLog {
  length: u32 = 0;
  isOverflowed: bool = false;
  private head: u32 = 0;
  private readonly ring: usize;

  constructor(readonly entries: u32) {
    this.ring = allocate((<usize>entries) << 2);
  }

  /** False: the log is full or was overflowed before; the request is not logged. */
  push(request: u32): bool {
    if (this.isOverflowed) return false;
    if (this.length == this.entries) {
      this.isOverflowed = true;
      return false;
    }
    putWord(this.ring, (this.head + this.length++) % this.entries, request);
    return true;
  }

  pop(): u32 {
    assert(this.length > 0, "the driver reads what the IOMMU has written");
    const request = wordAt(this.ring, this.head);
    this.head = (this.head + 1) % this.entries;
    this.length--;
    return request;
  }

  /** Software drained the log and starts it again. */
  restart(): void {
    this.isOverflowed = false;
  }
}

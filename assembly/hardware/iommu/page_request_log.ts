/**
 * The page-request log: a ring in memory that the IOMMU writes and the driver reads.
 *
 * Models:     its size, its overflow: from then on nothing is logged until software has drained the
 *             log and started it again.
 * Source:     AMD I/O Virtualization Technology specification (PPR log); linux
 *             drivers/iommu/amd/ppr.c, commit 274c2218b8b2
 */
import { allocate, longAt, putLong, putWord, wordAt } from "../../base/bytes";

export class PageRequestLog {
  length: u32 = 0;
  isOverflowed: bool = false;
  /** What pop() took out: who asks, by the device's own reckoning, and for what. */
  request: u32 = 0;
  vpn: u64 = 0;
  isWrite: bool = false;
  private head: u32 = 0;
  private readonly requests: usize;
  /** vpn << 1 | is write */
  private readonly pages: usize;

  constructor(readonly entries: u32) {
    this.requests = allocate((<usize>entries) << 2);
    this.pages = allocate((<usize>entries) << 3);
  }

  /** False: the log is full or was overflowed before; the request is not logged. */
  push(request: u32, vpn: u64, isWrite: bool): bool {
    if (this.isOverflowed) return false;
    if (this.length == this.entries) {
      this.isOverflowed = true;
      return false;
    }
    const at = (this.head + this.length++) % this.entries;
    putWord(this.requests, at, request);
    putLong(this.pages, at, (vpn << 1) | (isWrite ? 1 : 0));
    return true;
  }

  pop(): void {
    assert(this.length > 0, "the driver reads what the IOMMU has written");
    const page = longAt(this.pages, this.head);
    this.request = wordAt(this.requests, this.head);
    this.vpn = page >> 1;
    this.isWrite = (page & 1) != 0;
    this.head = (this.head + 1) % this.entries;
    this.length--;
  }

  /** Software drained the log and starts it again. */
  restart(): void {
    this.isOverflowed = false;
  }
}

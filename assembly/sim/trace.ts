/**
 * What happened: a ring of the last records, for people to read as a timeline.
 *
 * Models:     every step that an actor takes, by time; records about one page only, if that is
 *             asked for.
 * Simplifies: a range of more than 2^32 pages is cut.
 *
 * Compiled in only where TRACE_EVENTS is defined; the release build has no byte of it.
 */
import { TraceRecord } from "../abi/records";
import { TraceWhat } from "../abi/vocabulary";
import { allocate } from "../base/bytes";

/** Records that are kept; a power of two. */
const CAPACITY: u32 = 1 << 18;

export class Trace {
  /** Records so far, also those that are overwritten by now. */
  total: u32 = 0;
  readonly block: usize = allocate(<usize>CAPACITY * offsetof<TraceRecord>());
  /** The only page that is traced; all ones: every page. */
  page: u64 = u64.MAX_VALUE;
  /** Accesses that go well are traced too. */
  hasAccesses: bool = true;

  record(
    time: u64,
    what: TraceWhat,
    unit: u32,
    index: u32,
    page: u64,
    pages: u64,
    detail: u32,
  ): void {
    if (pages != 0 && this.page != u64.MAX_VALUE) {
      if (this.page < page || this.page - page >= pages) return;
    }
    if (!this.hasAccesses && what >= TraceWhat.ReadIssued && what <= TraceWhat.WriteLanded) return;
    const at = this.block + <usize>(this.total++ & (CAPACITY - 1)) * offsetof<TraceRecord>();
    const entry = changetype<TraceRecord>(at);
    entry.time = time;
    entry.page = page;
    entry.pages = <u32>min<u64>(pages, 0xffffffff);
    entry.detail = detail;
    entry.what = <u16>what;
    entry.unit = <u16>unit;
    entry.index = index;
  }

  capacity(): u32 {
    return CAPACITY;
  }
}

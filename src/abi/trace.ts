/** Reads the ring of records that the traced build of the core keeps. */
import type { Core } from "./core.js";
import { readRecord, recordSize, type RecordOf } from "./records.js";
import type { TraceWhat } from "./vocabulary.generated.js";

/** What assembly/trace_exports.ts exports; the release build has none of it. */
interface TraceExports {
  traceSelect(page: number, hasAccesses: boolean): void;
  traceTotal(): number;
  traceCapacity(): number;
  traceBlock(): number;
}

export interface TraceEntry {
  readonly timeNs: number;
  readonly what: TraceWhat;
  /** The first page, and how many; 0: it is about no page in particular. */
  readonly page: number;
  readonly pages: number;
  readonly detail: number;
  /** Which device or worker, and which lane. */
  readonly unit: number;
  readonly index: number;
}

export class CoreTrace {
  private taken = 0;
  /** Records that were overwritten before they were taken. */
  lost = 0;

  constructor(private readonly core: Core) {}

  /** Traces one page only, null: every page; with the accesses that go well, or without. */
  select(page: number | null, hasAccesses: boolean): void {
    this.exports.traceSelect(page ?? -1, hasAccesses);
  }

  /** What happened since the last call, as far as it is still kept. */
  take(): TraceEntry[] {
    const total = this.exports.traceTotal() >>> 0;
    const capacity = this.exports.traceCapacity();
    const first = Math.max(this.taken, total - capacity);
    this.lost += first - this.taken;
    this.taken = total;
    return Array.from({ length: total - first }, (_, at) => this.read((first + at) % capacity));
  }

  private read(slot: number): TraceEntry {
    const size = recordSize("TraceRecord");
    const view = this.core.view(this.exports.traceBlock() + slot * size, size);
    const { time, page, ...rest } = readRecord("TraceRecord", view);
    return { ...named(rest), timeNs: Number(time), page: Number(page) };
  }

  private get exports(): TraceExports {
    return this.core.exports as unknown as TraceExports;
  }
}

function named({ what, ...rest }: Omit<RecordOf<"TraceRecord">, "time" | "page">) {
  return { ...rest, what: what as TraceWhat };
}

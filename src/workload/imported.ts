/** What importers of other tools' output have in common. */
import type { Context, RecordedEvent, RecordingHeader } from "./events.js";
import type { LossReport } from "./loss_report.js";

export interface ImportOptions {
  /** Name of the file, for messages. */
  file: string;
  /** What the text itself does not say about the machine. */
  header?: Partial<RecordingHeader>;
}

/** A workload that another tool observed. Its events can be read once. */
export interface ImportedWorkload {
  header: RecordingHeader;
  events: AsyncIterable<RecordedEvent>;
  /** Complete after the last event. */
  report: LossReport;
}

/** In a header: the kernel, and so its machine, is not known. */
export const UNKNOWN_KERNEL = "unknown";

/** The header of an import: an x86-64 machine of which nothing else is known. */
export function importedHeader(known: Partial<RecordingHeader>): RecordingHeader {
  return {
    format: 1,
    name: "imported",
    program: "",
    kernel: UNKNOWN_KERNEL,
    machine: "x86_64",
    cpus: 1,
    page: 4096,
    pmd: 2 * 1024 * 1024,
    thp: "never",
    shmem_thp: "never",
    thp_sizes: {},
    swap: false,
    ksm: "0",
    flush_ceiling: 33,
    window: null,
    needs: [],
    note: "",
    ...known,
  };
}

/** Times of a tool's output as nanoseconds since its first event; never running backwards. */
export class RelativeClock {
  #origin: { seconds: number; ns: number } | null = null;
  #last = 0;

  /** Takes this time as the origin of those that follow. */
  restart(seconds: number, ns: number): void {
    this.#origin = { seconds, ns };
    this.#last = 0;
  }

  /** The last time that was given. */
  get now(): number {
    return this.#last;
  }

  /**
   * The time since the origin, and whether it had to be moved to the time before it: because it is
   * earlier, or so much later that no program can have run as long.
   */
  at(seconds: number, ns: number): { t: number; isMoved: boolean } {
    this.#origin ??= { seconds, ns };
    const t = (seconds - this.#origin.seconds) * 1e9 + (ns - this.#origin.ns);
    const isMoved = t < this.#last || !Number.isSafeInteger(t);
    if (!isMoved) this.#last = t;
    return { t: this.#last, isMoved };
  }
}

/** Seconds and nanoseconds of a decimal text such as `1342.935833`. */
export function parseSeconds(text: string): { seconds: number; ns: number } {
  const [seconds = "0", fraction = ""] = text.split(".");
  return { seconds: Number(seconds), ns: Number(fraction.padEnd(9, "0").slice(0, 9)) };
}

/** An event without its place: what a line of the imported text says. */
export type EventBody = RecordedEvent extends infer Event
  ? Event extends RecordedEvent
    ? Omit<Event, keyof Context>
    : never
  : never;

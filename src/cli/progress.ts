/**
 * Progress on standard error: a bar on a terminal, a line now and then elsewhere, and nothing at
 * all for work that takes less than a second or is asked to be quiet.
 */
import { SingleBar } from "cli-progress";
import { setImmediate } from "node:timers/promises";

const PATIENCE_MS = 1000;
const LINE_INTERVAL_MS = 10_000;

export interface Progress {
  /**
   * Says how far the work has come. Awaiting it lets an interruption through, so long work calls
   * it between slices of at most some tenths of a second.
   */
  update(done: number, note?: string): Promise<void>;
  /** Removes the bar. */
  end(): void;
}

export interface ProgressOptions {
  quiet?: boolean | undefined;
  stream?: NodeJS.WriteStream;
  /** Milliseconds that only rise. */
  clock?: () => number;
}

/** Starts to follow work of `total` steps, or of unknown size if `total` is null. */
function startProgress(
  label: string,
  total: number | null,
  options: ProgressOptions = {},
): Progress {
  const { stream = process.stderr, clock = () => performance.now() } = options;
  if (options.quiet === true) return new Silence();
  return stream.isTTY
    ? new Bar(label, total, stream, clock)
    : new Lines(label, total, stream, clock);
}

/** Does work whose progress is shown; the bar goes away however the work ends. */
export async function withProgress<Result>(
  label: string,
  total: number | null,
  options: ProgressOptions,
  work: (progress: Pick<Progress, "update">) => Promise<Result>,
): Promise<Result> {
  const progress = startProgress(label, total, options);
  try {
    return await work(progress);
  } finally {
    progress.end();
  }
}

class Silence implements Progress {
  async update(): Promise<void> {
    await setImmediate();
  }

  end(): void {
    // Nothing was shown.
  }
}

class Bar implements Progress {
  private readonly startedAt: number;
  private bar: SingleBar | null = null;

  constructor(
    private readonly label: string,
    private readonly total: number | null,
    private readonly stream: NodeJS.WriteStream,
    private readonly clock: () => number,
  ) {
    this.startedAt = clock();
  }

  async update(done: number, note = ""): Promise<void> {
    if (this.bar === null && this.clock() - this.startedAt >= PATIENCE_MS) this.show(done);
    this.bar?.update(done, { note });
    await setImmediate();
  }

  end(): void {
    this.bar?.stop();
    this.bar = null;
  }

  private show(done: number): void {
    const measure = this.total === null ? "{value}" : "{bar} {percentage}% | {eta_formatted} left";
    this.bar = new SingleBar({
      format: `${this.label} ${measure} {note}`,
      stream: this.stream,
      clearOnComplete: true,
      hideCursor: true,
      etaBuffer: 50,
    });
    this.bar.start(this.total ?? 0, done, { note: "" });
  }
}

class Lines implements Progress {
  private lastAt: number;
  private isFirst = true;

  constructor(
    private readonly label: string,
    private readonly total: number | null,
    private readonly stream: NodeJS.WriteStream,
    private readonly clock: () => number,
  ) {
    this.lastAt = clock();
  }

  async update(done: number, note = ""): Promise<void> {
    const now = this.clock();
    if (now - this.lastAt >= (this.isFirst ? PATIENCE_MS : LINE_INTERVAL_MS)) {
      const measure = this.total === null ? `${done}` : `${done} of ${this.total}`;
      this.stream.write(`${this.label}: ${measure}${note === "" ? "" : `, ${note}`}\n`);
      this.lastAt = now;
      this.isFirst = false;
    }
    await setImmediate();
  }

  end(): void {
    // Lines stay.
  }
}

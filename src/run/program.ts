/** The program of a timed run, as batches of records for the core. */
import { z } from "zod";
import { recordsOf, settingsOf } from "../replay/feed.js";
import { argumentsOf } from "../scenario/arguments.js";
import { ResolvedOperationSchema } from "../scenario/resolved_schema.js";
import type { ResolvedScenario, ResolvedWorkloadOperation } from "../scenario/resolved.js";
import { readerArgument } from "../workload/arguments.js";
import { EventEncoder } from "../workload/encode.js";
import { RECORD_BYTES } from "../workload/record_layout.js";
import type { RecordingHeader, RecordingReader } from "../workload/recording.js";
import { emitSyntheticEvents, SYNTHETIC_HEADER } from "../workload/synthetic.js";
import { RunRefusal } from "./refusal.js";
import { shareMm } from "./shared_mm.js";

/** A program that can be run any number of times. */
export interface Program {
  readonly name: string;
  /** Records of RECORD_BYTES bytes each, in order. */
  readonly records: Uint8Array<ArrayBuffer>;
  readonly events: number;
  /** Settings of the recorded system, for replaySet of the core. */
  readonly settings: readonly (readonly [number, number])[];
  /**
   * The number of the mm that devices share: the busiest one, by the ranges that were announced, or
   * by its calls and faults where the recording has no notifier.
   */
  readonly sharedMm: number;
}

/** How many events of a program are there; awaited, so that others may act meanwhile. */
export type OnProgramProgress = (events: number) => Promise<void> | void;

/** The program of a scenario; `open` finds recordings by the name that the scenario gives. */
export async function programOfScenario(
  { workload }: Pick<ResolvedScenario, "workload">,
  open: (recording: string) => Promise<RecordingReader>,
  onProgress?: OnProgramProgress,
): Promise<Program> {
  if (workload.kind === "recording")
    return programOf(workload.recording, await open(workload.recording));
  const writing = new SyntheticWriting(workload.operations);
  while (!writing.isOver) {
    writing.goOn(SLICE_EVENTS);
    await onProgress?.(writing.events);
  }
  return writing.program();
}

const checkReader = argumentsOf("programOf", { name: z.string(), reader: readerArgument });

/** Reads a recording to its end. Throws RecordingError where it is damaged. */
export async function programOf(name: string, reader: RecordingReader): Promise<Program> {
  checkReader({ name, reader });
  const batches: Uint8Array[] = [];
  for await (const batch of recordsOf(reader)) batches.push(batch.slice());
  return programFrom(name, reader.header, joined(batches));
}

const checkOperations = argumentsOf("syntheticProgram", {
  operations: z.array(ResolvedOperationSchema),
});

/** A workload that a scenario describes. Throws RunRefusal where it is too long to be kept. */
export function syntheticProgram(operations: readonly ResolvedWorkloadOperation[]): Program {
  checkOperations({ operations });
  const writing = new SyntheticWriting(operations);
  writing.goOn(Infinity);
  return writing.program();
}

/** Events of a synthetic program, which is kept in memory as a whole: 80 bytes each. */
const EVENTS_MAX = 10_000_000;
/** Events that are written without a pause: some tens of milliseconds. */
const SLICE_EVENTS = 50_000;

/** A synthetic program while it is written. */
class SyntheticWriting {
  events = 0;
  isOver = false;
  readonly #encoder = new EventEncoder();
  readonly #steps: Generator<number, void>;

  constructor(operations: readonly ResolvedWorkloadOperation[]) {
    // Each page is touched once a repetition, and a call has two events.
    const events = operations.reduce((sum, { pages, repeat }) => sum + repeat * (pages + 2), 0);
    if (events > EVENTS_MAX) {
      throw new RunRefusal(
        `the workload has some ${events.toLocaleString("en")} events: at most ` +
          EVENTS_MAX.toLocaleString("en"),
        "take fewer repetitions or pages",
      );
    }
    this.#encoder.addHeader(SYNTHETIC_HEADER);
    this.#steps = emitSyntheticEvents(operations, (event) => {
      this.#encoder.add(event);
    });
  }

  /** Writes at least so many more events, if there are. */
  goOn(events: number): void {
    const target = this.events + events;
    while (!this.isOver && this.events < target) {
      const step = this.#steps.next();
      if (step.done === true) this.isOver = true;
      else this.events = step.value;
    }
  }

  program(): Program {
    return programFrom(SYNTHETIC_HEADER.name, SYNTHETIC_HEADER, joined([this.#encoder.take()]));
  }
}

function programFrom(
  name: string,
  header: RecordingHeader,
  records: Uint8Array<ArrayBuffer>,
): Program {
  const shared = shareMm(records);
  return {
    name,
    records: shared.records,
    events: shared.records.length / RECORD_BYTES,
    settings: settingsOf(header),
    sharedMm: shared.mm,
  };
}

/** One copy of all batches, which may be overwritten afterwards. */
function joined(batches: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const records = new Uint8Array(batches.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const batch of batches) {
    records.set(batch, at);
    at += batch.length;
  }
  return records;
}

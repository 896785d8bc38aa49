/** Damaged recordings, replayed: what cannot be a recording is refused where it is damaged. */
import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { checkRecording } from "../../src/replay/check.js";
import {
  readRecording,
  RecordingError,
  type RecordingReader,
} from "../../src/workload/recording.js";
import { LineCore } from "../../src/workload/line_core.js";
import {
  type Damage,
  parsed,
  PLAUSIBLE,
  STRUCTURAL,
  TEXTUAL,
} from "../support/damaged_recording.js";
import { bytesOf, linesOf } from "../workload/repository_recordings.js";

/** Small ones that have every kind of event between them. */
const RECORDINGS = [
  "micro/clear_refs_1.jsonl.gz",
  "micro/compaction_1.jsonl.gz",
  "micro/file_two_1.jsonl.gz",
  "micro/fork_kinds_1.jsonl.gz",
  "micro/ksm_1.jsonl.gz",
  "micro/mremap_dontunmap_1.jsonl.gz",
  "micro/mt_dontneed_sleep.jsonl.gz",
  "micro/thp_khugepaged_1.jsonl.gz",
  "micro/madv_guard_1.jsonl.gz",
].map(linesOf);

const SEED = 3;
const RUNS = 100;
/** A replay takes longer than a reading. */
const REPLAYS = 8;

/** A line that a damage can happen to. */
interface Place {
  readonly lines: readonly string[];
  readonly at: number;
}

/** So many places of one kind in one recording are enough to choose from. */
const PLACES_KEPT = 6;

/** The last lines of each kind, of all recordings. */
const PLACES: ReadonlyMap<string, readonly Place[]> = placesByKind();

function placesByKind(): Map<string, Place[]> {
  const places = new Map<string, Place[]>();
  for (const lines of RECORDINGS) {
    const found = new Map<string, Place[]>();
    for (const at of [...lines.keys()].slice(1, -1)) {
      const { ev } = parsed(lines[at]!);
      found.set(ev, [...(found.get(ev)?.slice(-PLACES_KEPT) ?? []), { lines, at }]);
    }
    for (const [ev, kept] of found) places.set(ev, [...(places.get(ev) ?? []), ...kept]);
  }
  return places;
}

/** Some place of each kind of line. */
function somewhere(damage: Damage): fc.Arbitrary<Place> {
  const suitable = damage.kinds
    .map((kind) =>
      (PLACES.get(kind) ?? []).filter(({ lines, at }) => damage.apply(lines, at) !== null),
    )
    .filter((places) => places.length > 0);
  return fc.oneof(...suitable.map((places) => fc.constantFrom(...places)));
}

const core = await LineCore.create();

/** What a reader of all lines gives, or the error that refuses them; any other fails the test. */
async function outcome<T>(
  lines: readonly string[],
  read: (reader: RecordingReader) => Promise<T>,
): Promise<T | RecordingError> {
  try {
    return await read(await readRecording(bytesOf(...lines), { file: "damaged.jsonl" }));
  } catch (error) {
    if (error instanceof RecordingError) return error;
    throw error;
  }
}

async function toItsEnd(reader: RecordingReader): Promise<null> {
  for await (const part of reader.parts(core)) expect(part.length).toBeGreaterThan(0);
  return null;
}

describe("a recording is refused, with the line, the problem and a hint, when a line", () => {
  for (const damage of STRUCTURAL) {
    test.prop([somewhere(damage)], { seed: SEED, numRuns: RUNS })(
      damage.name,
      async ({ lines, at }) => {
        const error = await outcome(damage.apply(lines, at)!, toItsEnd);
        expect(error).toBeInstanceOf(RecordingError);
        expect(error?.line).toBeGreaterThanOrEqual(at + 1);
        expect(error?.problem).not.toBe("");
        expect(error?.hint).not.toBe("");
      },
    );
  }

  for (const damage of TEXTUAL) {
    test.prop([somewhere(damage)], { seed: SEED, numRuns: RUNS })(
      damage.name,
      async ({ lines, at }) => {
        const error = await outcome(damage.apply(lines, at)!, toItsEnd);
        expect(error).toBeInstanceOf(RecordingError);
        expect([at + 1, at + 2]).toContain(error?.line);
      },
    );
  }
});

describe("a recording is replayed or refused, and nothing else, when a line", () => {
  for (const damage of PLAUSIBLE) {
    test.prop([somewhere(damage)], { seed: SEED, numRuns: REPLAYS })(
      damage.name,
      async ({ lines, at }) => {
        const result = await outcome(damage.apply(lines, at)!, (reader) =>
          checkRecording(reader, { isOrdered: true }),
        );
        if (result instanceof RecordingError) expect(result.line).toBeGreaterThanOrEqual(at + 1);
        else expect(result.events).toBeGreaterThan(0);
      },
    );
  }
});

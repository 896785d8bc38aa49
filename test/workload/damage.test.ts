import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import { type RecordedEvent, RecordingError } from "../../src/workload/recording.js";
import { compressedBytes, plainBytes, readAll } from "./repository_recordings.js";

const NAMES = ["micro/file_two_1.jsonl.gz", "micro/brk_1.jsonl.gz", "micro/ksm_1.jsonl.gz"];
const PLAIN = NAMES.map(plainBytes);
const COMPRESSED = NAMES.map(compressedBytes);
const ORIGINALS = await Promise.all(PLAIN.map(async (bytes) => (await readAll(bytes)).events));

/** Which recording, and where in it, as a share of its length. */
const RECORDING = fc.nat({ max: NAMES.length - 1 });
const PLACE = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

function placeIn(bytes: Uint8Array, place: number): number {
  return Math.floor(place * bytes.length);
}

/**
 * The events of a damaged recording, or the error that refused it; any other error fails the test.
 */
async function outcome(bytes: Uint8Array): Promise<RecordedEvent[] | RecordingError> {
  try {
    return (await readAll(bytes)).events;
  } catch (error) {
    if (error instanceof RecordingError) return error;
    throw error;
  }
}

describe("a damaged recording", () => {
  test.prop([RECORDING, PLACE])("is refused when its text is cut anywhere", async (i, place) => {
    // Only the last newline may be missing.
    const whole = PLAIN[i]!.subarray(0, -1);
    const result = await outcome(whole.subarray(0, placeIn(whole, place)));
    expect(result).toBeInstanceOf(RecordingError);
  });

  test.prop([RECORDING, PLACE])("is refused when its gzip is cut anywhere", async (i, place) => {
    const whole = COMPRESSED[i]!;
    const result = await outcome(whole.subarray(0, placeIn(whole, place)));
    expect(result).toBeInstanceOf(RecordingError);
  });

  test.prop([RECORDING, fc.uint8Array({ minLength: 1, maxLength: 200 })])(
    "is refused when anything follows its gzip",
    async (i, more) => {
      const result = await outcome(Uint8Array.from([...COMPRESSED[i]!, ...more]));
      expect(result).toBeInstanceOf(RecordingError);
    },
  );

  test.prop([RECORDING])("is refused when a second copy follows it", async (i) => {
    const twice = Uint8Array.from([...COMPRESSED[i]!, ...COMPRESSED[i]!]);
    expect(await outcome(twice)).toBeInstanceOf(RecordingError);
  });

  test.prop([RECORDING, PLACE, fc.integer({ min: 1, max: 255 })])(
    "never gives other events when a byte of its gzip is changed",
    async (i, place, change) => {
      const bytes = COMPRESSED[i]!.slice();
      bytes[placeIn(bytes, place)]! ^= change;
      const result = await outcome(bytes);
      // The name and time in the header of gzip may differ; the events may not.
      if (!(result instanceof RecordingError)) expect(result).toEqual(ORIGINALS[i]);
    },
  );

  test.prop([RECORDING, PLACE, fc.uint8Array({ minLength: 1, maxLength: 8 })], { numRuns: 300 })(
    "never fails other than by refusing it when bytes of its text are changed",
    async (i, place, change) => {
      const bytes = PLAIN[i]!.slice();
      bytes.set(change.subarray(0, bytes.length - placeIn(bytes, place)), placeIn(bytes, place));
      const result = await outcome(bytes);
      // A digit that became another digit is a different, valid recording of as many events.
      if (!(result instanceof RecordingError)) expect(result).toHaveLength(ORIGINALS[i]!.length);
    },
  );

  test.prop([RECORDING, PLACE])("is refused when a line is missing", async (i, place) => {
    const lines = new TextDecoder().decode(PLAIN[i]).trimEnd().split("\n");
    const without = lines.toSpliced(Math.floor(place * lines.length), 1);
    const result = await outcome(new TextEncoder().encode(without.join("\n")));
    expect(result).toBeInstanceOf(RecordingError);
  });

  test.prop([fc.uint8Array({ maxLength: 2000 })])("is refused when it is noise", async (noise) => {
    expect(await outcome(noise)).toBeInstanceOf(RecordingError);
  });
});

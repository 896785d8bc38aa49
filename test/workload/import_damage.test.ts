import { fc, test } from "@fast-check/vitest";
import { describe, expect } from "vitest";
import type { RecordedEvent } from "../../src/workload/events.js";
import { RecordingError } from "../../src/workload/recording_error.js";
import { fromPerf, fromStrace, type Imported, sampleBytes } from "./samples.js";

const NAMES = [
  "small.perf.txt",
  "shell.perf.txt",
  "small.perf_raw.txt",
  "small.strace.txt",
  "small_relative.strace.txt",
  "shell.strace.txt",
  "python.strace.txt",
];
const SAMPLE = fc.constantFrom(...NAMES);
const PLACE = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

/** Imports damaged text; a refusal of all of it counts as nothing imported. */
async function importText(name: string, bytes: Uint8Array): Promise<Imported | null> {
  try {
    return await (name.includes(".perf") ? fromPerf(bytes) : fromStrace(bytes));
  } catch (error) {
    if (error instanceof RecordingError) return null;
    throw error;
  }
}

function linesOf(name: string): string[] {
  return new TextDecoder().decode(sampleBytes(name)).trimEnd().split("\n");
}

/** What every importer promises about its events. */
function expectInOrder(events: readonly RecordedEvent[]): void {
  const times = events.map((event) => event.t);
  expect(times.every((t, i) => Number.isSafeInteger(t) && t >= (times[i - 1] ?? 0))).toBe(true);
  expect(events.every(({ p, tid, mm }) => p > 0 && tid > 0 && mm > 0)).toBe(true);
}

describe("damaged output of perf or strace", () => {
  test.prop([SAMPLE, PLACE])(
    "is imported as far as it goes when it is cut",
    async (name, place) => {
      const bytes = sampleBytes(name);
      const result = await importText(name, bytes.subarray(0, Math.floor(place * bytes.length)));
      if (result === null) return;
      expectInOrder(result.events);
      // Only the line that is cut can be lost, and for strace the ones that lack their end.
      expect(result.report.total).toBeLessThanOrEqual(1);
    },
  );

  test.prop([SAMPLE, PLACE, PLACE])(
    "is imported without the lines that are missing",
    async (name, a, b) => {
      const lines = linesOf(name);
      const start = Math.floor(Math.min(a, b) * lines.length);
      const missing = Math.floor(Math.abs(a - b) * lines.length);
      const text = lines.toSpliced(start, missing).join("\n");
      const result = await importText(name, new TextEncoder().encode(text));
      if (result !== null) expectInOrder(result.events);
    },
  );

  test.prop([
    SAMPLE,
    fc.array(fc.tuple(PLACE, fc.integer({ min: 0, max: 255 })), { maxLength: 40 }),
  ])("never makes an importer fail, whatever bytes are changed", async (name, changes) => {
    const bytes = sampleBytes(name);
    for (const [place, byte] of changes) bytes[Math.floor(place * bytes.length)] = byte;
    const result = await importText(name, bytes);
    if (result !== null) expectInOrder(result.events);
  });
});

/** The recordings that come with the package, replayed against the mm. */
import { createReadStream, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { packagedRecordings } from "../../src/cli/recordings.js";
import { checkRecording } from "../../src/replay/check.js";
import { isReproducible } from "../../src/replay/manifest.js";
import { readRecording } from "../../src/workload/recording.js";

const recordings = packagedRecordings();
const small = recordings.filter(({ path }) => path.includes("micro"));
const real = recordings.filter(({ path }) => path.includes("real"));

/** Differences that only the timing of two threads explains, by recording (DEVIATIONS R3). */
const KNOWN: Record<string, { notifier: number; flush: number }> = {
  java_serial: { notifier: 1, flush: 0 },
};

async function check(path: string) {
  const reader = await readRecording(createReadStream(path), { file: path });
  return checkRecording(reader, { isOrdered: isReproducible(path) });
}

describe("the mm", () => {
  test.each(small)("predicts every event and snapshot of $name", async ({ path }) => {
    const { mismatches, unsupported, snapshots } = await check(path);
    expect(mismatches).toEqual([]);
    expect(unsupported).toEqual([]);
    expect(snapshots.equal).toBe(snapshots.compared);
  });

  test.each(real)(
    "predicts the real program $name, up to what timing decides",
    async ({ name, path }) => {
      const { notifier, flush, unsupported, snapshots } = await check(path);
      const known = KNOWN[name] ?? { notifier: 0, flush: 0 };
      expect(notifier.missing + notifier.extra).toBe(known.notifier);
      expect(flush.missing + flush.extra).toBe(known.flush);
      expect(unsupported).toEqual([]);
      expect(snapshots.equal).toBe(snapshots.compared);
    },
  );

  test("predicts nothing that a recording does not hold when an event is taken out of it", async () => {
    const { path } = small.find(({ name }) => name === "munmap_whole_full")!;
    const lines = gunzipSync(readFileSync(path)).toString().trimEnd().split("\n");
    const kept = lines.filter((line) => !line.includes('"ev":"inval"'));
    const text = kept.join("\n").replace(/"inval":\d+/, '"inval":0');
    const reader = await readRecording(new TextEncoder().encode(text), { file: path });
    const { notifier } = await checkRecording(reader, { isOrdered: true });
    expect(notifier.expected).toBe(0);
    expect(notifier.extra).toBeGreaterThan(0);
  });
});

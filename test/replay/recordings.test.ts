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

async function check(path: string) {
  const reader = await readRecording(createReadStream(path), { file: path });
  return checkRecording(reader, { isOrdered: isReproducible(path) });
}

describe("the mm", () => {
  test.each(recordings)("predicts every event and snapshot of $name", async ({ path }) => {
    const { mismatches, unsupported, snapshots } = await check(path);
    expect(mismatches).toEqual([]);
    expect(unsupported).toEqual([]);
    expect(snapshots.equal).toBe(snapshots.compared);
  });

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

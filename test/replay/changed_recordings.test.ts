/** Recordings with something changed that no rule of the mm may depend on. */
import { describe, expect, test } from "vitest";
import { packagedRecordings } from "../../src/cli/recordings.js";
import { checkRecording } from "../../src/replay/check.js";
import { isReproducible } from "../../src/replay/manifest.js";
import { readRecording } from "../../src/workload/recording.js";
import { bytesOf, cutAt, linesOf, renumbered, shifted } from "../support/transformed_recording.js";

const GIB = 2n ** 30n;
const small = packagedRecordings().filter(({ path }) => path.includes("micro"));

async function differences(path: string, lines: ReturnType<typeof linesOf>) {
  const reader = await readRecording(bytesOf(lines), { file: path });
  const { mismatches, unsupported, snapshots } = await checkRecording(reader, {
    isOrdered: isReproducible(path),
  });
  return { mismatches, unsupported, snapshots: snapshots.firstDifference };
}

const NONE = { mismatches: [], unsupported: [], snapshots: null };

describe("the mm", () => {
  test.each(small)("predicts $name as well 5 TiB and 3 GiB higher", async ({ path }) => {
    const lines = linesOf(path);
    expect(await differences(path, shifted(lines, 5n * 1024n * GIB))).toEqual(NONE);
    // where nothing keeps the upper tables, their flush begins with the 512 GiB slot
    if ((lines[0]!["program"] as string[]).includes("keeper=0")) return;
    expect(await differences(path, shifted(lines, 3n * GIB))).toEqual(NONE);
  });

  test.each(small)("predicts $name as well with other process numbers", async ({ path }) => {
    expect(await differences(path, renumbered(linesOf(path), 7))).toEqual(NONE);
  });

  test.each(small)("predicts $name as far as it goes when it is cut", async ({ path }) => {
    const lines = linesOf(path);
    for (const share of [0.3, 0.6, 0.8]) {
      expect(await differences(path, cutAt(lines, share))).toEqual(NONE);
    }
  });
});

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
  test.each(small)("predicts $name as well elsewhere, with other numbers", async ({ path }) => {
    const lines = linesOf(path);
    const moved = renumbered(shifted(lines, 5n * 1024n * GIB), 7);
    expect(await differences(path, moved)).toEqual(NONE);
    // where nothing keeps the upper tables, their flush begins with the 512 GiB slot
    if ((lines[0]!["program"] as string[]).includes("keeper=0")) return;
    expect(await differences(path, shifted(lines, 3n * GIB))).toEqual(NONE);
  });

  test.each(small)("predicts $name as far as it goes when it is cut", async ({ path }) => {
    expect(await differences(path, cutAt(linesOf(path), 0.6))).toEqual(NONE);
  });
});

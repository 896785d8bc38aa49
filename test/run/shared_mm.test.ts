import { describe, expect, test } from "vitest";
import { recordsOf } from "../../src/replay/feed.js";
import { programOf } from "../../src/run/program.js";
import { runScenario } from "../../src/run/run.js";
import { loadScenario } from "../../src/scenario/load.js";
import { importPerfScript } from "../../src/workload/perf_script.js";
import { readRecording } from "../../src/workload/recording.js";
import { writeRecording } from "../../src/workload/write_recording.js";
import { sampleBytes } from "../workload/samples.js";
import { openRecording } from "../workload/repository_recordings.js";

const NOTIFIED = "micro/munmap_edge_1.jsonl.gz";
/** What perf recorded, which sees no notifier. */
async function withoutNotifier() {
  const { header, events } = await importPerfScript(sampleBytes("small.perf.txt"), {
    file: "small",
  });
  return programOf("small", await readRecording(writeRecording(header, events), { file: "small" }));
}

describe("the mm that devices share", () => {
  test("is the busiest one of a program that was recorded without a notifier", async () => {
    const program = await withoutNotifier();
    expect(program.sharedMm).toBeGreaterThan(0);
    const { resolved } = loadScenario({
      name: "beside what perf recorded",
      protocol: "secondary-flush",
      devices: [{ name: "dsa0", kind: "accelerator" }],
    });
    const { counts, violations } = await runScenario(resolved, program);
    expect(counts.pageFaults).toBeGreaterThan(0);
    expect(counts.accesses).toBeGreaterThan(0);
    expect(violations).toEqual([]);
  });

  test("leaves the records of a recording with a notifier as they are", async () => {
    let length = 0;
    for await (const batch of recordsOf(await openRecording(NOTIFIED))) length += batch.length;
    const program = await programOf("notified", await openRecording(NOTIFIED));
    expect(program.records.length).toBe(length);
  });
});

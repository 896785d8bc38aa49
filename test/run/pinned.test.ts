import { createReadStream } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { programOf } from "../../src/run/program.js";
import { runScenario } from "../../src/run/run.js";
import { loadScenario } from "../../src/scenario/index.js";
import { readRecording } from "../../src/workload/recording.js";

test("drops a pin that is replaced only when no device can use its frame any more", async () => {
  const file = join(import.meta.dirname, "../../recordings/real/git_gc.jsonl.gz");
  const program = await programOf("git_gc", await readRecording(createReadStream(file), { file }));
  const { resolved } = loadScenario({
    name: "pins",
    protocol: "pinned",
    devices: [{ name: "gpu0", kind: "gpu", access: { kind: "live", pages: 4096 } }],
    workload: { recording: "git_gc", speed: 4 },
  });
  const { violations, counts } = await runScenario(resolved, program);
  expect(violations).toEqual([]);
  expect(counts.pinnedHighWater).toBeGreaterThan(0);
});

import { createReadStream } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { programOf, type Program } from "../../src/run/program.js";
import { Simulation } from "../../src/run/simulation.js";
import { loadScenario } from "../../src/scenario/load.js";
import { readRecording } from "../../src/workload/recording.js";

const RECORDING = "recordings/real/python_data.jsonl.gz";

describe("a snapshot of a timed run", () => {
  let program: Program;

  beforeAll(async () => {
    const source = createReadStream(RECORDING);
    program = await programOf("python_data", await readRecording(source, { file: RECORDING }));
  });

  const boot = (protocol: string) =>
    Simulation.create(
      loadScenario({
        name: "snapshots",
        protocol,
        devices: [{ name: "gpu0", kind: "gpu" }],
        workload: { recording: "python_data" },
      }).resolved,
      program,
    );

  test.each(["secondary-flush", "mirror-kvm", "pinned"])(
    "goes on under %s exactly as the run went on that it was taken of",
    async (protocol) => {
      const simulation = await boot(protocol);
      simulation.advance(1000);
      const snapshot = simulation.snapshot();
      simulation.advance(400);
      const first = simulation.digest;
      simulation.advance(200);
      simulation.restore(snapshot);
      expect(simulation.eventsDone).toBe(1000);
      simulation.advance(400);
      expect(simulation.digest).toBe(first);
    },
  );

  test("is left by a run that goes another way", async () => {
    const simulation = await boot("none");
    simulation.advance(1000);
    const before = simulation.digest;
    const snapshot = simulation.snapshot();
    simulation.advance(400);
    expect(simulation.digest).not.toBe(before);
    simulation.restore(snapshot);
    expect(simulation.digest).toBe(before);
  });
});

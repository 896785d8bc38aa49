/** Runs that cannot go on end with a message: what waits for itself, and what does not fit. */
import { describe, expect, test } from "vitest";
import { type Program, syntheticProgram } from "../../src/run/program.js";
import { RunRefusal } from "../../src/run/refusal.js";
import { runScenario } from "../../src/run/run.js";
import { loadScenario } from "../../src/scenario/index.js";
import { EventEncoder } from "../../src/workload/encode.js";
import { RECORD_BYTES } from "../../src/workload/record_layout.js";
import type { RecordedEvent } from "../../src/workload/recording.js";
import { SYNTHETIC_HEADER } from "../../src/workload/synthetic.js";
import { BASE, BLOCK } from "../support/program.js";
import { tlbstorm } from "../cli/run_cli.js";

const HANDLER = ["lock-driver", "lock-mmap", "fault", "unlock-mmap", "install", "unlock-driver"];

async function run(protocol: object): Promise<unknown> {
  const { resolved } = loadScenario({
    name: "a deadlock",
    protocol: { id: "own", title: "own", ...protocol },
    workload: { operations: [{ kind: "munmap", pages: 64, period: "20us", repeat: 100 }] },
    devices: [{ name: "gpu0", kind: "gpu" }],
  });
  if (resolved.workload.kind !== "synthetic") throw new Error("the workload is synthetic");
  return runScenario(resolved, syntheticProgram(resolved.workload.operations));
}

/** Writes to one page of each of so many blocks. */
function sparseProgram(blocks: number): Program {
  const encoder = new EventEncoder();
  const context = { p: 1, tid: 1, mm: 1, cpu: 0, t: 0, kthread: null };
  let line = 1;
  const add = (event: object) => {
    encoder.add({ ...event, ...context, line: ++line } as RecordedEvent);
  };
  encoder.addHeader(SYNTHETIC_HEADER);
  add({ ev: "exec" });
  add({ ev: "notifier", on: true, forked: false });
  const a = { addr: BASE, len: blocks * BLOCK, prot: 3, flags: 0x32, fd: -1, off: 0 };
  add({ ev: "enter", call: "mmap", a });
  add({ ev: "exit", call: "mmap", ret: BASE });
  for (let block = 0; block < blocks; block++)
    add({ ev: "fault", addr: BASE + block * BLOCK, err: 6, k: 0 });
  const records = encoder.take().slice();
  const events = records.length / RECORD_BYTES;
  return { name: "sparse", records, events, settings: [], sharedMm: 1 };
}

describe("a protocol that deadlocks", () => {
  test("ends a run where range_start takes the driver's lock that nobody has released", async () => {
    const protocol = { reads: "shared", rangeStart: ["lock-driver"] };
    await expect(run(protocol)).rejects.toThrow(RunRefusal);
  });

  test("ends a run where a handler waits for the mm with the driver's lock held", async () => {
    const rangeStart = ["lock-driver", "zap-mirror", "unlock-driver"];
    const protocol = { reads: "mirror", rangeStart, fault: [...HANDLER, "respond"] };
    await expect(run(protocol)).rejects.toThrow("protocol own deadlocks");
  });

  test("is not called safe by exploration: the operation never ends", () => {
    const steps = "rangeStart: [lock-driver], secondaryFlush: [lock-driver, unlock-driver]";
    const text =
      `name: own\nprotocol: {id: own, title: own, reads: shared, ${steps}}\n` +
      "explore: {operation: munmap}\n";
    const { exitCode, stdout } = tlbstorm(["explore", "-"], text);
    expect(stdout).toContain("deadlock: the operation never comes to its end");
    expect(exitCode).toBe(1);
  });
});

describe("a synthetic workload", () => {
  test("that is too long to be kept is refused before it is written", () => {
    const operations = [{ kind: "munmap", pages: 64, periodNs: 1, repeat: 1_000_000_000 }] as const;
    expect(() => syntheticProgram(operations)).toThrow("66,000,000,000 events: at most 10,000,000");
  });
});

describe("a recorded program", () => {
  test("that needs more page tables than there are is refused", async () => {
    const { resolved } = loadScenario({
      name: "too sparse",
      protocol: "none",
      workload: { recording: "sparse" },
    });
    await expect(runScenario(resolved, sparseProgram(9000))).rejects.toThrow(
      "the program needs more page tables than the model has",
    );
  });

  test("that needs more frames than the machine has is refused", () => {
    const text =
      "name: too small\nprotocol: none\nmachine: {frames: 64}\n" +
      "workload: {recording: python_fork}\n";
    expect(tlbstorm(["run", "-", "--quiet"], text)).toEqual({
      exitCode: 2,
      stdout: "",
      stderr:
        "error: run: the program needs more than the 64 frames of the machine\n" +
        "  raise machine.frames\n",
    });
  });
});

/** Operations of the mm that a timed run carries out step by step, with devices in between. */
import { describe, expect, test } from "vitest";
import { ReplaySetting } from "../../src/abi/recording.generated.js";
import type { Program } from "../../src/run/program.js";
import { runScenario } from "../../src/run/run.js";
import { loadScenario } from "../../src/scenario/index.js";
import { EventEncoder } from "../../src/workload/encode.js";
import { RECORD_BYTES } from "../../src/workload/record_layout.js";
import type { RecordedEvent } from "../../src/workload/recording.js";
import { SYNTHETIC_HEADER } from "../../src/workload/synthetic.js";
import { BASE, PAGE } from "../support/program.js";

const PAGES = 64;
const PAGEOUT = 21;
/** Time between two events of the program, in nanoseconds. */
const STEP = 1000;

/** Again and again writes memory, pages it out, and takes its frames for other memory. */
function pagedOutProgram(): Program {
  const encoder = new EventEncoder();
  let line = 1;
  const add = (event: object) => {
    const context = { p: 1, tid: 1, mm: 1, cpu: 0, t: line * STEP, kthread: null };
    encoder.add({ ...event, ...context, line: ++line } as RecordedEvent);
  };
  const call = (name: string, a: object, ret = 0) => {
    add({ ev: "enter", call: name, a });
    add({ ev: "exit", call: name, ret });
  };
  const length = PAGES * PAGE;
  const map = (addr: number) => {
    call("mmap", { addr, len: length, prot: 3, flags: 0x32, fd: -1, off: 0 }, addr);
    for (let i = 0; i < PAGES; i++) add({ ev: "fault", addr: addr + i * PAGE, err: 6, k: 0 });
  };
  encoder.addHeader(SYNTHETIC_HEADER);
  add({ ev: "exec" });
  add({ ev: "notifier", on: true, forked: false });
  for (let round = 0; round < 20; round++) {
    map(BASE);
    call("madvise", { addr: BASE, len: length, advice: PAGEOUT });
    map(BASE + 2 * length);
    call("munmap", { addr: BASE + 2 * length, len: length });
  }
  const records = encoder.take().slice();
  const settings = [[ReplaySetting.HasSwap, 1]] as const;
  return { name: "advised", records, events: records.length / RECORD_BYTES, settings, sharedMm: 1 };
}

async function run(protocol: string) {
  const { resolved } = loadScenario({
    name: "advice",
    protocol,
    devices: [{ name: "gpu0", kind: "gpu", access: { kind: "live", pages: PAGES } }],
    workload: { recording: "advised" },
  });
  return runScenario(resolved, pagedOutProgram());
}

describe("MADV_PAGEOUT in a timed run", () => {
  test("is what accesses of a device to the pages it took are put down to", async () => {
    const { violations } = await run("none");
    for (const { byOperation } of violations) {
      expect(Object.keys(byOperation).toSorted()).toEqual(["munmap", "reclaim"]);
    }
    expect(violations.map(({ rule }) => rule)).toEqual(["stale-read", "stale-write"]);
  });

  test("takes nothing from a device before its flush has reached it", async () => {
    expect((await run("secondary-flush")).violations).toEqual([]);
  });
});

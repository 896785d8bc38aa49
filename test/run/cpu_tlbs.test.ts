/** What the TLBs of CPUs hold in a timed run, and what flushes do to them. */
import { createReadStream } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { settingsOf } from "../../src/replay/feed.js";
import { programOf, syntheticProgram } from "../../src/run/program.js";
import type { HostParts, LostFlushes } from "../../src/run/host.js";
import { runScenario } from "../../src/run/run.js";
import { Simulation } from "../../src/run/simulation.js";
import type { RunResult } from "../../src/run/result.js";
import { loadScenario, type ScenarioInput } from "../../src/scenario/index.js";
import type { WorkloadOperationKind } from "../../src/scenario/vocabulary.js";
import { EventEncoder } from "../../src/workload/encode.js";
import { RECORD_BYTES } from "../../src/workload/record_layout.js";
import { readRecording, type RecordedEvent } from "../../src/workload/recording.js";
import { SYNTHETIC_HEADER } from "../../src/workload/synthetic.js";

const KINDS = ["munmap", "dontneed", "mprotect", "fork", "migrate", "ksm", "collapse"] as const;
const TIMES = 10;

type Operations = NonNullable<Extract<ScenarioInput["workload"], { operations: unknown }>>;

async function run(
  operations: Operations["operations"],
  more: Partial<ScenarioInput> = {},
  parts: HostParts = {},
): Promise<RunResult> {
  const { resolved } = loadScenario({
    name: "CPU TLBs",
    protocol: "secondary-flush",
    workload: { operations },
    ...more,
  });
  if (resolved.workload.kind !== "synthetic") throw new Error("the workload is synthetic");
  return runScenario(resolved, syntheticProgram(resolved.workload.operations), parts);
}

const CONTEXT = { line: 0, p: 1, tid: 1, mm: 1, cpu: 0, kthread: null, t: 0 };
const PAGE = 4096;
const BLOCK_PAGES = 512;
const BLOCK_START = SYNTHETIC_HEADER.window![0];
const MADV_DONTNEED = 4;

/** A program with one huge page, as the events that a recording of it would have. */
class HugeWriter {
  readonly encoder = new EventEncoder();

  constructor() {
    this.encoder.addHeader(HUGE_HEADER);
    const len = BLOCK_PAGES * PAGE;
    this.add({ ev: "exec", ...CONTEXT });
    this.add({ ev: "snap", vmas: [], pages: [], ...CONTEXT });
    this.add({ ev: "notifier", on: true, forked: false, ...CONTEXT });
    const a = { addr: BLOCK_START, len, prot: 3, flags: 0x32, fd: -1, off: 0 };
    this.call("mmap", a, BLOCK_START);
    this.add({ ev: "fault", addr: BLOCK_START, err: 6, k: 0, ...CONTEXT });
  }

  touchBlock(pages = BLOCK_PAGES): void {
    const access = { op: "write", addr: BLOCK_START, n: pages, step: PAGE, byte: 0 } as const;
    this.add({ ev: "op", ...access, ...CONTEXT });
    this.add({ ev: "done", ...CONTEXT });
  }

  dropPage(page: number): void {
    const addr = BLOCK_START + page * PAGE;
    this.call("madvise", { addr, len: PAGE, advice: MADV_DONTNEED }, 0);
  }

  private call(call: string, a: Record<string, number>, ret: number): void {
    this.add({ ev: "enter", call, a, ...CONTEXT });
    this.add({ ev: "exit", call, ret, ...CONTEXT });
  }

  private add(event: RecordedEvent): void {
    this.encoder.add(event);
  }
}

const HUGE_HEADER = { ...SYNTHETIC_HEADER, thp: "always" as const };

function runHuge(write: (writer: HugeWriter) => void): Promise<RunResult> {
  const { resolved } = loadScenario({ name: "huge", protocol: "none", until: "1s" });
  const writer = new HugeWriter();
  write(writer);
  const records = writer.encoder.take().slice();
  return runScenario(resolved, {
    name: "huge",
    records,
    events: records.length / RECORD_BYTES,
    settings: settingsOf(HUGE_HEADER),
    sharedMm: 1,
  });
}

const repeated = (kind: WorkloadOperationKind, pages: number) => [
  { kind, pages: kind === "collapse" ? 512 : pages, period: "100us", repeat: TIMES },
];

describe("the TLB of a CPU", () => {
  test("misses a page once, when it is touched first, and hits it from then on", async () => {
    const { counts } = await run(repeated("touch", 32));
    expect(counts.cpuTlbMisses).toBe(32);
    expect(counts.cpuTlbHits).toBe(32 * TIMES);
    expect(counts.cpuTlbSecondLevelHits).toBe(0);
  });

  test("finds in its second level what the first is too small for", async () => {
    const { counts } = await run(repeated("touch", 256));
    expect(counts.cpuTlbMisses).toBe(256);
    expect(counts.cpuTlbSecondLevelHits).toBe(256 * TIMES);
  });

  test("misses again what neither level has room for", async () => {
    const { counts } = await run(repeated("touch", 64), {
      machine: { tlb: { l1: { entries: 8, ways: 8 }, l2: { entries: 32, ways: 4 } } },
    });
    expect(counts.cpuTlbMisses).toBe(64 * (TIMES + 1));
  });

  test("takes the walk's time from the program when it misses, and none when it hits", async () => {
    const small = { l1: { entries: 1, ways: 1 }, l2: { entries: 1, ways: 1 } };
    const touch = [{ kind: "touch" as const, pages: 64 }];
    const hits = await run(touch);
    const misses = await run(touch, { machine: { tlb: small } });
    // With the paging-structure cache a walk reads the last level alone: 15 ns.
    expect(misses.simulatedNs - hits.simulatedNs).toBe(64 * 15);
  });

  test("has one entry for all the pages of a huge mapping", async () => {
    const { counts } = await runHuge((writer) => {
      writer.touchBlock();
    });
    expect(counts.cpuTlbMisses).toBe(1);
    expect(counts.cpuTlbHits).toBe(512);
  });

  test("loses that entry with any page of it, and has single pages behind the split", async () => {
    const { counts, violations } = await runHuge((writer) => {
      writer.touchBlock();
      writer.dropPage(7);
      writer.touchBlock(7);
    });
    expect(counts.cpuTlbMisses).toBe(1 + 7);
    expect(violations).toEqual([]);
  });

  test("loses single pages up to the ceiling, and everything beyond it", async () => {
    const besides = { kind: "touch" as const, pages: 8, period: "100us", repeat: TIMES };
    const single = await run([...repeated("mprotect", 33), besides]);
    const whole = await run([...repeated("mprotect", 34), besides]);
    expect(single.counts.cpuFlushesFull).toBe(0);
    expect(single.counts.cpuTlbMisses).toBe(33 + 8);
    // There and back: x86 flushes for more rights as well.
    expect(whole.counts.cpuFlushesFull).toBe(2 * TIMES);
    expect(whole.counts.cpuTlbMisses).toBeGreaterThan(34 + 8 * TIMES);
  });
});

describe("a flush", () => {
  test("comes in the middle of a gather that is full, before what it holds is freed", async () => {
    const dropped = [{ kind: "dontneed" as const, pages: 12_000 }];
    const threads = { count: 2, think: "5us" };
    const { counts } = await run(dropped, { threads });
    expect(counts.acknowledgementWaits).toBe(2);
    expect(counts.cpuViolations).toBe(0);
    const early = await run(dropped, { threads, machine: { gatherBatches: 1 } });
    expect(early.counts.acknowledgementWaits).toBe(Math.ceil(12_000 / (8 + 510)));
    expect(early.counts.cpuViolations).toBe(0);
  });

  test("is of single pages up to another ceiling, where the scenario sets one", async () => {
    const high = await run(repeated("mprotect", 64), { machine: { flushCeiling: 64 } });
    const low = await run(repeated("mprotect", 64), { machine: { flushCeiling: 63 } });
    expect(high.counts.cpuFlushesFull).toBe(0);
    expect(low.counts.cpuFlushesFull).toBe(2 * TIMES);
  });

  test("stays on its CPU while no other has run the mm", async () => {
    const { counts } = await run(repeated("munmap", 4));
    expect(counts.cpuFlushesLocal).toBeGreaterThanOrEqual(TIMES);
    expect(counts.ipisSent).toBe(0);
    expect(counts.acknowledgementWaits).toBe(0);
    expect(counts.cpuFlushesRemote).toBe(0);
  });

  test.each([1, 3, 15])("asks %i other CPUs that run the mm, and waits once", async (count) => {
    const { counts, times } = await run(repeated("munmap", 4), { threads: { count } });
    expect(counts.acknowledgementWaits).toBe(counts.cpuFlushesSent);
    expect(counts.acknowledgementWaits).toBeGreaterThanOrEqual(TIMES);
    expect(counts.ipisSent).toBe(counts.cpuFlushesSent * count);
    expect(counts.cpuFlushesRemote).toBe(counts.ipisSent);
    expect(times.shootdown.count).toBe(counts.acknowledgementWaits);
  });

  test("takes the time of an IPI, of the flush there and of each CPU more", async () => {
    const latency = { ipi: "4us", ipiPerCore: "300ns", flushPage: "50ns" };
    const { times } = await run(repeated("munmap", 4), {
      threads: { count: 3 },
      machine: { latency },
    });
    expect(times.shootdown.maxNs).toBe(4000 + 2 * 300 + 4 * 50);
  });

  test("leaves threads their old translations until the IPI has come", async () => {
    const early = await run(repeated("munmap", 16), {
      threads: { count: 4 },
      machine: { ipiDelivery: 0 },
    });
    const late = await run(repeated("munmap", 16), {
      threads: { count: 4 },
      machine: { ipiDelivery: 1 },
    });
    expect(late.counts.cpuAccessesInWindow).toBeGreaterThan(early.counts.cpuAccessesInWindow);
    expect(late.counts.cpuViolations).toBe(0);
  });

  test("of what fork has made read-only drops it from the TLB, page by page or whole", async () => {
    const { counts } = await run(repeated("fork", 16));
    expect(counts.cpuTlbEntriesDropped).toBeGreaterThanOrEqual(TIMES * 16);
  });

  test("reaches every core by broadcast on arm64, without an IPI", async () => {
    const { counts } = await run(repeated("munmap", 4), {
      arch: "arm64",
      machine: { cores: 4 },
      threads: { count: 2 },
    });
    expect(counts.ipisSent).toBe(0);
    expect(counts.cpuFlushesRemote).toBe(counts.cpuFlushesSent * 3);
    expect(counts.cpuViolations).toBe(0);
  });
});

describe("the oracle", () => {
  const eras = ["3.17", "3.19", "4.15", "6.4", "6.19"] as const;
  const machines = eras.flatMap((era) => [
    { era, arch: "x86" as const },
    { era, arch: "arm64" as const },
  ]);

  test.each(machines)(
    "finds no CPU that breaks a rule under Linux $era on $arch",
    async (where) => {
      for (const kind of KINDS) {
        const { counts } = await run(repeated(kind, 40), {
          ...where,
          protocol: "none",
          threads: { count: 3, think: { min: "10ns", max: "200ns" } },
        });
        expect({ kind, violations: counts.cpuViolations }).toEqual({ kind, violations: 0 });
        expect(counts.cpuTlbHits).toBeGreaterThan(0);
      }
    },
  );

  const lost = (kind: WorkloadOperationKind, flush: LostFlushes, threads: number, arch = "x86") =>
    run(
      repeated(kind, 16),
      { arch: arch as "x86" | "arm64", threads: { count: threads } },
      { lostFlushes: [flush] },
    );

  test.each([
    { kind: "munmap", rule: "stale-write" },
    { kind: "dontneed", rule: "stale-write" },
    { kind: "fork", rule: "readonly-write" },
  ] as const)("sees $rule by a CPU that does not flush after $kind", async ({ kind, rule }) => {
    const { counts, violations } = await lost(kind, "own", 0);
    expect(counts.cpuViolations).toBeGreaterThan(0);
    expect(violations.map((violation) => violation.rule)).toContain(rule);
  });

  test.each(["munmap", "dontneed", "migrate", "fork"] as const)(
    "sees the stale translations of CPUs that acknowledge %s without a flush",
    async (kind) => {
      const { counts, violations } = await lost(kind, "remote", 2);
      expect(counts.cpuViolations).toBeGreaterThan(0);
      expect(violations.map(({ rule }) => rule)).toContain("stale-read");
    },
  );

  test("sees a write through an entry that mprotect has made read-only", async () => {
    const { violations } = await lost("mprotect", "remote", 1);
    expect(violations.map(({ rule }) => rule)).toEqual(["readonly-write"]);
  });

  test("sees it on arm64 too, where the broadcast is lost", async () => {
    const { counts } = await lost("munmap", "remote", 2, "arm64");
    expect(counts.cpuViolations).toBeGreaterThan(0);
  });
});

describe("a recorded program", () => {
  const recorded = async (name: string, more: Partial<ScenarioInput> = {}) => {
    const file = join(import.meta.dirname, `../../recordings/real/${name}.jsonl.gz`);
    const program = await programOf(name, await readRecording(createReadStream(file), { file }));
    const workload = { recording: name, speed: 1000 };
    const { resolved } = loadScenario({ name, protocol: "none", workload, ...more });
    return Simulation.create(resolved, program);
  };
  const runToEnd = (simulation: Simulation) => {
    simulation.advance(Infinity);
    return simulation.result();
  };

  test("on two CPUs sends one IPI for each flush that asks others", async () => {
    const { counts } = runToEnd(await recorded("xz_threads"));
    expect(counts.cpuFlushesSent).toBeGreaterThan(1000);
    expect(counts.ipisSent).toBe(counts.cpuFlushesSent);
  });

  test.each(["git_gc", "redis_save", "shell_pipes", "java_serial"])(
    "lets no CPU use what %s has given up, threads beside it or not",
    async (name) => {
      for (const count of [0, 3]) {
        const { counts } = runToEnd(await recorded(name, { threads: { count, think: "2us" } }));
        expect(counts.cpuTlbMisses).toBeGreaterThan(0);
        expect(counts.cpuViolations).toBe(0);
      }
    },
  );

  test("goes on from a snapshot with the TLBs as they were", async () => {
    const simulation = await recorded("git_gc", { threads: { count: 3, think: "2us" } });
    simulation.advance(2000);
    const snapshot = simulation.snapshot();
    simulation.advance(500);
    const { digest, counts } = simulation.result();
    simulation.restore(snapshot);
    simulation.advance(500);
    expect(simulation.result().digest).toBe(digest);
    expect(simulation.result().counts).toEqual(counts);
  });
});

describe("the scenario of a run", () => {
  test.each([
    { more: { threads: { count: 16 } }, problem: "16 threads and the program need 17 cores" },
    { more: { threads: { count: 1, think: "0ns" } }, problem: "an access after no pause" },
    {
      more: { machine: { cores: 64, tlb: { l2: { entries: 2 ** 20 } } } },
      problem: "64 cores with 1048640 entries each",
    },
  ])("is refused where $problem", ({ more, problem }) => {
    expect(() => loadScenario({ name: "x", protocol: "none", ...more })).toThrow(problem);
  });
});

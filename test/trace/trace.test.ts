import { readFileSync } from "node:fs";
import { PbfReader } from "pbf";
import { compile } from "pbf/compile";
import { sync } from "resolve-protobuf-schema";
import { beforeAll, describe, expect, test } from "vitest";
import { replayToken } from "../../src/explore/counterexample.js";
import { explore } from "../../src/explore/explore.js";
import { syntheticProgram } from "../../src/run/program.js";
import { runScenario } from "../../src/run/run.js";
import type { RunResult } from "../../src/run/result.js";
import { loadScenario } from "../../src/scenario/index.js";
import { traceCounterexample } from "../../src/trace/counterexample_trace.js";
import { actorOfEntry, textOfEntry } from "../../src/trace/entry_text.js";
import { PerfettoWriter } from "../../src/trace/perfetto.js";
import { RunTrace } from "../../src/trace/run_trace.js";
import { formatRunTimeline, traceViolation } from "../../src/trace/run_timeline.js";

const { resolved } = loadScenario({
  name: "unmapped memory",
  protocol: "none",
  workload: { operations: [{ kind: "munmap", pages: 4, period: "50us", repeat: 20 }] },
  devices: [{ name: "gpu0", kind: "gpu", lanes: 8 }],
});
const program = syntheticProgram(
  resolved.workload.kind === "synthetic" ? resolved.workload.operations : [],
);

interface Packet {
  timestamp?: number;
  track_event?: { type: number; track_uuid: number; name: string };
  track_descriptor?: { uuid: number; name: string; parent_uuid: number };
}

/** Reads a trace by the schema file, which the writer does not look at. */
function packetsOf(bytes: Uint8Array): Packet[] {
  const { readTrace } = compile(sync("src/trace/perfetto.proto"));
  return (readTrace!(new PbfReader(bytes)) as { packet: Packet[] }).packet;
}

describe("the build with a trace", () => {
  let plain: RunResult;

  beforeAll(async () => {
    plain = await runScenario(resolved, program);
  });

  test("goes the same way as the one without", async () => {
    let entries = 0;
    const traced = await runScenario(resolved, program, {
      onTrace: (some) => {
        entries += some.length;
      },
    });
    expect(entries).toBeGreaterThan(100);
    expect(traced).toEqual(plain);
  });

  test("is another build: the released one has no byte of a trace", async () => {
    const exportsOf = async (name: string) => {
      const module = await WebAssembly.compile(readFileSync(`build/${name}.wasm`));
      return WebAssembly.Module.exports(module).map((one) => one.name);
    };
    expect((await exportsOf("trace")).filter((name) => /^trace/.test(name))).toHaveLength(4);
    expect((await exportsOf("release")).filter((name) => /^trace/.test(name))).toEqual([]);
    const bytes = (name: string) => readFileSync(`build/${name}.wasm`, "latin1");
    // The names of functions are kept for stack traces.
    expect(bytes("trace")).toContain("sim/trace/Trace");
    expect(bytes("release")).not.toContain("sim/trace/Trace");
  });

  test("tells how a violation came about, and ends with it", async () => {
    const violation = plain.violations.find(({ rule }) => rule === "stale-read")!;
    const timeline = await traceViolation(resolved, program, violation);
    const steps = timeline.rows.map(({ actor, text }) => `${actor}: ${text}`);
    expect(steps).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^program: munmap begins/),
        expect.stringMatching(/^program: clear pte/),
        expect.stringMatching(/^gpu0: \[\d+\] answer: F\d+/),
      ]),
    );
    expect(steps.at(-2)).toMatch(/^gpu0: \[\d+\] read reaches F\d+/);
    expect(timeline.rows.at(-2)!.timeNs).toBe(violation.atNs);
    expect(formatRunTimeline(timeline)).toMatch(
      new RegExp(`stale-read, violated at ${violation.atNs} ns$`),
    );
  });

  test("tells which CPU is asked to flush, when it does and when it has answered", async () => {
    const entries: string[] = [];
    const threads = { ...resolved.threads, count: 1 };
    await runScenario({ ...resolved, devices: [], threads }, program, {
      onTrace: (some) => {
        entries.push(...some.map((entry) => `${actorOfEntry(entry, [])}: ${textOfEntry(entry)}`));
      },
    });
    const first = entries.indexOf("program: IPI to CPU 15");
    const shootdown = entries.slice(first).filter((text) => text.includes("CPU"));
    expect(shootdown.slice(0, 5)).toEqual([
      "program: IPI to CPU 15",
      "program: CPU TLB flush",
      "CPU 0: TLB loses 4 pages",
      "CPU 15: TLB loses 4 pages",
      "program: CPU 15 has answered",
    ]);
  });

  test("shows in the timeline the steps of one page only", async () => {
    const violation = plain.violations[0]!;
    const { rows } = await traceViolation(resolved, program, violation);
    const frames = new Set(rows.flatMap(({ text }) => /reaches (F\d+)/.exec(text)?.[1] ?? []));
    expect(frames.size).toBe(1);
  });
});

describe("a trace for Perfetto", () => {
  test("has the tracks and events that were written, by the schema", () => {
    const writer = new PerfettoWriter();
    const mm = writer.process("mm");
    const track = writer.track("operations", mm);
    writer.begin(track, 1_000, "munmap");
    writer.end(track, 5_000_000_000_000);
    const packets = packetsOf(writer.finish());
    expect(packets.map((packet) => packet.track_descriptor?.name)).toContain("operations");
    const events = packets.filter(({ timestamp }) => timestamp);
    expect(events.map(({ timestamp, track_event }) => [timestamp, track_event!.type])).toEqual([
      [1_000, 1],
      [5_000_000_000_000, 2],
    ]);
    expect(events[0]!.track_event!.name).toBe("munmap");
  });

  test("shows every operation of the program as a slice, and ends what it begins", async () => {
    const trace = new RunTrace(["gpu0"]);
    const { counts } = await runScenario(resolved, program, {
      onTrace: (entries) => {
        for (const entry of entries) trace.add(entry);
      },
    });
    const packets = packetsOf(trace.finish());
    const operations = packets.find((packet) => packet.track_descriptor?.name === "operations")!
      .track_descriptor!.uuid;
    const events = packets.flatMap(({ track_event: event }) =>
      event?.track_uuid === operations ? [event] : [],
    );
    expect(events.filter(({ name }) => name === "munmap")).toHaveLength(20);
    expect(events.filter(({ type }) => type === 1)).toHaveLength(
      counts.operations + counts.pageFaults,
    );
    expect(events.filter(({ type }) => type === 2).length).toBeGreaterThanOrEqual(
      events.filter(({ type }) => type === 1).length - 1,
    );
  });
});

describe("a trace of a counterexample", () => {
  test("has a track for each actor and a slice for each step, and ends with the violation", async () => {
    const { properties } = await explore({ protocol: "flush-at-end", operation: "munmap" });
    const example = await replayToken(properties["stale-read"]!.token!);
    const packets = packetsOf(traceCounterexample(example));
    const nameOf = new Map(
      packets.flatMap(({ track_descriptor: track }) =>
        track === undefined ? [] : [[track.uuid, track.name] as const],
      ),
    );
    const events = packets.flatMap(({ timestamp, track_event: event }) =>
      timestamp === undefined || event === undefined ? [] : [{ timestamp, ...event }],
    );
    const begins = events.filter(({ type }) => type === 1);
    expect(begins.map(({ track_uuid, name }) => `${nameOf.get(track_uuid)!}: ${name}`)).toEqual(
      example.steps.map(({ actor, text }) => `${actor}: ${text}`),
    );
    const times = begins.map(({ timestamp }) => timestamp);
    expect(times).toEqual([...times].sort((a, b) => a - b));
    const last = events.at(-1)!;
    expect(last).toMatchObject({ type: 3, name: "stale-read violated" });
    expect(nameOf.get(last.track_uuid)).toBe("device 0");
  });
});

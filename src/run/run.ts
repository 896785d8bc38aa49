/** One timed run of a scenario, start to finish. */
import { Core } from "../abi/core.js";
import { readRecord, recordSize } from "../abi/records.js";
import { Counter, Property, Timing } from "../abi/vocabulary.generated.js";
import { PROPERTIES, PROPERTY_IDS } from "../explore/properties.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import { RECORD_BYTES } from "../workload/record_layout.js";
import { encodeRun } from "./encode.js";
import { RunHost, type HostParts } from "./host.js";
import type { Program } from "./program.js";
import type {
  CountName,
  Counts,
  RunDevice,
  RunResult,
  RunViolation,
  Times,
  TimingName,
  TimingSummary,
} from "./result.js";
import { checksum, writeRunToken, type RunTokenContent } from "./token.js";

/** Records that are fed at once: a slice of some milliseconds. */
const BATCH_RECORDS = 256;

export interface RunOptions extends HostParts {
  /** How many of the program's events are done; awaited between slices. */
  readonly onProgress?: (done: number, total: number) => Promise<void> | void;
  /** Ends the run early with an AbortError. */
  readonly signal?: AbortSignal;
  /** Milliseconds that only rise, for `wallSeconds`; left out: 0 is reported. */
  readonly clock?: () => number;
}

/**
 * Runs a program under a scenario. The same scenario, program and build give the same result but
 * for `wallSeconds`, as long as the callbacks of the host do the same.
 */
export async function runScenario(
  scenario: ResolvedScenario,
  program: Program,
  options: RunOptions = {},
): Promise<RunResult> {
  const host = new RunHost(scenario, program.sharedMm, options);
  try {
    return await runWith(host, scenario, program, options);
  } finally {
    host.end();
  }
}

async function runWith(
  host: RunHost,
  scenario: ResolvedScenario,
  program: Program,
  options: RunOptions,
): Promise<RunResult> {
  const began = options.clock?.() ?? 0;
  const core = await Core.create("release", host.functions);
  encodeRun(core, scenario, program.sharedMm);
  host.connect(core);
  core.exports.runBoot();
  await feed(core, scenario, program, options);
  const digest = digestOf(core);
  const claim = {
    scenario,
    program: program.name,
    records: checksum(program.records),
    digest,
    ...host.claim,
  };
  return {
    schema: "tlbstorm.run/1",
    scenario: scenario.name,
    seed: scenario.seed.toString(),
    era: scenario.era,
    arch: scenario.arch,
    protocol: scenario.protocol.id,
    notifier: host.hasNotifiers ? "host" : scenario.notifier,
    token: writeRunToken({ ...claim, violation: null }),
    digest,
    simulatedNs: core.exports.runNow(),
    wallSeconds: ((options.clock?.() ?? 0) - began) / 1000,
    steps: readCounts(core).eventsProcessed,
    counts: readCounts(core),
    times: readTimes(core),
    violations: readViolations(core, claim),
    devices: readDevices(core, scenario),
  };
}

async function feed(
  core: Core,
  { until }: ResolvedScenario,
  { records, events, settings }: Program,
  { onProgress, signal }: RunOptions,
): Promise<void> {
  const { exports } = core;
  for (const [setting, value] of settings) exports.replaySet(setting, value);
  for (let done = 0; done < events;) {
    signal?.throwIfAborted();
    const count = Math.min(BATCH_RECORDS, events - done);
    const from = done * RECORD_BYTES;
    const block = exports.replayBlock(BATCH_RECORDS * RECORD_BYTES);
    core
      .bytes(block, count * RECORD_BYTES)
      .set(records.subarray(from, from + count * RECORD_BYTES));
    exports.replayRun(count);
    done += count;
    await onProgress?.(done, events);
    if (until.kind === "time" && exports.runNow() >= until.ns) return;
    if (until.kind === "events" && readCounts(core).eventsProcessed >= until.events) return;
  }
  exports.replayFinish();
}

const small = (name: string): string => name.charAt(0).toLowerCase() + name.slice(1);

function namesOf(members: Record<string, string | number>): [string, number][] {
  return Object.entries(members).filter(
    (entry): entry is [string, number] => typeof entry[1] === "number" && entry[0] !== "COUNT",
  );
}

/** The exact counters. Counts beyond 2^53 would not be exact any more; no run is that long. */
function readCounts(core: Core): Counts {
  const words = core.words(core.exports.runCounters(), Counter.COUNT * 2);
  return Object.fromEntries(
    namesOf(Counter).map(([name, index]) => [
      small(name),
      words[2 * index + 1]! * 2 ** 32 + words[2 * index]!,
    ]),
  ) as Record<CountName, number>;
}

function readTimes(core: Core): Times {
  return Object.fromEntries(
    namesOf(Timing).map(([name, index]) => [small(name), readTiming(core, index)]),
  ) as Record<TimingName, TimingSummary>;
}

function readTiming(core: Core, timing: number): TimingSummary {
  core.exports.runTiming(timing);
  const view = core.view(core.exports.reportBlock(), recordSize("TimingRecord"));
  const record = readRecord("TimingRecord", view);
  return {
    count: Number(record.count),
    sumNs: Number(record.sum),
    p50Ns: Number(record.p50),
    p90Ns: Number(record.p90),
    p99Ns: Number(record.p99),
    p999Ns: Number(record.p999),
    maxNs: Number(record.largest),
  };
}

function readViolations(core: Core, claim: Omit<RunTokenContent, "violation">): RunViolation[] {
  return PROPERTY_IDS.flatMap((rule) => {
    const { code } = PROPERTIES[rule];
    const count = code === Property.Served ? 0 : core.exports.runViolations(code);
    if (count === 0) return [];
    const atNs = core.exports.runFirstViolation(code);
    return [{ rule, atNs, count, token: writeRunToken({ ...claim, violation: { rule, atNs } }) }];
  });
}

function readDevices(core: Core, scenario: ResolvedScenario): RunDevice[] {
  return scenario.devices.map(({ name }, index) => {
    const failedAt = core.exports.runDeviceFailedAt(index);
    return failedAt < 0
      ? { name, state: "running", failedAtNs: null }
      : { name, state: "failed", failedAtNs: failedAt };
  });
}

function digestOf(core: Core): string {
  const half = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
  return half(core.exports.runDigestHigh()) + half(core.exports.runDigestLow());
}

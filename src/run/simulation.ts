/** A timed run that can be stopped at any event of its program, kept, and taken up again. */
import { z } from "zod";
import { Core, CoreAbort, type CoreBuild } from "../abi/core.js";
import { readRecord, recordSize } from "../abi/records.js";
import { CoreTrace } from "../abi/trace.js";
import { Counter, DeviceState, Property, Timing } from "../abi/vocabulary.generated.js";
import { PROPERTIES, PROPERTY_IDS } from "../explore/properties.js";
import { argumentsOf, made } from "../scenario/arguments.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import { RECORD_BYTES } from "../workload/record_layout.js";
import { hostShape, runShape } from "./arguments.js";
import { encodeRun } from "./encode.js";
import { RunHost, type HostParts } from "./host.js";
import type { Program } from "./program.js";
import { refusalOf, refuseWhatCannotRun } from "./refusal.js";
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
import { TAKER_IDS, takerOf, TAKERS } from "./takers.js";
import { checksum, writeRunToken, type RunTokenContent } from "./token.js";

const PAGE = 4096;
/** Later than any run, and more than any run has of anything. */
const NEVER = Number.MAX_SAFE_INTEGER;

/** A moment of a simulation; only the simulation that gave it can go back to it. */
export interface Snapshot {
  /** Events of the program that were done. */
  readonly done: number;
  /** All of the machine: it lives in linear memory and nowhere else. */
  readonly memory: Uint8Array<ArrayBuffer>;
}

const checkArguments = argumentsOf("Simulation.create", {
  ...runShape,
  parts: z.strictObject(hostShape),
  build: z.enum(["release", "trace", "debug"]),
});

/** Events of the program, or of the machine; there may be no limit. */
const eventCount = z.custom((value) => typeof value === "number" && value >= 0, {
  error: "expected a number of events\nwrite 0 or more",
});
const checkAdvance = argumentsOf("advance", { events: eventCount, steps: eventCount });
const checkSnapshot = argumentsOf("restore", {
  snapshot: made("a snapshot", ["done", "memory"], "snapshot() of the same simulation"),
});

export class Simulation {
  private done = 0;
  private isAtLimit = false;

  private constructor(
    private readonly core: Core,
    private readonly host: RunHost,
    readonly scenario: ResolvedScenario,
    readonly program: Program,
    /** What happens, in a simulation of the traced build. */
    readonly trace: CoreTrace | null,
  ) {}

  /** Boots the machine of a scenario; nothing of the program has happened yet. */
  static async create(
    scenario: ResolvedScenario,
    program: Program,
    parts: HostParts = {},
    build: CoreBuild = "release",
  ): Promise<Simulation> {
    checkArguments({ scenario, program, parts, build });
    refuseWhatCannotRun(scenario);
    const host = new RunHost(scenario, program.sharedMm, parts);
    try {
      const core = await Core.create(build, host.functions);
      encodeRun(core, scenario, program.sharedMm);
      host.connect(core);
      core.exports.runBoot();
      for (const [setting, value] of program.settings) core.exports.replaySet(setting, value);
      const trace = build === "trace" ? new CoreTrace(core) : null;
      return new Simulation(core, host, scenario, program, trace);
    } catch (error) {
      host.end();
      throw error;
    }
  }

  /** Events of the program that are done. */
  get eventsDone(): number {
    return this.done;
  }

  /** The program is over, or the limit of the scenario is reached. */
  get isOver(): boolean {
    return this.isAtLimit || this.done >= this.program.events;
  }

  /**
   * Goes on by at most `events` events of the program, and whatever others do meanwhile; stops
   * before that when `steps` events of the machine are handled.
   */
  advance(events: number, steps = Infinity): void {
    checkAdvance({ events, steps });
    const { until } = this.scenario;
    const target = Math.min(this.done + events, this.program.events);
    const untilNs = until.kind === "time" ? until.ns : NEVER;
    const before = this.steps;
    const left = until.kind === "events" ? until.events - before : NEVER;
    this.done += this.feed(target - this.done, Math.min(steps, left), untilNs);
    const isCut = this.done < target && this.steps - before < steps;
    this.isAtLimit = isCut || this.steps - before >= left;
    if (this.done === this.program.events) this.core.exports.replayFinish();
  }

  /** Throws RunRefusal where the run cannot go on. */
  private feed(records: number, steps: number, untilNs: number): number {
    const from = this.done * RECORD_BYTES;
    const bytes = records * RECORD_BYTES;
    const block = this.core.exports.replayBlock(bytes) >>> 0;
    this.core.bytes(block, bytes).set(this.program.records.subarray(from, from + bytes));
    const { exports } = this.core;
    try {
      return exports.runFeed(records, Math.min(steps, NEVER), untilNs);
    } catch (error) {
      throw (error instanceof CoreAbort && refusalOf(exports.runFailure(), this.scenario)) || error;
    }
  }

  private get steps(): number {
    return readCounts(this.core).eventsProcessed;
  }

  /** The present moment, between two operations of the mm, to come back to. (DEVIATIONS D16) */
  snapshot(): Snapshot {
    return { done: this.done, memory: this.core.copyMemory() };
  }

  /** Goes back to a moment of this simulation; what follows is what followed then. */
  restore(snapshot: Snapshot): void {
    checkSnapshot({ snapshot });
    const { done, memory } = snapshot;
    this.core.putMemory(memory);
    this.done = done;
    this.isAtLimit = false;
  }

  /** A hash of every event so far: equal digests mean equal runs. */
  get digest(): string {
    return digestOf(this.core);
  }

  /** What the run has given so far. */
  result(): Omit<RunResult, "wallSeconds"> {
    const { core, host, scenario, program } = this;
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
      steps: readCounts(core).eventsProcessed,
      counts: readCounts(core),
      times: readTimes(core),
      violations: readViolations(core, claim),
      devices: readDevices(core, scenario),
    };
  }

  /** Lets go of what host code implements. */
  end(): void {
    this.host.end();
  }
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
    const address = core.exports.runFirstPage(code) * PAGE;
    const token = writeRunToken({ ...claim, violation: { rule, atNs } });
    const operation = takerOf(core.exports.runFirstTaker(code));
    return [{ rule, atNs, address, count, operation, byOperation: countsBy(core, code), token }];
  });
}

/** How often what the mm did led to violations of a property; what led to none is left out. */
function countsBy(core: Core, property: Property): RunViolation["byOperation"] {
  const counts = TAKER_IDS.map(
    (id) => [id, core.exports.runViolationsBy(property, TAKERS[id].code)] as const,
  );
  return Object.fromEntries(counts.filter(([, count]) => count > 0));
}

function readDevices(core: Core, scenario: ResolvedScenario): RunDevice[] {
  return scenario.devices.map(({ name }, index) => {
    core.exports.runDevice(index);
    const view = core.view(core.exports.reportBlock(), recordSize("DeviceReport"));
    const { state: code, endedAt, ...counts } = readRecord("DeviceReport", view);
    const state = STATES[code as DeviceState];
    const exact = Object.entries(counts).map(([key, count]) => [key, Number(count)] as const);
    return {
      name,
      state,
      failedAtNs: state === "failed" ? Number(endedAt) : null,
      stoppedAtNs: state === "stopped" ? Number(endedAt) : null,
      counts: Object.fromEntries(exact) as RunDevice["counts"],
    };
  });
}

const STATES: Record<DeviceState, RunDevice["state"]> = {
  [DeviceState.Running]: "running",
  [DeviceState.Failed]: "failed",
  [DeviceState.Stopped]: "stopped",
};

function digestOf(core: Core): string {
  const half = (value: number): string => (value >>> 0).toString(16).padStart(8, "0");
  return half(core.exports.runDigestHigh()) + half(core.exports.runDigestLow());
}

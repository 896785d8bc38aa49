/**
 * Many runs of one scenario, each with other choices and other latencies: walks through what the
 * whole machine may do, where its states are too many to see them all.
 *
 * Models:     the choices of devices by the seed; every latency stretched or shortened by a factor
 *             of its own, so that steps overtake one another that otherwise never do.
 * Simplifies: what no walk has shown may still be possible.
 */
import { SplitMix } from "../base/splitmix.js";
import type { PropertyId } from "../explore/properties.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import type { Latency } from "../scenario/schema.js";
import type { Program } from "./program.js";
import type { RunViolation } from "./result.js";
import { runScenario } from "./run.js";

/** A violation, and the run that shows it. */
export interface ScheduleFinding {
  readonly rule: PropertyId;
  /** Which schedule it was, from 0; 0 is the scenario as it stands. */
  readonly schedule: number;
  readonly scenario: ResolvedScenario;
  readonly violation: RunViolation;
}

export interface SchedulesResult {
  readonly schedules: number;
  /** Events of the machine in all runs. */
  readonly steps: number;
  /** The first violation of each property. */
  readonly findings: readonly ScheduleFinding[];
}

export interface SchedulesOptions {
  readonly schedules: number;
  /** Called behind each run; awaited. */
  readonly onProgress?: (done: number) => Promise<void> | void;
  readonly signal?: AbortSignal;
}

export async function exploreSchedules(
  scenario: ResolvedScenario,
  program: Program,
  { schedules, onProgress, signal }: SchedulesOptions,
): Promise<SchedulesResult> {
  const findings = new Map<PropertyId, ScheduleFinding>();
  let steps = 0;
  for (let schedule = 0; schedule < schedules; schedule++) {
    signal?.throwIfAborted();
    const other = scheduled(scenario, schedule);
    const result = await runScenario(other, program, signal === undefined ? {} : { signal });
    steps += result.steps;
    for (const violation of result.violations) {
      const { rule } = violation;
      if (!findings.has(rule)) findings.set(rule, { rule, schedule, scenario: other, violation });
    }
    await onProgress?.(schedule + 1);
  }
  return { schedules, steps, findings: [...findings.values()] };
}

/** Latencies become so many times longer or shorter at most. */
const STRETCH_MAX = 4;
const LATENCY_MAX_NS = 2 ** 32 - 1;

/** The scenario with other choices and latencies; schedule 0 is the scenario itself. */
export function scheduled(scenario: ResolvedScenario, schedule: number): ResolvedScenario {
  if (schedule === 0) return scenario;
  const seed = BigInt.asUintN(64, scenario.seed + BigInt(schedule));
  const random = new SplitMix(seed);
  const stretch = <Latencies extends Record<string, Latency>>(latencies: Latencies): Latencies => {
    const entries = Object.entries(latencies).map(
      ([name, latency]) => [name, stretched(latency, factorOf(random.share()))] as const,
    );
    return Object.fromEntries(entries) as Latencies;
  };
  const { machine, iommu, devices } = scenario;
  return {
    ...scenario,
    seed,
    machine: { ...machine, latency: stretch(machine.latency) },
    iommu: { ...iommu, latency: stretch(iommu.latency) },
    devices: devices.map((device) => ({
      ...device,
      latency: stretch(device.latency),
      access: { ...device.access, ...stretch({ think: device.access.think }) },
    })),
  };
}

/** From 1 / STRETCH_MAX to STRETCH_MAX, halving as likely as doubling. */
function factorOf(share: number): number {
  return STRETCH_MAX ** (2 * share - 1);
}

function stretched(latency: Latency, factor: number): Latency {
  const times = (ns: number) => Math.min(Math.round(ns * factor), LATENCY_MAX_NS);
  switch (latency.model) {
    case "fixed":
      return { ...latency, ns: times(latency.ns) };
    case "uniform":
      return { ...latency, minNs: times(latency.minNs), maxNs: times(latency.maxNs) };
    case "lognormal":
      return { ...latency, medianNs: times(latency.medianNs), p99Ns: times(latency.p99Ns) };
  }
}

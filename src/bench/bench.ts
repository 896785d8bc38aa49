/**
 * How fast the engine is. Core and baseline take turns in one process, so that what else the
 * machine does hits both; what is printed is the median of the rounds.
 */
import { Core } from "../abi/core.js";
import { explore } from "../explore/explore.js";
import { ExploreMachine } from "../explore/machine.js";
import { MATRIX_IDS } from "../explore/operations.js";
import { BUILTIN_PROTOCOLS } from "../protocols/catalogue.js";
import type { Program } from "../run/program.js";
import { Simulation } from "../run/simulation.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import { PlainTables, PlainTlb } from "./twins.js";

export interface Figure {
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  /** Time of the plain baseline divided by ours; null: there is no baseline. */
  readonly ratio: number | null;
  /** Time of the baseline divided by its own, a moment later: 1 on a quiet machine. */
  readonly noise: number | null;
  readonly baseline: string | null;
}

export interface BenchOptions {
  /** Milliseconds that only rise. */
  readonly clock: () => number;
  /** A fault storm to run. */
  readonly storm: { readonly scenario: ResolvedScenario; readonly program: Program };
  readonly onProgress?: (done: number, note: string) => Promise<void> | void;
}

/** Parts that progress counts. */
export const BENCH_PARTS = 4;
const ROUNDS = 31;
const LOOKUPS = 200_000;
const WALKS = 100_000;
const RANGES = 5_000;
const WARM_UP_ROUNDS = 20;

/** Large enough that what is kept for each state outweighs the tables of an empty store. */
const LARGE_WORLD = {
  protocol: "mirror-kvm",
  operation: "dontneed",
  devices: 2,
  pages: 2,
} as const;

export async function runBench(options: BenchOptions): Promise<Figure[]> {
  const { onProgress } = options;
  const figures: Figure[] = [];
  await onProgress?.(0, "look-ups and walks");
  figures.push(...(await kernelFigures(options.clock)));
  await onProgress?.(1, "a fault storm");
  figures.push(await stormFigure(options));
  await onProgress?.(2, "exploration");
  figures.push(...(await exploreFigures(options.clock)));
  await onProgress?.(3, "a cold start");
  figures.push(await coldStart(options.clock));
  await onProgress?.(BENCH_PARTS, "");
  return figures;
}

async function kernelFigures(clock: () => number): Promise<Figure[]> {
  const { exports } = await Core.create();
  exports.benchBoot();
  const tlb = new PlainTlb();
  const tables = new PlainTables();
  return [
    compare("accesses that hit the TLB", LOOKUPS, clock, {
      ours: () => exports.benchLookUp(LOOKUPS) >>> 0,
      plain: () => tlb.lookUp(LOOKUPS),
    }),
    compare("invalidations of 16 pages, filled again", RANGES, clock, {
      ours: () => exports.benchInvalidate(RANGES) >>> 0,
      plain: () => tlb.invalidate(RANGES),
    }),
    compare("page walks of four reads", WALKS, clock, {
      ours: () => exports.benchWalk(WALKS) >>> 0,
      plain: () => tables.walk(WALKS),
    }),
  ];
}

/**
 * Times both in turns, the plain twin twice in each, so that its two times show what the machine
 * does besides; throws when they do not agree about the result.
 */
function compare(
  what: string,
  count: number,
  clock: () => number,
  { ours, plain }: { ours: () => number; plain: () => number },
): Figure {
  for (let round = 0; round < WARM_UP_ROUNDS; round++) {
    if (ours() !== plain()) throw new Error(`${what}: the plain twin gives another result`);
  }
  const times: number[] = [];
  const ratios: number[] = [];
  const noises: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    const [mine, theirs, again] = inTurns(round, [ours, plain, plain], clock);
    times.push(mine);
    ratios.push(theirs / mine);
    noises.push(again / theirs);
  }
  return {
    what,
    value: (count / median(times)) * 1000,
    unit: "a second",
    ratio: median(ratios),
    noise: median(noises),
    baseline: "typed arrays in JavaScript",
  };
}

/** Times three kinds of work, each first in a third of the rounds. */
function inTurns(
  round: number,
  works: readonly [() => number, () => number, () => number],
  clock: () => number,
): [number, number, number] {
  const times: [number, number, number] = [0, 0, 0];
  for (let turn = 0; turn < works.length; turn++) {
    const at = (round + turn) % works.length;
    times[at] = timed(clock, works[at]!);
  }
  return times;
}

async function stormFigure({ clock, storm }: BenchOptions): Promise<Figure> {
  const rates: number[] = [];
  for (let round = 0; round < 3; round++) {
    const simulation = await Simulation.create(storm.scenario, storm.program);
    const began = clock();
    while (!simulation.isOver) simulation.advance(256);
    rates.push(simulation.result().steps / (clock() - began));
    simulation.end();
  }
  return {
    what: "events of a fault storm",
    value: median(rates) * 1000,
    unit: "a second",
    ratio: null,
    noise: null,
    baseline: null,
  };
}

async function exploreFigures(clock: () => number): Promise<Figure[]> {
  const machine = await ExploreMachine.create();
  const rates: number[] = [];
  for (let round = 0; round < 3; round++) {
    let states = 0;
    const began = clock();
    for (const { id } of BUILTIN_PROTOCOLS) {
      for (const operation of MATRIX_IDS) {
        const result = await explore({
          protocol: id,
          operation,
          machine,
          properties: ["stale-read", "stale-write", "readonly-write", "device-failure"],
        });
        states += result.states;
      }
    }
    rates.push(states / (clock() - began));
  }
  await explore({ ...LARGE_WORLD, machine, properties: ["stale-read"] });
  return [
    {
      what: "explored states of the default matrix",
      value: median(rates) * 1000,
      unit: "a second",
      ratio: null,
      noise: null,
      baseline: null,
    },
    {
      what: `a stored state among ${machine.states.toLocaleString("en")}`,
      value: machine.bytes / machine.states,
      unit: "bytes",
      ratio: null,
      noise: null,
      baseline: null,
    },
  ];
}

/** From nothing compiled in this process to a first counterexample; the engine may have a cache. */
async function coldStart(clock: () => number): Promise<Figure> {
  const began = clock();
  await explore({ protocol: "none", operation: "munmap", machine: await ExploreMachine.create() });
  return {
    what: "a machine and its first counterexample",
    value: clock() - began,
    unit: "ms",
    ratio: null,
    noise: null,
    baseline: null,
  };
}

function timed(clock: () => number, work: () => unknown): number {
  const began = clock();
  work();
  return clock() - began;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

/**
 * Explores every interleaving of a small world and says of each property whether it holds.
 *
 * The core works in slices, so that progress, interruptions and the page of a browser get their
 * turn between two of them.
 */
import { clockMs, pause } from "#platform";
import { z } from "zod";
import { ExploreEnd, ExploreMode } from "../abi/vocabulary.generated.js";
import { argumentsOf } from "../scenario/arguments.js";
import { optionShape, requestOf, requestShape } from "./arguments.js";
import { ExploreMachine, type Limits } from "./machine.js";
import { minimise } from "./minimise.js";
import {
  isExhaustive,
  MAX_BYTES,
  reductionsOf,
  searchPlan,
  type SearchOptions,
} from "./search_plan.js";
import { appliesTo, PROPERTY_IDS, type PropertyId } from "./properties.js";
import type { ExploreResult, Incomplete, PropertyResult } from "./result.js";
import { smallWorldOf, type SmallWorld, type SmallWorldInput } from "./small_world.js";
import { writeToken } from "./token.js";

export interface ExploreProgress {
  /** `served` is judged behind the other properties, on states of its own. */
  readonly stage: "safety" | "served";
  readonly states: number;
  readonly transitions: number;
}

export interface ExploreOptions extends SearchOptions {
  /** The properties that are judged; left out: all. Exploration ends when all are violated. */
  properties?: readonly PropertyId[] | undefined;
  /** States and steps after which exploration gives up. */
  maxStates?: number | undefined;
  maxDepth?: number | undefined;
  onProgress?: ((progress: ExploreProgress) => void | Promise<void>) | undefined;
  /** Stops exploration: explore() rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** A core to use again, where many worlds are explored. */
  machine?: ExploreMachine | undefined;
}

/** More than any default world has; fits the memory of a browser. */
export const MAX_STATES = 20_000_000;
/** Longer than any path without a repetition that was seen. */
const MAX_DEPTH = 1_000_000;
/** States of one slice: some hundredths of a second. The first is short: worlds may be tiny. */
const SLICE = 16_384;
const FIRST_SLICE = 1024;
/** Edges of one slice of the search for a fair cycle. */
const EDGES = 500_000;

const checkRequest = requestOf("explore");

export async function explore(request: SmallWorldInput & ExploreOptions): Promise<ExploreResult> {
  checkRequest(request);
  return exploreWorld(smallWorldOf(request), request);
}

/** As explore(), of a world that is known to make sense. */
export async function exploreWorld(
  world: SmallWorld,
  options: ExploreOptions,
): Promise<ExploreResult> {
  const wanted = options.properties ?? PROPERTY_IDS;
  const machine = options.machine ?? (await ExploreMachine.create());
  const startedAt = clockMs();
  const safety = wanted.filter((id) => id !== "served");
  const onlyServed = safety.length === 0;
  let extent = onlyServed ? null : await exploreStates(world, safety, options, machine);
  const properties = Object.fromEntries(
    safety.map((id) => [id, judge(id, world, machine, extent!.complete, isExhaustive(options))]),
  ) as Partial<Record<PropertyId, PropertyResult>>;
  if (wanted.includes("served") && !isExhaustive(options)) {
    properties.served = withoutCounterexample(false);
    extent ??= { ...NOTHING, incomplete: "not-searched" };
  } else if (wanted.includes("served")) {
    const served = await judgeServed(world, options, machine);
    properties.served = served.result;
    extent ??= served.extent;
  }
  return {
    schema: "tlbstorm.explore/1",
    protocol: world.protocol.id,
    operation: world.operation,
    devices: world.devices,
    pages: world.pages,
    retryLimit: world.retryLimit,
    ...extent!,
    method: options.method ?? "breadth-first",
    reductions: reductionsOf(options),
    seconds: (clockMs() - startedAt) / 1000,
    properties,
  };
}

type Extent = Pick<
  ExploreResult,
  "complete" | "incomplete" | "states" | "transitions" | "depth" | "bytes"
>;

const NOTHING: Extent = {
  complete: false,
  incomplete: null,
  states: 0,
  transitions: 0,
  depth: 0,
  bytes: 0,
};

const INCOMPLETE: Record<ExploreEnd, Incomplete | null> = {
  [ExploreEnd.Exhausted]: null,
  [ExploreEnd.Running]: "settled",
  [ExploreEnd.States]: "states",
  [ExploreEnd.Memory]: "memory",
  [ExploreEnd.Depth]: "depth",
  [ExploreEnd.CutOff]: "counter",
  [ExploreEnd.Hashed]: "hashed",
  [ExploreEnd.Walks]: "walks",
};

function extentOf({ states, transitions, depth, bytes }: ExploreMachine, end: ExploreEnd): Extent {
  const incomplete = INCOMPLETE[end];
  return { complete: incomplete === null, incomplete, states, transitions, depth, bytes };
}

/** Explores the states of a world, as far as it is asked to. */
async function exploreStates(
  world: SmallWorld,
  properties: readonly PropertyId[],
  options: ExploreOptions,
  machine: ExploreMachine,
): Promise<Extent> {
  machine.boot(world, searchPlan(options));
  const judged = properties.filter((id) => isJudged(id, world));
  const isSettled = () =>
    options.properties !== undefined && judged.every((id) => machine.isViolated(id));
  return extentOf(machine, await exhaust(machine, "safety", options, isSettled));
}

/**
 * Explores slice by slice, until no state is left, a limit is reached, or nothing is of interest.
 */
async function exhaust(
  machine: ExploreMachine,
  stage: ExploreProgress["stage"],
  options: ExploreOptions,
  isSettled: () => boolean,
): Promise<ExploreEnd> {
  const limits: Limits = {
    states: options.maxStates ?? MAX_STATES,
    bytes: options.maxBytes ?? MAX_BYTES,
    depth: options.maxDepth ?? MAX_DEPTH,
  };
  let end = machine.run(FIRST_SLICE, limits);
  while (end === ExploreEnd.Running && !isSettled()) {
    await betweenSlices(stage, options, machine);
    end = machine.run(SLICE, limits);
  }
  const { states, transitions } = machine;
  await options.onProgress?.({ stage, states, transitions });
  return end;
}

/** Lets progress, interruptions and other work through. */
async function betweenSlices(
  stage: ExploreProgress["stage"],
  options: ExploreOptions,
  { states, transitions }: ExploreMachine,
): Promise<void> {
  options.signal?.throwIfAborted();
  await options.onProgress?.({ stage, states, transitions });
  await pause();
}

/** `served` is about devices that never give up, whatever the limit of the world is. */
async function judgeServed(
  world: SmallWorld,
  options: ExploreOptions,
  machine: ExploreMachine,
): Promise<{ result: PropertyResult; extent: Extent }> {
  const patient = { ...world, retryLimit: 0 };
  machine.boot(patient, { mode: ExploreMode.KeepGraph });
  const end = await exhaust(machine, "served", options, () => false);
  const extent = extentOf(machine, end);
  if (end !== ExploreEnd.Exhausted && end !== ExploreEnd.CutOff) {
    return { result: withoutCounterexample(false), extent };
  }
  while (!machine.judgeServed(EDGES)) await betweenSlices("served", options, machine);
  const unserved = machine.unserved();
  if (unserved === null) return { result: withoutCounterexample(extent.complete), extent };
  const { path, loop, fairness } = unserved;
  const token = writeToken({ world: patient, property: "served", path, loop });
  return {
    result: { verdict: "violated", steps: path.length, token, shortest: false, fairness },
    extent,
  };
}

function withoutCounterexample(complete: boolean): PropertyResult {
  return { verdict: complete ? "holds" : "unknown", steps: null, token: null };
}

const checkRequests = argumentsOf("exploreAll", {
  requests: z.array(z.strictObject(requestShape)),
  options: z.strictObject(optionShape).omit({ machine: true }),
});

/** One call for each world, in one core. */
export async function exploreAll(
  requests: readonly SmallWorldInput[],
  options: Omit<ExploreOptions, "machine"> = {},
): Promise<ExploreResult[]> {
  checkRequests({ requests, options });
  const machine = await ExploreMachine.create();
  const results: ExploreResult[] = [];
  for (const request of requests) {
    results.push(await exploreWorld(smallWorldOf(request), { ...options, machine }));
  }
  return results;
}

function isJudged(id: PropertyId, world: SmallWorld): boolean {
  return appliesTo(id, world.operation, world.protocol);
}

function judge(
  id: PropertyId,
  world: SmallWorld,
  machine: ExploreMachine,
  complete: boolean,
  shortest: boolean,
): PropertyResult {
  if (!isJudged(id, world)) return { verdict: "not-applicable", steps: null, token: null };
  const found = machine.path(id);
  if (found === null) return withoutCounterexample(complete);
  const path = shortest ? found : minimise(machine, id, found);
  const token = writeToken({ world, property: id, path, loop: null });
  return { verdict: "violated", steps: path.length, token, shortest };
}

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
import type { ExploreResult, Extent, Incomplete, PropertyResult } from "./result.js";
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
/**
 * States of one slice: about a millisecond. What is settled, and whether memory is used up, is seen
 * between slices, so their size is fixed; how many of them make a turn is up to the clock.
 */
const SLICE = 1024;
/** Pieces of work of one slice of the search for a fair cycle. */
const PIECES = 16_384;
/** What a turn may take: a page that draws sixty times a second has 16 ms for everything. */
const TURN_MS = 8;

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
  const extent = onlyServed ? null : await exploreStates(world, safety, options, machine);
  const properties = Object.fromEntries(
    safety.map((id) => [id, judge(id, world, machine, extent!, isExhaustive(options))]),
  ) as Partial<Record<PropertyId, PropertyResult>>;
  const served = wanted.includes("served") ? await judgeServed(world, options, machine) : null;
  if (served !== null) properties.served = served.result;
  return {
    schema: "tlbstorm.explore/1",
    protocol: world.protocol.id,
    operation: world.operation,
    devices: world.devices,
    pages: world.pages,
    retryLimit: world.retryLimit,
    ...together(extent, served?.extent ?? null),
    method: options.method ?? "breadth-first",
    reductions: reductionsOf(options),
    seconds: (clockMs() - startedAt) / 1000,
    properties,
  };
}

/** One result of up to two searches: complete if both are. */
function together(
  safety: Extent | null,
  served: Extent | null,
): Extent & Pick<ExploreResult, "searches"> {
  const incomplete = safety?.incomplete ?? served?.incomplete ?? null;
  const complete = incomplete === null;
  return { ...(safety ?? served)!, complete, incomplete, searches: { safety, served } };
}

const NOT_SEARCHED: Extent = {
  complete: false,
  incomplete: "not-searched",
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
  const turn = new Turn(stage, options, machine);
  let end = machine.run(SLICE, limits);
  while (end === ExploreEnd.Running && !isSettled()) {
    await turn.goOn();
    end = machine.run(SLICE, limits);
  }
  const { states, transitions } = machine;
  await options.onProgress?.({ stage, states, transitions });
  return end;
}

/** Lets progress, interruptions and other work through when its time is over. */
class Turn {
  /** The first turn is one slice: whoever looks sees at once that something happens. */
  private startedAt = -Infinity;

  constructor(
    private readonly stage: ExploreProgress["stage"],
    private readonly options: ExploreOptions,
    private readonly machine: ExploreMachine,
  ) {}

  async goOn(): Promise<void> {
    const { stage, options, machine } = this;
    options.signal?.throwIfAborted();
    if (clockMs() - this.startedAt < TURN_MS) return;
    await options.onProgress?.({ stage, states: machine.states, transitions: machine.transitions });
    await pause();
    this.startedAt = clockMs();
  }
}

/** `served` is about devices that never give up, whatever the limit of the world is. */
async function judgeServed(
  world: SmallWorld,
  options: ExploreOptions,
  machine: ExploreMachine,
): Promise<{ result: PropertyResult; extent: Extent }> {
  if (!isExhaustive(options)) {
    return { result: withoutCounterexample(NOT_SEARCHED), extent: NOT_SEARCHED };
  }
  const patient = { ...world, retryLimit: 0 };
  machine.boot(patient, { mode: ExploreMode.KeepGraph });
  const end = await exhaust(machine, "served", options, () => false);
  const extent = extentOf(machine, end);
  if (end !== ExploreEnd.Exhausted && end !== ExploreEnd.CutOff) {
    return { result: withoutCounterexample(extent), extent };
  }
  const turn = new Turn("served", options, machine);
  while (!machine.judgeServed(PIECES)) await turn.goOn();
  const unserved = machine.unserved();
  if (unserved === null) return { result: withoutCounterexample(extent), extent };
  const { path, loop, fairness } = unserved;
  const token = writeToken({ world: patient, property: "served", path, loop });
  return {
    result: { verdict: "violated", steps: path.length, token, shortest: false, fairness },
    extent,
  };
}

function withoutCounterexample({ incomplete }: Extent): PropertyResult {
  const nothing = { steps: null, token: null };
  return incomplete === null
    ? { verdict: "holds", ...nothing }
    : { verdict: "unknown", ...nothing, incomplete };
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
  extent: Extent,
  shortest: boolean,
): PropertyResult {
  if (!isJudged(id, world)) return { verdict: "not-applicable", steps: null, token: null };
  const found = machine.path(id);
  if (found === null) return withoutCounterexample(extent);
  const path = shortest ? found : minimise(machine, id, found);
  const token = writeToken({ world, property: id, path, loop: null });
  return { verdict: "violated", steps: path.length, token, shortest };
}

/**
 * Explores every interleaving of a small world and says of each property whether it holds.
 *
 * The core works in slices, so that progress, interruptions and the page of a browser get their
 * turn between two of them.
 */
import { clockMs, pause } from "#platform";
import { ExploreMachine } from "./machine.js";
import type { OperationId } from "./operations.js";
import { appliesTo, PROPERTY_IDS, type PropertyId } from "./properties.js";
import { resolveSmallWorld, type SmallWorld, type SmallWorldInput } from "./small_world.js";
import { writeToken } from "./token.js";

export type Verdict =
  | "holds"
  | "violated"
  | "not-applicable"
  /** Exploration ended before every state was seen, and no violation was met. */
  | "unknown";

export interface PropertyResult {
  readonly verdict: Verdict;
  /** Steps of a shortest counterexample. */
  readonly steps: number | null;
  /** Repeats the counterexample. */
  readonly token: string | null;
  /**
   * Of a violated `served`: weak if the run keeps something waiting that is possible again and
   * again, strong if it does not.
   */
  readonly fairness?: "weak" | "strong";
}

/** What `tlbstorm explore --json` prints. */
export interface ExploreResult {
  readonly schema: "tlbstorm.explore/1";
  readonly protocol: string;
  readonly operation: OperationId;
  readonly devices: number;
  readonly pages: number;
  /** 0: unlimited. */
  readonly retryLimit: number;
  /** Every reachable state was seen. */
  readonly complete: boolean;
  readonly states: number;
  readonly transitions: number;
  readonly seconds: number;
  readonly properties: Readonly<Partial<Record<PropertyId, PropertyResult>>>;
}

export interface ExploreProgress {
  /** `served` is judged behind the other properties, on states of its own. */
  readonly stage: "safety" | "served";
  readonly states: number;
  readonly transitions: number;
}

export interface ExploreOptions {
  /** The properties that are judged; left out: all. Exploration ends when all are violated. */
  properties?: readonly PropertyId[] | undefined;
  /** States after which exploration gives up. */
  maxStates?: number | undefined;
  onProgress?: ((progress: ExploreProgress) => void | Promise<void>) | undefined;
  /** Stops exploration: explore() rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  /** A core to use again, where many worlds are explored. */
  machine?: ExploreMachine | undefined;
}

/** More than any default world has; fits the memory of a browser. */
export const MAX_STATES = 20_000_000;
/** States of one slice: some hundredths of a second. The first is short: worlds may be tiny. */
const SLICE = 16_384;
const FIRST_SLICE = 1024;
/** Edges of one slice of the search for a fair cycle. */
const EDGES = 500_000;

export async function explore(request: SmallWorldInput & ExploreOptions): Promise<ExploreResult> {
  return exploreWorld(resolveSmallWorld(request), request);
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
    safety.map((id) => [id, judge(id, world, machine, extent!.complete)]),
  ) as Partial<Record<PropertyId, PropertyResult>>;
  if (wanted.includes("served")) {
    properties.served = await judgeServed(world, options, machine);
    extent ??= extentOf(machine, properties.served.verdict !== "unknown");
  }
  return {
    schema: "tlbstorm.explore/1",
    protocol: world.protocol.id,
    operation: world.operation,
    devices: world.devices,
    pages: world.pages,
    retryLimit: world.retryLimit,
    ...extent!,
    seconds: (clockMs() - startedAt) / 1000,
    properties,
  };
}

type Extent = Pick<ExploreResult, "complete" | "states" | "transitions">;

function extentOf({ states, transitions }: ExploreMachine, complete: boolean): Extent {
  return { complete, states, transitions };
}

/** Explores the states of a world, as far as it is asked to. */
async function exploreStates(
  world: SmallWorld,
  properties: readonly PropertyId[],
  options: ExploreOptions,
  machine: ExploreMachine,
): Promise<Extent> {
  machine.boot(world);
  const judged = properties.filter((id) => isJudged(id, world));
  const isSettled = () =>
    options.properties !== undefined && judged.every((id) => machine.path(id) !== null);
  const isDone = await exhaust(machine, "safety", options, isSettled);
  return extentOf(machine, isDone && !machine.isCutOff);
}

/** Explores slice by slice; true: no state is left. */
async function exhaust(
  machine: ExploreMachine,
  stage: ExploreProgress["stage"],
  options: ExploreOptions,
  isSettled: () => boolean,
): Promise<boolean> {
  const { maxStates = MAX_STATES } = options;
  let slice = FIRST_SLICE;
  while (!machine.run(slice, maxStates)) {
    if (isSettled() || machine.states >= maxStates) return false;
    await betweenSlices(stage, options, machine);
    slice = SLICE;
  }
  const { states, transitions } = machine;
  await options.onProgress?.({ stage, states, transitions });
  return true;
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
): Promise<PropertyResult> {
  const patient = { ...world, retryLimit: 0 };
  machine.boot(patient, true);
  const isDone = await exhaust(machine, "served", options, () => false);
  if (!isDone) return withoutCounterexample(false);
  while (!machine.judgeServed(EDGES)) await betweenSlices("served", options, machine);
  const unserved = machine.unserved();
  if (unserved === null) return withoutCounterexample(!machine.isCutOff);
  const { path, loop, fairness } = unserved;
  const token = writeToken({ world: patient, property: "served", path, loop });
  return { verdict: "violated", steps: path.length, token, fairness };
}

function withoutCounterexample(complete: boolean): PropertyResult {
  return { verdict: complete ? "holds" : "unknown", steps: null, token: null };
}

/** One call for each world, in one core. */
export async function exploreAll(
  requests: readonly SmallWorldInput[],
  options: Omit<ExploreOptions, "machine"> = {},
): Promise<ExploreResult[]> {
  const machine = await ExploreMachine.create();
  const results: ExploreResult[] = [];
  for (const request of requests) {
    results.push(await explore({ ...request, ...options, machine }));
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
): PropertyResult {
  if (!isJudged(id, world)) return { verdict: "not-applicable", steps: null, token: null };
  const path = machine.path(id);
  if (path === null) return withoutCounterexample(complete);
  const token = writeToken({ world, property: id, path, loop: null });
  return { verdict: "violated", steps: path.length, token };
}

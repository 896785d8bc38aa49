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
/** States of one slice: some hundredths of a second. */
const SLICE = 16_384;
/** Edges of one slice of the search for a fair cycle. */
const EDGES = 500_000;

export async function explore(request: SmallWorldInput & ExploreOptions): Promise<ExploreResult> {
  const world = resolveSmallWorld(request);
  const wanted = request.properties ?? PROPERTY_IDS;
  const machine = request.machine ?? (await ExploreMachine.create());
  const startedAt = clockMs();
  const safety = wanted.filter((id) => id !== "served");
  const complete = await exploreStates(world, request, machine, safety);
  const { states, transitions } = machine;
  const judged = safety.map((id) => [id, judge(id, world, machine, complete)] as const);
  const served = wanted.includes("served") ? await judgeServed(world, request, machine) : null;
  return {
    schema: "tlbstorm.explore/1",
    protocol: world.protocol.id,
    operation: world.operation,
    devices: world.devices,
    pages: world.pages,
    retryLimit: world.retryLimit,
    complete,
    states,
    transitions,
    seconds: (clockMs() - startedAt) / 1000,
    properties: { ...Object.fromEntries(judged), ...(served === null ? {} : { served }) },
  };
}

/** Explores the states of a world; true: all of them. */
async function exploreStates(
  world: SmallWorld,
  options: ExploreOptions,
  machine: ExploreMachine,
  properties: readonly PropertyId[],
): Promise<boolean> {
  const { maxStates = MAX_STATES } = options;
  machine.boot(world);
  const judged = properties.filter((id) => isJudged(id, world));
  const isSettled = () =>
    options.properties !== undefined && judged.every((id) => machine.path(id) !== null);
  let complete = machine.run(1, maxStates);
  while (!complete && !isSettled() && machine.states < maxStates) {
    complete = machine.run(SLICE, maxStates);
    await betweenSlices("safety", options, machine);
  }
  return complete;
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
  const { maxStates = MAX_STATES } = options;
  const patient = { ...world, retryLimit: 0 };
  machine.boot(patient, true);
  while (!machine.run(SLICE, maxStates)) {
    if (machine.states >= maxStates) return { verdict: "unknown", steps: null, token: null };
    await betweenSlices("served", options, machine);
  }
  while (!machine.judgeServed(EDGES)) await betweenSlices("served", options, machine);
  const unserved = machine.unserved();
  if (unserved === null) return { verdict: "holds", steps: null, token: null };
  const { path, loop, fairness } = unserved;
  const token = writeToken({ world: patient, property: "served", path, loop });
  return { verdict: "violated", steps: path.length, token, fairness };
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
  if (path === null) return { verdict: complete ? "holds" : "unknown", steps: null, token: null };
  const token = writeToken({ world, property: id, path, loop: null });
  return { verdict: "violated", steps: path.length, token };
}

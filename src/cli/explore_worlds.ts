/** What `tlbstorm explore` does: explores one world, or a matrix of them. */
import { replayToken } from "../explore/counterexample.js";
import { explain, type Prevention } from "../explore/explain.js";
import { explore, type ExploreProgress } from "../explore/explore.js";
import type { ExploreResult } from "../explore/result.js";
import { ExploreMachine } from "../explore/machine.js";
import { exploreMutations, type MutateResult } from "../explore/mutate.js";
import type { PropertyId } from "../explore/properties.js";
import { resolveSmallWorld } from "../explore/small_world.js";
import { formatTimeline } from "../explore/timeline.js";
import { checkLitmusFiles } from "./check_litmus.js";
import type { ExploreOptions } from "./commands/explore.js";
import {
  describeWorld,
  formatMatrix,
  formatMutations,
  formatPreventions,
  formatResult,
} from "./explore_report.js";
import { exploreManySchedules } from "./explore_schedules.js";
import { writeExploreFiles } from "./explore_files.js";
import type { ExploreRequest } from "./explore_request.js";
import { withProgress } from "./progress.js";
import type { CommandResult } from "./result.js";

export async function exploreWorlds(
  requests: ExploreRequest[],
  options: ExploreOptions,
): Promise<CommandResult> {
  if (options.litmusCheck !== undefined) return checkLitmusFiles(options.litmusCheck, options);
  if (options.schedules !== undefined) return exploreManySchedules(options.schedules, options);
  const machine = await ExploreMachine.create();
  if (options.mutate) return exploreMutants(requests, options, machine);
  if (options.all) return exploreMatrix(requests, options, machine);
  return exploreOne(requests[0]!, options, machine);
}

/** A driver that waits for itself breaks no rule of the mm's, and is safe for that alone. */
const NEVER_ENDS =
  "deadlock: the operation never comes to its end; the protocol holds it up in every order of steps";

async function exploreOne(
  request: ExploreRequest,
  options: ExploreOptions,
  machine: ExploreMachine,
): Promise<CommandResult> {
  const result = await withProgress("exploring, states", null, options, (progress) => {
    const onProgress = ({ states }: ExploreProgress) => progress.update(states);
    return explore({ ...request, ...limits(options), machine, onProgress });
  });
  const neverEnds = result.complete && result.method === "breadth-first" && !machine.ends;
  const world = resolveSmallWorld(request);
  const parts = [describeWorld(world), formatResult(result)];
  if (neverEnds) parts.push(NEVER_ENDS);
  const shortest = shortestViolation(result);
  const example = shortest === null ? null : await replayToken(shortest.token, machine);
  if (example !== null) parts.push(formatTimeline(example, { states: options.states }));
  const [asked] = options.properties ?? [];
  const claim = asked === undefined ? null : { world, property: asked };
  await writeExploreFiles(options, example, claim, machine);
  const explained =
    shortest === null || !options.explain || shortest.fairness === "weak"
      ? null
      : await explain(world, shortest.property, result, { ...limits(options), machine });
  if (explained !== null) parts.push(formatPreventions(shortest!.property, explained));
  return {
    json: {
      ...result,
      ...(neverEnds ? { deadlocked: true } : {}),
      ...(explained === null ? {} : { explained: inShort(shortest!.property, explained) }),
    },
    text: parts.join("\n\n"),
    found: isViolated(result) || neverEnds,
  };
}

/** What would have prevented a violation, as JSON. */
function inShort(property: PropertyId, preventions: readonly Prevention[]) {
  const short = preventions.map(({ kind, text, breaks, mends }) => ({ kind, text, breaks, mends }));
  return { property, preventions: short };
}

async function exploreMutants(
  requests: ExploreRequest[],
  options: ExploreOptions,
  machine: ExploreMachine,
): Promise<CommandResult> {
  const results: MutateResult[] = [];
  await withProgress("exploring mutations", requests.length, options, async (progress) => {
    for (const request of requests) {
      await progress.update(results.length, request.operation);
      results.push(await exploreMutations({ ...request, ...limits(options), machine }));
    }
  });
  const texts = requests.map(
    (request, at) =>
      `${describeWorld(resolveSmallWorld(request))}\n\n${formatMutations(results[at]!)}`,
  );
  return {
    json: options.all
      ? { schema: "tlbstorm.explore-mutations-matrix/1", cells: results }
      : results[0]!,
    text: texts.join("\n\n"),
    found: results.some(({ base }) => isViolated(base)),
  };
}

async function exploreMatrix(
  requests: ExploreRequest[],
  options: ExploreOptions,
  machine: ExploreMachine,
): Promise<CommandResult> {
  const cells: ExploreResult[] = [];
  await withProgress("exploring", requests.length, options, async (progress) => {
    for (const request of requests) {
      await progress.update(cells.length, request.operation);
      cells.push(await explore({ ...request, ...limits(options), machine }));
    }
  });
  return {
    json: { schema: "tlbstorm.explore-matrix/1", cells },
    text: formatMatrix(cells),
    found: cells.some(isViolated),
  };
}

function limits(options: ExploreOptions) {
  const { properties, maxStates, maxBytes, maxDepth, symmetry, partialOrder } = options;
  const { method, seed, walks } = options;
  const bounds = { maxStates, maxBytes, maxDepth };
  const common = { ...bounds, symmetry, partialOrder, method, seed, walks };
  return properties === null ? common : { ...common, properties };
}

function isViolated({ properties }: ExploreResult): boolean {
  return Object.values(properties).some(({ verdict }) => verdict === "violated");
}

interface Violation {
  readonly property: PropertyId;
  readonly token: string;
  readonly fairness: "weak" | "strong" | undefined;
}

/** The shortest counterexample, if there is any. */
function shortestViolation({ properties }: ExploreResult): Violation | null {
  const violated = Object.entries(properties).filter(([, { verdict }]) => verdict === "violated");
  const [shortest] = violated.sort(([, a], [, b]) => a.steps! - b.steps!);
  if (shortest === undefined) return null;
  const [property, { token, fairness }] = shortest;
  return { property: property as PropertyId, token: token!, fairness };
}

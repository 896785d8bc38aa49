/** What `tlbstorm explore` does: explores one world, or a matrix of them. */
import { replayToken, type Counterexample } from "../explore/counterexample.js";
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
  unknownText,
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
  const shortest = shortestViolation(result);
  const unserved = await counterexampleOf("served", result, machine);
  const example =
    shortest === null ? null : await counterexampleOf(shortest.property, result, machine);
  const parts = [describeWorld(world), formatResult(result, unserved)];
  if (neverEnds) parts.push(NEVER_ENDS);
  if (example !== null) parts.push(formatTimeline(example, { states: options.states }));
  const [asked, ...others] = options.properties ?? [];
  const claim = asked === undefined || others.length > 0 ? null : { world, property: asked };
  await writeExploreFiles(options, example, claim, machine);
  const explained =
    shortest === null || !options.explain || shortest.fairness === "weak"
      ? null
      : await explain(world, shortest.property, result, { ...searchOf(options), machine });
  if (explained !== null) parts.push(formatPreventions(shortest!.property, explained));
  return {
    json: {
      ...result,
      ...(neverEnds ? { deadlocked: true } : {}),
      ...(explained === null ? {} : { explained: inShort(shortest!.property, explained) }),
    },
    text: parts.join("\n\n"),
    found: isViolated(result) || neverEnds,
    unknown: unknownText(result),
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
    unknown: unknownOf(results.map(({ base }) => base)),
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
    unknown: unknownOf(cells),
  };
}

/** Of several worlds how many have properties that nobody knows about. */
function unknownOf(results: readonly ExploreResult[]): string | null {
  const texts = results.map(unknownText).filter((text) => text !== null);
  return texts.length === 0 ? null : `${texts.length} of ${results.length} worlds: ${texts[0]!}`;
}

function limits(options: ExploreOptions) {
  const search = searchOf(options);
  return options.properties === null ? search : { ...search, properties: options.properties };
}

/** How worlds are searched, whatever is asked about them. */
function searchOf(options: ExploreOptions) {
  const { maxStates, maxBytes, maxDepth, symmetry, partialOrder, method, seed, walks } = options;
  return { maxStates, maxBytes, maxDepth, symmetry, partialOrder, method, seed, walks };
}

function isViolated({ properties }: ExploreResult): boolean {
  return Object.values(properties).some(({ verdict }) => verdict === "violated");
}

interface Violation {
  readonly property: PropertyId;
  readonly fairness: "weak" | "strong" | undefined;
}

/** The run that violates a property; null: there is none. */
async function counterexampleOf(
  property: PropertyId,
  { properties }: ExploreResult,
  machine: ExploreMachine,
): Promise<Counterexample | null> {
  const token = properties[property]?.token ?? null;
  return token === null ? null : replayToken(token, machine);
}

/** The shortest counterexample, if there is any; one that ends before one that does not. */
function shortestViolation({ properties }: ExploreResult): Violation | null {
  const violated = Object.entries(properties).filter(([, { verdict }]) => verdict === "violated");
  const isEndless = (id: string) => Number(id === "served");
  const [shortest] = violated.sort(
    ([id, a], [other, b]) => isEndless(id) - isEndless(other) || a.steps! - b.steps!,
  );
  if (shortest === undefined) return null;
  const [property, { fairness }] = shortest;
  return { property: property as PropertyId, fairness };
}

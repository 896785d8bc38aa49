/** What `tlbstorm explore` does: explores one world, or a matrix of them. */
import { replayToken } from "../explore/counterexample.js";
import { explore, type ExploreResult } from "../explore/explore.js";
import { ExploreMachine } from "../explore/machine.js";
import { resolveSmallWorld } from "../explore/small_world.js";
import { formatTimeline } from "../explore/timeline.js";
import type { ExploreOptions } from "./commands/explore.js";
import { describeWorld, formatMatrix, formatResult } from "./explore_report.js";
import type { ExploreRequest } from "./explore_request.js";
import { startProgress } from "./progress.js";
import type { CommandResult } from "./result.js";

export async function exploreWorlds(
  requests: ExploreRequest[],
  options: ExploreOptions,
): Promise<CommandResult> {
  const machine = await ExploreMachine.create();
  if (options.all) return exploreMatrix(requests, options, machine);
  const request = requests[0]!;
  const progress = startProgress("exploring, states", null, options);
  const result = await explore({
    ...request,
    ...limits(options),
    machine,
    onProgress: ({ states }) => progress.update(states),
  });
  progress.end();
  const world = resolveSmallWorld(request);
  const parts = [describeWorld(world), formatResult(result)];
  const token = shortestToken(result);
  if (token !== null) parts.push(formatTimeline(await replayToken(token, machine), options));
  return { json: result, text: parts.join("\n\n"), found: isViolated(result) };
}

async function exploreMatrix(
  requests: ExploreRequest[],
  options: ExploreOptions,
  machine: ExploreMachine,
): Promise<CommandResult> {
  const progress = startProgress("exploring", requests.length, options);
  const cells: ExploreResult[] = [];
  for (const request of requests) {
    await progress.update(cells.length, request.operation);
    cells.push(await explore({ ...request, ...limits(options), machine }));
  }
  progress.end();
  return {
    json: { schema: "tlbstorm.explore-matrix/1", cells },
    text: formatMatrix(cells),
    found: cells.some(isViolated),
  };
}

function limits({ properties, maxStates }: ExploreOptions) {
  return { ...(properties === null ? {} : { properties }), maxStates };
}

function isViolated({ properties }: ExploreResult): boolean {
  return Object.values(properties).some(({ verdict }) => verdict === "violated");
}

/** The token of the shortest counterexample, if there is any. */
function shortestToken({ properties }: ExploreResult): string | null {
  const violated = Object.values(properties).filter(({ verdict }) => verdict === "violated");
  const [shortest] = violated.sort((a, b) => a.steps! - b.steps!);
  return shortest?.token ?? null;
}

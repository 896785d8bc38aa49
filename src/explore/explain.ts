/**
 * Explains a violation by what would have prevented it: each single change of the protocol is
 * explored, and those are kept under which the property holds.
 */
import { z } from "zod";
import { argumentsOf, made } from "../scenario/arguments.js";
import { optionShape, propertyArgument, worldArgument } from "./arguments.js";
import { exploreWorld, type ExploreOptions } from "./explore.js";
import { ExploreMachine } from "./machine.js";
import type { PropertyId } from "./properties.js";
import { repairsOf, type RepairKind } from "./repairs.js";
import type { ExploreResult } from "./result.js";
import type { SmallWorld } from "./small_world.js";

export interface Prevention {
  readonly kind: RepairKind;
  /** Begins with `had`: what would have prevented the violation. */
  readonly text: string;
  /** Properties that hold without the change and are violated with it. */
  readonly breaks: readonly PropertyId[];
  /** Properties that are violated without the change and hold with it. */
  readonly mends: readonly PropertyId[];
  readonly explored: ExploreResult;
}

/** How many clean changes are enough, and how many states are worth looking for them. */
const ENOUGH = 3;
const STATES_MAX = 1_000_000;

const checkArguments = argumentsOf("explain", {
  world: worldArgument,
  property: propertyArgument,
  base: made("an exploration", ["schema", "properties", "states"], "await explore(request)"),
  options: z.strictObject(optionShape),
});

/** What would have prevented the violation, the best change first; `base` is the world as it is. */
export async function explain(
  world: SmallWorld,
  property: PropertyId,
  base: ExploreResult,
  options: Omit<ExploreOptions, "properties"> = {},
): Promise<Prevention[]> {
  checkArguments({ world, property, base, options });
  const machine = options.machine ?? (await ExploreMachine.create());
  const found: Prevention[] = [];
  let states = 0;
  for (const { kind, text, protocol } of repairsOf(world.protocol)) {
    const changed = { ...world, protocol };
    const one = await exploreWorld(changed, { ...options, machine, properties: [property] });
    states += one.states;
    if (one.properties[property]!.verdict === "holds" && machine.endsTidily) {
      const explored = await exploreWorld(changed, { ...options, machine });
      const breaks = turned(base, explored, "holds", "violated");
      const mends = turned(base, explored, "violated", "holds");
      found.push({ kind, text, breaks, mends, explored });
    }
    const clean = found.filter(({ breaks }) => breaks.length === 0);
    if (clean.length >= ENOUGH || states > STATES_MAX) break;
  }
  return found.sort((a, b) => a.breaks.length - b.breaks.length || b.mends.length - a.mends.length);
}

function turned(
  from: ExploreResult,
  to: ExploreResult,
  before: "holds" | "violated",
  after: "holds" | "violated",
): PropertyId[] {
  const ids = Object.keys(from.properties) as PropertyId[];
  return ids.filter(
    (id) => from.properties[id]!.verdict === before && to.properties[id]!.verdict === after,
  );
}

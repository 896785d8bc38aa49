/**
 * Explains a violation by what would have prevented it: each single change of the protocol is
 * explored, and those are kept under which the property holds. What a change does to the other
 * properties is judged as well, whichever of them the caller asked for.
 */
import { z } from "zod";
import { argumentsOf, made } from "../scenario/arguments.js";
import { optionShape, propertyArgument, worldArgument } from "./arguments.js";
import { exploreWorld, type ExploreOptions } from "./explore.js";
import { ExploreMachine } from "./machine.js";
import { PROPERTY_IDS, type PropertyId } from "./properties.js";
import { repairsOf, type RepairKind } from "./repairs.js";
import type { ExploreResult } from "./result.js";
import type { SmallWorld } from "./small_world.js";

export interface Prevention {
  readonly kind: RepairKind;
  /** Begins with `had`: what would have prevented the violation. */
  readonly text: string;
  /** Properties that are violated with the change only. */
  readonly breaks: readonly PropertyId[];
  /** Properties that are violated without it only. */
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
  // Callers without types may hand over their own choice of properties.
  const whole = { ...options, machine, properties: undefined };
  const isWhole = PROPERTY_IDS.every((id) => base.properties[id] !== undefined);
  const before = isWhole ? base : await exploreWorld(world, whole);
  const found: Prevention[] = [];
  let states = 0;
  for (const { kind, text, protocol } of repairsOf(world.protocol)) {
    const changed = { ...world, protocol };
    const one = await exploreWorld(changed, { ...whole, properties: [property] });
    states += one.states;
    if (one.properties[property]!.verdict === "holds" && machine.endsTidily) {
      const explored = await exploreWorld(changed, whole);
      const breaks = violatedOnlyIn(explored, before);
      const mends = violatedOnlyIn(before, explored);
      found.push({ kind, text, breaks, mends, explored });
    }
    const clean = found.filter(({ breaks }) => breaks.length === 0);
    if (clean.length >= ENOUGH || states > STATES_MAX) break;
  }
  return found.sort((a, b) => a.breaks.length - b.breaks.length || b.mends.length - a.mends.length);
}

function violatedOnlyIn(one: ExploreResult, other: ExploreResult): PropertyId[] {
  const isViolated = ({ properties }: ExploreResult, id: PropertyId) =>
    properties[id]?.verdict === "violated";
  return PROPERTY_IDS.filter((id) => isViolated(one, id) && !isViolated(other, id));
}

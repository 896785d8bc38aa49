/** Explores every mutation of a protocol: which property each step of the driver is there for. */
import { builtinProtocol } from "../protocols/catalogue.js";
import { requestOf } from "./arguments.js";
import { exploreWorld, type ExploreOptions } from "./explore.js";
import { ExploreMachine } from "./machine.js";
import { mutationsOf, type MutationKind } from "./mutations.js";
import type { PropertyId } from "./properties.js";
import type { ExploreResult } from "./result.js";
import { smallWorldOf, type SmallWorld, type SmallWorldInput } from "./small_world.js";

export interface MutationResult {
  readonly kind: MutationKind;
  readonly text: string;
  /** The properties that hold without the mutation and are violated with it. */
  readonly breaks: readonly PropertyId[];
  readonly explored: ExploreResult;
}

/** What `tlbstorm explore --mutate --json` prints. */
export interface MutateResult {
  readonly schema: "tlbstorm.explore-mutations/1";
  readonly base: ExploreResult;
  readonly mutations: readonly MutationResult[];
  /**
   * The properties that hold and that no mutation breaks: the protocol is not what makes them hold.
   */
  readonly vacuous: readonly PropertyId[];
  /**
   * Of these the ones that hold with no notification at all: the operation does nothing that could
   * violate them.
   */
  readonly unnotified: readonly PropertyId[];
}

const checkRequest = requestOf("exploreMutations");

export async function exploreMutations(
  request: SmallWorldInput & ExploreOptions,
): Promise<MutateResult> {
  checkRequest(request);
  const world = smallWorldOf(request);
  const machine = request.machine ?? (await ExploreMachine.create());
  const options = { ...request, machine };
  const base = await exploreWorld(world, options);
  const mutations: MutationResult[] = [];
  for (const { kind, text, protocol } of mutationsOf(world.protocol)) {
    const explored = await exploreWorld({ ...world, protocol }, options);
    mutations.push({ kind, text, breaks: brokenIn(base, explored), explored });
  }
  const broken = new Set(mutations.flatMap(({ breaks }) => breaks));
  const vacuous = heldBy(base).filter((id) => !broken.has(id));
  const unnotified = await heldWithoutNotification(world, vacuous, options);
  return { schema: "tlbstorm.explore-mutations/1", base, mutations, vacuous, unnotified };
}

async function heldWithoutNotification(
  world: SmallWorld,
  vacuous: readonly PropertyId[],
  options: ExploreOptions,
): Promise<PropertyId[]> {
  if (vacuous.length === 0) return [];
  const bare = { ...world, protocol: builtinProtocol("none")! };
  const held = heldBy(await exploreWorld(bare, { ...options, properties: vacuous }));
  return vacuous.filter((id) => held.includes(id));
}

function heldBy({ properties }: ExploreResult): PropertyId[] {
  const ids = Object.keys(properties) as PropertyId[];
  return ids.filter((id) => properties[id]!.verdict === "holds");
}

function brokenIn(base: ExploreResult, mutated: ExploreResult): PropertyId[] {
  return heldBy(base).filter((id) => mutated.properties[id]!.verdict === "violated");
}

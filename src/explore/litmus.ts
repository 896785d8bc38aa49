/**
 * Litmus files: one race, whether it can happen, and how many interleavings show it.
 *
 * Models: the habit of linux tools/memory-model/litmus-tests: the result stands first, `Never` or
 *         `Sometimes`. The number of interleavings is part of the claim: if it changes, the world
 *         has got more or fewer behaviours.
 */
import { parse, stringify } from "yaml";
import { z } from "zod";
import { ExploreEnd } from "../abi/vocabulary.generated.js";
import { ProtocolSchema } from "../protocols/schema.js";
import { InvalidScenario } from "../scenario/index.js";
import { replayToken } from "./counterexample.js";
import type { ExploreMachine } from "./machine.js";
import { OPERATION_IDS } from "./operations.js";
import { PROPERTIES, PROPERTY_IDS, type PropertyId } from "./properties.js";
import { protocolText, resolveSmallWorld, type SmallWorld } from "./small_world.js";
import { formatTimeline } from "./timeline.js";
import { readToken, writeToken } from "./token.js";

const LitmusSchema = z.strictObject({
  litmus: z.string(),
  result: z.enum(["Never", "Sometimes"]),
  because: z.string(),
  world: z.strictObject({
    protocol: z.union([z.string(), ProtocolSchema]),
    operation: z.enum(OPERATION_IDS),
    devices: z.int(),
    pages: z.int(),
    retryLimit: z.union([z.int(), z.literal("unlimited")]),
  }),
  exists: z.enum(PROPERTY_IDS).describe("the property whose violation is asked for"),
  interleavings: z
    .strictObject({
      steps: z.int().describe("the length of the runs that are counted"),
      violating: z.string().describe("those whose last step violates the property"),
      all: z.string(),
    })
    .describe("whole numbers in decimal digits; they may be longer than a number of JSON"),
  token: z.string().optional(),
  timeline: z.string().optional(),
});

export type Litmus = z.output<typeof LitmusSchema>;

/** Runs of so many steps are counted where none violates the property. */
const STEPS_OF_NEVER = 12;

/** What a world says about a property, as a litmus file; the world can be explored as a whole. */
export async function litmusOf(
  world: SmallWorld,
  property: Exclude<PropertyId, "served">,
  machine: ExploreMachine,
): Promise<Litmus> {
  machine.boot(world);
  const end = machine.run(STATES_MAX, { states: STATES_MAX, bytes: 2 ** 31, depth: STATES_MAX });
  if (end !== ExploreEnd.Exhausted) throw tooLarge();
  const path = machine.path(property);
  const steps = path?.length ?? STEPS_OF_NEVER;
  const all = machine.countRuns(steps);
  const violating = machine.violatingRuns(property);
  const { operation, devices, pages } = world;
  const retryLimit = world.retryLimit === 0 ? "unlimited" : world.retryLimit;
  const claim: Litmus = {
    litmus: `${world.protocol.id} ${operation} ${property}`,
    result: path === null ? "Never" : "Sometimes",
    because: PROPERTIES[property].rule,
    world: { protocol: protocolText(world.protocol), operation, devices, pages, retryLimit },
    exists: property,
    interleavings: { steps, violating: violating.toString(), all: all.toString() },
  };
  if (path === null) return claim;
  const token = writeToken({ world, property, path, loop: null });
  const timeline = `${formatTimeline(await replayToken(token, machine))}\n`;
  return { ...claim, token, timeline };
}

const STATES_MAX = 2_000_000;

function tooLarge(): InvalidScenario {
  const problem = "the world is too large to count its interleavings";
  const nothing = { file: null, line: null, column: null, path: "explore" };
  return new InvalidScenario([{ ...nothing, problem, hint: "take fewer devices or pages" }]);
}

/** The file: the result first, for those who look for nothing else. */
export function formatLitmus(litmus: Litmus): string {
  return `# Result: ${litmus.result}\n${stringify(litmus, { lineWidth: 0 })}`;
}

export function parseLitmus(text: string): Litmus {
  return LitmusSchema.parse(parse(text));
}

/** The world of a litmus file. */
export function worldOf({ world }: Litmus): SmallWorld {
  const { retryLimit, ...rest } = world;
  return resolveSmallWorld({ ...rest, retryLimit });
}

/** A litmus file for what a token names. */
export async function litmusOfToken(token: string, machine: ExploreMachine): Promise<Litmus> {
  const { world, property } = readToken(token);
  return litmusOf(world, property as Exclude<PropertyId, "served">, machine);
}

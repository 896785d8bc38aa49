/**
 * Litmus files: one race, whether it can happen, and how many interleavings show it.
 *
 * Models: the habit of linux tools/memory-model/litmus-tests: the result stands first, `Never` or
 *         `Sometimes`. The number of interleavings is part of the claim: if it changes, the world
 *         has got more or fewer behaviours.
 */
import { stringify } from "yaml";
import { z } from "zod";
import { ExploreEnd } from "../abi/vocabulary.generated.js";
import { ProtocolSchema } from "../protocols/schema.js";
import { ProtocolShape } from "../protocols/shape.js";
import { argumentOf, argumentsOf } from "../scenario/arguments.js";
import { InvalidScenario, type ScenarioError } from "../scenario/index.js";
import { checkValue, readDocument } from "../scenario/parse.js";
import type { Locate } from "../scenario/locate.js";
import { machineArgument, worldArgument } from "./arguments.js";
import { replayToken } from "./counterexample.js";
import type { ExploreMachine } from "./machine.js";
import { OPERATION_IDS } from "./operations.js";
import { appliesTo, PROPERTIES, SAFETY_IDS, type SafetyId } from "./properties.js";
import { protocolText, smallWorldOf, type SmallWorld } from "./small_world.js";
import { formatTimeline } from "./timeline.js";
import { writeToken } from "./token.js";

/** Decimal digits: the number may be longer than one of JSON. */
const digits = (description: string) =>
  z.string().regex(/^\d+$/, "expected decimal digits in quotes").describe(description);

const LitmusSchema = z.strictObject({
  litmus: z.string().min(1).describe("its name"),
  result: z.enum(["Never", "Sometimes"]).describe("whether an interleaving violates the property"),
  because: z.string().optional().describe("the rule, for the reader"),
  world: z.strictObject({
    protocol: z.union([z.string(), ProtocolSchema]),
    operation: z.enum(OPERATION_IDS),
    devices: z.int().optional(),
    pages: z.int().optional(),
    retryLimit: z.union([z.int(), z.literal("unlimited")]).optional(),
  }),
  exists: z.enum(SAFETY_IDS).describe("the property whose violation is asked for"),
  interleavings: z
    .strictObject({
      steps: z.int().describe("the length of the runs that are counted"),
      violating: digits("those whose last step violates the property"),
      all: digits("all runs of that length"),
    })
    .optional(),
  token: z.string().optional(),
  timeline: z.string().optional(),
});

export type Litmus = z.output<typeof LitmusSchema>;

/** Runs of so many steps are counted where none violates the property. */
const STEPS_OF_NEVER = 12;

const checkClaim = argumentsOf("litmusOf", {
  world: worldArgument,
  property: z.enum(SAFETY_IDS),
  machine: machineArgument,
});

/** What a world says about a property, as a litmus file; the world can be explored as a whole. */
export async function litmusOf(
  world: SmallWorld,
  property: SafetyId,
  machine: ExploreMachine,
): Promise<Litmus> {
  checkClaim({ world, property, machine });
  if (!appliesTo(property, world.operation, world.protocol)) {
    throw invalid(
      `${property} is about nothing that ${world.operation} does here`,
      "see: tlbstorm list properties",
    );
  }
  machine.boot(world);
  const end = machine.run(STATES_MAX, { states: STATES_MAX, bytes: 2 ** 31, depth: STATES_MAX });
  if (end !== ExploreEnd.Exhausted) {
    throw invalid(
      "the world is too large to count its interleavings",
      "take fewer devices or pages",
    );
  }
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

function invalid(problem: string, hint: string): InvalidScenario {
  const nothing = { file: null, line: null, column: null, path: "litmus" };
  return new InvalidScenario([{ ...nothing, problem, hint }]);
}

const checkLitmusFile = argumentOf("formatLitmus", LitmusSchema);

/** The file: the result first, for those who look for nothing else. */
export function formatLitmus(litmus: Litmus): string {
  checkLitmusFile(litmus);
  return `# Result: ${litmus.result}\n${stringify(litmus, { lineWidth: 0 })}`;
}

/** A litmus file and the world that it is about. */
export interface ReadLitmus {
  readonly litmus: Litmus;
  readonly world: SmallWorld;
}

const checkText = argumentsOf("readLitmus", { text: z.string(), file: z.string() });

/** Reads a litmus file; throws InvalidScenario with the place of each mistake. */
export function readLitmus(text: string, file: string): ReadLitmus {
  checkText({ text, file });
  const read = readDocument(text, file, "a litmus file needs litmus, result, world and exists");
  if (!read.ok) throw new InvalidScenario(read.errors);
  const place = { file, locate: read.locate };
  const checked = checkValue(LitmusSchema, read.value, place, knownKeys);
  if (!checked.ok) throw new InvalidScenario(checked.errors);
  const litmus = checked.data;
  try {
    return { litmus, world: smallWorldOf(litmus.world) };
  } catch (error) {
    if (!(error instanceof InvalidScenario)) throw error;
    throw new InvalidScenario(error.errors.map((one) => placedIn(one, file, read.locate)));
  }
}

function knownKeys(path: readonly PropertyKey[]): string[] {
  if (path.length === 0) return Object.keys(LitmusSchema.shape);
  if (path[0] === "world" && path.length === 1) return Object.keys(LitmusSchema.shape.world.shape);
  if (path[0] === "world") return Object.keys(ProtocolShape.shape);
  return ["steps", "violating", "all"];
}

/** A mistake of the world, at its place in the litmus file. */
function placedIn(error: ScenarioError, file: string, locate: Locate): ScenarioError {
  const keys = error.path.split(/[.[\]]+/).filter((key) => key !== "" && key !== "explore");
  const path = ["world", ...keys.map((key) => (/^\d+$/.test(key) ? Number(key) : key))];
  const position = locate(path, false) ?? locate(["world"], false);
  return {
    ...error,
    file,
    line: position?.line ?? null,
    column: position?.column ?? null,
    path: path.join("."),
  };
}

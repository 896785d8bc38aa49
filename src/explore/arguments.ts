/** What the functions of exploration take, as far as several of them take it. */
import { z } from "zod";
import {
  abortSignal,
  argumentsOf,
  callback,
  made,
  protocolArgument,
  seed64,
} from "../scenario/arguments.js";
import { ExploreSchema, ScenarioSchema } from "../scenario/schema.js";
import { OPERATION_IDS } from "./operations.js";
import { PROPERTY_IDS } from "./properties.js";
import { METHOD_IDS } from "./search_plan.js";

/** A core that explores. */
export const machineArgument = made(
  "an ExploreMachine",
  ["boot", "run"],
  "await ExploreMachine.create()",
);

export const propertyArgument = z.enum(PROPERTY_IDS);
export const operationArgument = z.enum(OPERATION_IDS);

const world = ExploreSchema.shape;
const worldFields = {
  operation: operationArgument,
  devices: world.devices.unwrap(),
  pages: world.pages.unwrap(),
};
const WorldShape = z.strictObject({
  protocol: protocolArgument,
  ...worldFields,
  retryLimit: z.int().min(0).max(6),
});

/** A small world in which nothing is left out. */
export const worldArgument = made(
  "a small world",
  Object.keys(WorldShape.shape),
  "resolveSmallWorld(request)",
).pipe(WorldShape);

export const pathArgument = z.array(
  z.strictObject({ move: z.int().min(0), choices: z.int().min(0) }),
);

export const exampleArgument = made(
  "a counterexample",
  ["world", "property", "token", "initial", "steps"],
  "await replayToken(token)",
);

export const tokenArgument = z.string({
  error: "expected a token\nexplore() gives one for each violation; it begins with x1.",
});

/** A world as callers ask for it. */
export const requestShape = {
  protocol: ScenarioSchema.shape.protocol,
  operation: operationArgument,
  devices: worldFields.devices.optional(),
  pages: worldFields.pages.optional(),
  retryLimit: world.retryLimit,
};

const STATES_MAX = 60_000_000;
/** A core addresses 4 GiB. */
const BYTES_MAX = 2 ** 32;

/** How a world is searched. */
export const optionShape = {
  properties: z.array(propertyArgument).min(1).optional(),
  maxStates: z.int().min(1).max(STATES_MAX).optional(),
  maxBytes: z.int().min(1).max(BYTES_MAX).optional(),
  maxDepth: z.int().min(1).max(1_000_000).optional(),
  method: z.enum(METHOD_IDS).optional(),
  seed: seed64.optional(),
  walks: z.int().min(1).max(1_000_000_000).optional(),
  symmetry: z.boolean().optional(),
  partialOrder: z.boolean().optional(),
  onProgress: callback.optional(),
  signal: abortSignal.optional(),
  machine: machineArgument.optional(),
};

/** A world and how it is searched, for a function of that name. */
export const requestOf = (functionName: string) =>
  argumentsOf(functionName, { ...requestShape, ...optionShape });

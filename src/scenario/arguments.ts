/**
 * Holds what a function of the library is called with to what it takes: programs without types get
 * the same kind of answer as files, and every wrong field at once.
 */
import { z } from "zod";
import { once } from "../base/once.js";
import { InvalidScenario, type ScenarioError } from "./errors.js";
import { bareJsonSchema } from "./json_schema.js";
import { knownKeysOf } from "./known_keys.js";
import { checkValue } from "./parse.js";

/** A function was called with what it does not take; `path` begins with its name. */
export class InvalidArgument extends InvalidScenario {
  override readonly name = "InvalidArgument";
}

/** What a function takes, by the names of its parameters, or of the fields of its one parameter. */
export type Shape = Readonly<Record<string, z.ZodType>>;

/** Checks the arguments of the function of that name; throws InvalidArgument. */
export function argumentsOf(functionName: string, shape: Shape): (given: unknown) => void {
  return argumentOf(functionName, z.strictObject(shape));
}

/** The same for a function whose one argument is no block of fields. */
export function argumentOf(functionName: string, schema: z.ZodType): (given: unknown) => void {
  const json = once(() => bareJsonSchema(schema));
  const knownKeys = (path: readonly PropertyKey[], root: unknown) =>
    knownKeysOf(json(), path, root);
  return (given) => {
    const checked = checkValue(schema, given, NOWHERE, knownKeys);
    if (checked.ok) return;
    throw new InvalidArgument(checked.errors.map((error) => of(functionName, error)));
  };
}

const NOWHERE = { file: null, locate: () => null };

function of(functionName: string, error: ScenarioError): ScenarioError {
  const separator = error.path === "" || error.path.startsWith("[") ? "" : ".";
  return { ...error, path: `${functionName}${separator}${error.path}` };
}

/** A function that is called back. */
export const callback = z.custom((value) => typeof value === "function", {
  error: "expected a function\ngive a function, not what it returns",
});

/** What ends work early. */
export const abortSignal = made(
  "an AbortSignal",
  ["throwIfAborted"],
  "new AbortController().signal",
);

/** An object that another function gives: it has all of these fields; `by` says how it is made. */
export function made(what: string, fields: readonly string[], by: string): z.ZodType {
  return z.custom((value) => fields.every((field) => isIn(value, field)), {
    error: `expected ${what}\n${by} gives one`,
  });
}

function isIn(value: unknown, field: string): boolean {
  const isObject = typeof value === "object" && value !== null;
  return isObject && (value as Record<string, unknown>)[field] !== undefined;
}

/** An unsigned 64-bit number of a program. */
export const seed64 = z.custom(
  (value) => typeof value === "bigint" && value >= 0n && value < 2n ** 64n,
  { error: "expected an unsigned 64-bit bigint\nwrite for example 1n" },
);

/** A protocol that is filled in: what it says was checked when that was done. */
export const protocolArgument = made(
  "a protocol",
  ["id", "reads", "levels", "rangeStart", "rangeEnd", "fault", "traits"],
  "builtinProtocol(id) or ProtocolSchema.parse(written)",
);

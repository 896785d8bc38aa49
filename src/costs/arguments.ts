/** What the functions about costs take, as far as several of them take it. */
import { z } from "zod";
import { COST_PARAMETER_NAMES } from "./parameters.js";

const number = z.number().min(0);

/** How often each step is done; what is left out is not done. */
export const countsArgument = z.strictObject(
  Object.fromEntries(COST_PARAMETER_NAMES.map((name) => [name, number.optional()])),
);

/** A price for each step. */
export const costsArgument = z.strictObject(
  Object.fromEntries(COST_PARAMETER_NAMES.map((name) => [name, number])),
);

/** Microseconds that something took. */
export const measuredArgument = z.number().positive();

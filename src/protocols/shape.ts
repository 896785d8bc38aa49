/**
 * The shape of a driver protocol, as scenario files and TypeScript write it.
 *
 * A protocol says what a driver does at the hooks of the mm and in its page-request handler. Each
 * entry of a list is one atomic step. Source of the hooks: linux include/linux/mmu_notifier.h.
 */
import { z } from "zod";
import { HOOK_STEPS_MAX } from "../abi/vocabulary.generated.js";
import { PROTOCOL_STEP_NAMES, STEP_CONDITIONS } from "./steps.js";

export const FLUSH_SITES = [
  "munmap",
  "dontneed",
  "mprotect",
  "fork",
  "cow-break",
  "migrate",
  "ksm",
  "collapse",
] as const;

const StepNameSchema = z.enum(PROTOCOL_STEP_NAMES);

const StepObjectSchema = z
  .strictObject({
    do: StepNameSchema.describe("the step"),
    if: z
      .enum(Object.keys(STEP_CONDITIONS) as (keyof typeof STEP_CONDITIONS)[])
      .optional()
      .describe("take the step only then; otherwise it is passed over"),
    joined: z
      .boolean()
      .optional()
      .describe("one atomic action together with the next step, unless that one is passed over"),
    at: z
      .array(z.enum(FLUSH_SITES))
      .optional()
      .describe("of a secondary flush: only the flushes of these operations"),
  })
  .describe("a step with its circumstances");

export const StepSchema = z.union([StepNameSchema, StepObjectSchema]);
const StepsSchema = z.array(StepSchema).max(HOOK_STEPS_MAX);

export const TRAITS = [
  "pins",
  "pins-ignored-by-fork",
  "timer-frees-tables",
  "timer-frees-pages",
  "grace-before-free",
  "overlapping-thread",
  "late-registration",
  "locked-registration",
] as const;

export const ProtocolShape = z
  .strictObject({
    id: z
      .string()
      .regex(/^[a-z][a-z0-9-]*$/, "lower-case letters, digits and dashes")
      .describe("the name on the command line"),
    title: z.string().default("").describe("what it is, in a sentence"),
    source: z.string().default("").describe("where it is from"),
    reads: z
      .enum(["shared", "mirror"])
      .default("shared")
      .describe("the device walks the mm's own table, or a mirror that the driver fills"),
    levels: z
      .enum(["one", "two"])
      .default("one")
      .describe("two: an IOTLB stands between the ATC and the walker"),
    rangeStart: StepsSchema.default([]).describe("invalidate_range_start"),
    beforeChange: StepsSchema.default([]).describe(
      "before an entry changes; no kernel has this hook, wrong orders are written with it",
    ),
    secondaryFlush: StepsSchema.default([]).describe(
      "invalidate_range, since 6.6 arch_invalidate_secondary_tlbs",
    ),
    rangeEnd: StepsSchema.default([]).describe("invalidate_range_end"),
    fault: StepsSchema.default([]).describe(
      "the page-request handler; left out: that of a shared table",
    ),
    traits: z.array(z.enum(TRAITS)).default([]).describe("facts that are not steps"),
  })
  .describe("a driver protocol");

/** A protocol with every default filled in. */
export type Protocol = z.output<typeof ProtocolShape>;
/** A protocol as a person writes it. */
export type ProtocolInput = z.input<typeof ProtocolShape>;
export type ProtocolStep = z.output<typeof StepSchema>;

/** From what somebody wrote to what runs, in one call that throws everything that is wrong. */
import { z } from "zod";
import { argumentsOf, seed64 } from "./arguments.js";
import { InvalidScenario, type ScenarioError } from "./errors.js";
import type { Locate } from "./locate.js";
import { applyOverrides, type Overrides } from "./override.js";
import { checkScenario, parseScenario, type ParseResult } from "./parse.js";
import { resolveScenario } from "./resolve.js";
import type { ResolvedScenario } from "./resolved.js";
import { ScenarioSchema, type ScenarioInput } from "./schema.js";
import type { Setting } from "./settings.js";
import { ARCHES, ERAS, wordsOf } from "./vocabulary.js";

export interface LoadedScenario {
  resolved: ResolvedScenario;
  /** Every value that holds, with its origin, in the order of the scenario. */
  settings: Setting[];
  /** What is legal but most likely not meant. */
  warnings: ScenarioError[];
  /** Where in the file a value stands. */
  locate: Locate;
}

/** Takes the text of a scenario file, or a scenario as an object. */
export function loadScenario(
  scenario: ScenarioInput | { text: string; file: string },
  overrides: Overrides = {},
): LoadedScenario {
  checkOverrides({ overrides });
  checkBlock({ scenario });
  if (!isTextOfFile(scenario)) return load(checkScenario(scenario), null, overrides);
  checkText(scenario);
  return load(parseScenario(scenario.text, scenario.file), scenario.file, overrides);
}

/** A scenario that a person wrote, as a part of another file. */
export function loadWritten(scenario: ScenarioInput): LoadedScenario {
  return load(checkScenario(scenario, "person"), null, {});
}

function load(parsed: ParseResult, file: string | null, overrides: Overrides): LoadedScenario {
  if (!parsed.ok) throw new InvalidScenario(parsed.errors);
  const { scenario: wanted, overridden } = applyOverrides(parsed.scenario, overrides);
  const result = resolveScenario(wanted, { file, locate: parsed.locate, overridden });
  if (!result.ok) throw new InvalidScenario(result.errors);
  const { resolved, settings, warnings } = result;
  return { resolved, settings, warnings, locate: parsed.locate };
}

const checkBlock = argumentsOf("loadScenario", { scenario: z.looseObject({}) });
const checkText = argumentsOf("loadScenario", { text: z.string(), file: z.string() });

const checkOverrides = argumentsOf("loadScenario", {
  overrides: z.strictObject({
    seed: seed64.optional(),
    era: z.enum(wordsOf(ERAS)).optional(),
    arch: z.enum(wordsOf(ARCHES)).optional(),
    protocol: ScenarioSchema.shape.protocol.optional(),
    until: z
      .union([z.int().min(0), z.literal("workload"), z.strictObject({ events: z.int().min(1) })])
      .optional(),
  }),
});

function isTextOfFile(
  scenario: ScenarioInput | { text: string; file: string },
): scenario is { text: string; file: string } {
  return "text" in scenario && !("name" in scenario);
}

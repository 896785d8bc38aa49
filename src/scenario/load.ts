/** From what somebody wrote to what runs, in one call that throws everything that is wrong. */
import { InvalidScenario, type ScenarioError } from "./errors.js";
import type { Locate } from "./locate.js";
import { applyOverrides, type Overrides } from "./override.js";
import { checkScenario, parseScenario } from "./parse.js";
import { resolveScenario } from "./resolve.js";
import type { ResolvedScenario } from "./resolved.js";
import type { ScenarioInput } from "./schema.js";
import type { Setting } from "./settings.js";

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
  const isText = "text" in scenario;
  const parsed = isText ? parseScenario(scenario.text, scenario.file) : checkScenario(scenario);
  if (!parsed.ok) throw new InvalidScenario(parsed.errors);
  const { scenario: wanted, overridden } = applyOverrides(parsed.scenario, overrides);
  const file = isText ? scenario.file : null;
  const result = resolveScenario(wanted, { file, locate: parsed.locate, overridden });
  if (!result.ok) throw new InvalidScenario(result.errors);
  const { resolved, settings, warnings } = result;
  return { resolved, settings, warnings, locate: parsed.locate };
}

/** What to run: the scenario's schema, its defaults with their sources, parsing and resolving. */
export { DEFAULTS, DEVICE_PRESETS, GRADES, type Default, type Grade } from "./defaults.js";
export { formatScenarioError, InvalidScenario, type ScenarioError } from "./errors.js";
export { scenarioJsonSchema } from "./json_schema.js";
export { applyOverrides, parseUntil, type Overrides } from "./override.js";
export { checkScenario, parseScenario, type ParseResult } from "./parse.js";
export { loadScenario, type LoadedScenario } from "./load.js";
export { resolveScenario, type ResolveResult } from "./resolve.js";
export type * from "./resolved.js";
export { ScenarioSchema, type Latency, type Scenario, type ScenarioInput } from "./schema.js";
export type { Setting } from "./settings.js";
export * from "./vocabulary.js";

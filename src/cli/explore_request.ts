/** What `tlbstorm explore` was asked to explore, as a list of cells of protocol and operation. */
import { BUILTIN_PROTOCOL_IDS } from "../protocols/schema.js";
import { loadScenario } from "../scenario/load.js";
import type { ResolvedExplore, ResolvedScenario } from "../scenario/resolved.js";
import { OPERATIONS, wordsOf } from "../scenario/vocabulary.js";
import { UserError } from "./errors.js";

export interface ExploreRequest extends ResolvedExplore {
  protocol: ResolvedScenario["protocol"];
}

export interface ExploreChoice {
  protocol?: (typeof BUILTIN_PROTOCOL_IDS)[number] | undefined;
  operation?: ResolvedExplore["operation"] | undefined;
  devices?: number | undefined;
  pages?: number | undefined;
  retryLimit?: ResolvedExplore["retryLimit"] | undefined;
  all?: true | undefined;
}

export function exploreRequests(
  scenario: ResolvedScenario | null,
  choice: ExploreChoice,
): ExploreRequest[] {
  const { devices, pages, retryLimit } = choice;
  const base = scenario ?? loadScenario({ name: "explore", protocol: "none" }).resolved;
  const world = {
    devices: devices ?? base.explore.devices,
    pages: pages ?? base.explore.pages,
    retryLimit: retryLimit ?? base.explore.retryLimit,
  };
  const protocols = protocolsOf(scenario, choice);
  const operations = operationsOf(scenario, choice);
  return protocols.flatMap((protocol) =>
    operations.map((operation) => ({ protocol, operation, ...world })),
  );
}

function protocolsOf(
  scenario: ResolvedScenario | null,
  { protocol, all }: ExploreChoice,
): ResolvedScenario["protocol"][] {
  if (protocol !== undefined) return [protocol];
  if (scenario !== null) return [scenario.protocol];
  if (all === true) return [...BUILTIN_PROTOCOL_IDS];
  throw missing("protocol", "see: tlbstorm list protocols");
}

function operationsOf(
  scenario: ResolvedScenario | null,
  { operation, all }: ExploreChoice,
): ResolvedExplore["operation"][] {
  if (operation !== undefined) return [operation];
  if (all === true) return wordsOf(OPERATIONS);
  if (scenario !== null) return [scenario.explore.operation];
  throw missing("operation", "see: tlbstorm list operations");
}

function missing(what: string, hint: string): UserError {
  return new UserError(
    "explore",
    `neither a scenario nor --${what} nor --all says the ${what}`,
    hint,
  );
}

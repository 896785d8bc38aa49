/** What `tlbstorm explore` was asked to explore, as a list of cells of protocol and operation. */
import { MATRIX_IDS, OPERATIONS, type OperationId } from "../explore/operations.js";
import { BUILTIN_PROTOCOLS } from "../protocols/catalogue.js";
import type { Protocol } from "../protocols/schema.js";
import { loadScenario } from "../scenario/load.js";
import type { ResolvedExplore, ResolvedScenario } from "../scenario/resolved.js";
import { UserError } from "./errors.js";

export interface ExploreRequest extends ResolvedExplore {
  protocol: Protocol;
}

/** What the options say; what they leave out comes from the scenario or the defaults. */
export interface ExploreChoice {
  protocol?: string | undefined;
  operation?: OperationId | undefined;
  devices?: number | undefined;
  pages?: number | undefined;
  retryLimit?: ResolvedExplore["retryLimit"] | undefined;
  all?: true | undefined;
}

export function exploreRequests(
  scenario: ResolvedScenario | null,
  choice: ExploreChoice,
): ExploreRequest[] {
  const protocols = protocolsOf(scenario, choice);
  const operations = operationsOf(scenario, choice);
  const base = scenario ?? loadScenario({ name: "explore", protocol: "none" }).resolved;
  const world = {
    devices: choice.devices ?? base.explore.devices,
    pages: choice.pages ?? base.explore.pages,
    retryLimit: choice.retryLimit ?? base.explore.retryLimit,
  };
  const possible = operations.filter((operation) => OPERATIONS[operation].pagesMax >= world.pages);
  if (possible.length === 0) {
    throw new UserError(
      "explore",
      `${operations.join(", ")}: not with ${world.pages} pages`,
      FEWER,
    );
  }
  return protocols.flatMap((protocol) =>
    possible.map((operation) => ({ protocol, operation, ...world })),
  );
}

const FEWER = "the exploration of this operation covers fewer; lower --pages";

function protocolsOf(
  scenario: ResolvedScenario | null,
  { protocol, all }: ExploreChoice,
): readonly Protocol[] {
  if (protocol !== undefined) return BUILTIN_PROTOCOLS.filter(({ id }) => id === protocol);
  if (scenario !== null) return [scenario.protocol];
  if (all === true) return BUILTIN_PROTOCOLS;
  throw missing("protocol", "see: tlbstorm list protocols");
}

function operationsOf(
  scenario: ResolvedScenario | null,
  { operation, all }: ExploreChoice,
): readonly OperationId[] {
  if (operation !== undefined) return [operation];
  if (all === true) return MATRIX_IDS;
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

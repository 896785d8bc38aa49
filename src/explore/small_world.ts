/**
 * What is explored: one operation of an mm under one protocol, with a few devices and pages.
 *
 * Everything is checked as a scenario is, so that a protocol written as an object is explained the
 * same way as one in a file.
 */
import { DATA_FRAMES_MAX, DEVICES_MAX } from "../abi/explore_limits.js";
import { builtinProtocol } from "../protocols/catalogue.js";
import type { Protocol, ProtocolInput } from "../protocols/schema.js";
import { InvalidScenario, loadScenario } from "../scenario/index.js";
import { OPERATIONS, type OperationId } from "./operations.js";

/** Refusals of one request after which a device fails. */
export type RetryLimit = number | "unlimited";

/** What a caller asks for; what is left out is the smallest world. */
export interface SmallWorldInput {
  /** The id of a built-in protocol, or a protocol. */
  protocol: string | ProtocolInput;
  operation: OperationId;
  devices?: number | undefined;
  pages?: number | undefined;
  retryLimit?: RetryLimit | undefined;
}

/** A small world with every default filled in. */
export interface SmallWorld {
  readonly protocol: Protocol;
  readonly operation: OperationId;
  readonly devices: number;
  readonly pages: number;
  /** 0: a device never gives up. */
  readonly retryLimit: number;
}

/** Fills in and checks what was asked for; throws InvalidScenario. */
export function resolveSmallWorld(input: SmallWorldInput): SmallWorld {
  const { protocol, operation, devices, pages, retryLimit } = input;
  const { resolved } = loadScenario({
    name: "explore",
    protocol: protocol as ProtocolInput,
    explore: { operation, devices, pages, retryLimit },
  });
  const world = resolved.explore;
  checkSize(world.operation, world.devices, world.pages);
  const limit = world.retryLimit === "unlimited" ? 0 : world.retryLimit;
  return { ...world, protocol: protocolOf(resolved.protocol), retryLimit: limit };
}

/** The protocol behind an id, or the protocol itself. */
export function protocolOf(protocol: string | Protocol): Protocol {
  return typeof protocol === "string" ? builtinProtocol(protocol)! : protocol;
}

function checkSize(operation: OperationId, devices: number, pages: number): void {
  const { pagesMax } = OPERATIONS[operation];
  if (pages > Math.min(pagesMax, DATA_FRAMES_MAX)) {
    throw invalid("explore.pages", `${operation} is explored with at most ${pagesMax} pages`);
  }
  if (devices > DEVICES_MAX) {
    throw invalid("explore.devices", `at most ${DEVICES_MAX} devices are explored`);
  }
}

function invalid(path: string, problem: string): InvalidScenario {
  return new InvalidScenario([{ file: null, line: null, column: null, path, problem, hint: null }]);
}

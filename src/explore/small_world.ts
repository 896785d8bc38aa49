/**
 * What is explored: one operation of an mm under one protocol, with a few devices and pages.
 *
 * Everything is checked as a scenario is, so that a protocol written as an object is explained the
 * same way as one in a file.
 */
import { builtinProtocol } from "../protocols/catalogue.js";
import type { Protocol, ProtocolInput } from "../protocols/schema.js";
import { argumentsOf } from "../scenario/arguments.js";
import { InvalidScenario, loadScenario } from "../scenario/index.js";
import { requestShape } from "./arguments.js";
import { OPERATIONS, type OperationId } from "./operations.js";

/** Refusals of one request after which a device fails. */
export type RetryLimit = number | "unlimited";

/** What a caller asks for; what is left out is the smallest world. */
export interface SmallWorldInput {
  /** The id of a built-in protocol, or a protocol. */
  protocol: string | ProtocolInput | Protocol;
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
export function resolveSmallWorld(request: SmallWorldInput): SmallWorld {
  checkRequest(request);
  return smallWorldOf(request);
}

const checkRequest = argumentsOf("resolveSmallWorld", requestShape);

/** As resolveSmallWorld(), of what may have other fields beside; says of a mistake where it is. */
export function smallWorldOf(input: SmallWorldInput): SmallWorld {
  const { protocol, operation, devices, pages, retryLimit } = input;
  const { resolved } = loadScenario({
    name: "explore",
    protocol: isBuiltin(protocol) ? protocol.id : protocol,
    explore: { operation, devices, pages, retryLimit },
  });
  const world = resolved.explore;
  checkPages(world.operation, world.pages);
  const limit = world.retryLimit === "unlimited" ? 0 : world.retryLimit;
  return { ...world, protocol: resolved.protocol, retryLimit: limit };
}

/** The id of a built-in protocol; another one as it is. */
export function protocolText(protocol: Protocol): string | Protocol {
  return isBuiltin(protocol) ? protocol.id : protocol;
}

function isBuiltin(protocol: SmallWorldInput["protocol"]): protocol is Protocol {
  return typeof protocol !== "string" && builtinProtocol(protocol.id) === protocol;
}

function checkPages(operation: OperationId, pages: number): void {
  const { pagesMax } = OPERATIONS[operation];
  if (pages <= pagesMax) return;
  const error = {
    file: null,
    line: null,
    column: null,
    path: "explore.pages",
    problem: `${operation} is explored with ${pagesMax} page${pagesMax === 1 ? "" : "s"} at most`,
    hint: `write ${pagesMax} or less`,
  };
  throw new InvalidScenario([error]);
}

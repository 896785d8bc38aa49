/**
 * The properties that the oracle judges, by the ids of the command line, and where each applies.
 */
import { z } from "zod";
import { Property } from "../abi/vocabulary.generated.js";
import type { Protocol } from "../protocols/schema.js";
import { argumentsOf, protocolArgument } from "../scenario/arguments.js";
import { OPERATION_IDS, type OperationId } from "./operations.js";

interface PropertyDefinition {
  readonly code: Property;
  /** The rule, as a reader of a counterexample is told it. */
  readonly rule: string;
  /** The operations it applies to; left out: all. */
  readonly operations?: readonly OperationId[];
  /** It is about walks of the mm's own table. */
  readonly sharedTableOnly?: boolean;
}

export const PROPERTIES = {
  "stale-read": {
    code: Property.StaleRead,
    rule: "no read reaches a frame that somebody else uses by now",
  },
  "stale-write": {
    code: Property.StaleWrite,
    rule: "no write reaches a frame that somebody else uses by now",
  },
  "readonly-write": {
    code: Property.ReadonlyWrite,
    rule: "no write reaches a frame that the mm has promised not to change",
    operations: ["mprotect", "cow", "ksm"],
  },
  "lost-write": {
    code: Property.LostWrite,
    rule: "no write reaches a frame that was copied already",
    operations: ["migrate", "collapse"],
  },
  "split-brain": {
    code: Property.SplitBrain,
    rule: "no access reaches the old frame once the mm shows the new one",
    operations: ["cow", "migrate", "collapse", "mremap"],
  },
  "stale-walk": {
    code: Property.StaleWalk,
    rule: "no walk goes through a page-table page that somebody else uses by now",
    operations: ["munmap", "munmap_late", "collapse"],
    sharedTableOnly: true,
  },
  "device-failure": {
    code: Property.DeviceFailure,
    rule: "no request is refused until the device gives up",
  },
  served: {
    code: Property.Served,
    rule: "every page request is answered with a translation or INVALID in the end",
  },
} as const satisfies Record<string, PropertyDefinition>;

export type PropertyId = keyof typeof PROPERTIES;

export const PROPERTY_IDS = Object.keys(PROPERTIES) as PropertyId[];

/** A property that one step violates; the others are about runs that never end. */
export type SafetyId = Exclude<PropertyId, "served">;

export const SAFETY_IDS = PROPERTY_IDS.filter((id): id is SafetyId => id !== "served");

const checkArguments = argumentsOf("appliesTo", {
  id: z.enum(PROPERTY_IDS),
  operation: z.enum(OPERATION_IDS),
  protocol: protocolArgument,
});

/** Whether a property says anything about an operation under a protocol. */
export function appliesTo(id: PropertyId, operation: OperationId, protocol: Protocol): boolean {
  checkArguments({ id, operation, protocol });
  const property: PropertyDefinition = PROPERTIES[id];
  if (property.operations !== undefined && !property.operations.includes(operation)) return false;
  return !(property.sharedTableOnly === true && protocol.reads === "mirror");
}

/** What exploration has found, looked up. */
import type { ExploreResult, OperationId, PropertyId, Verdict } from "../explore/index.js";
import type { Evidence } from "./answer.js";
import { EXPLORED_LIMIT, type StudyProtocol } from "./plan.js";

/** A counterexample, and where it was found. */
export interface Found {
  readonly protocol: string;
  readonly operation: OperationId;
  readonly property: PropertyId;
  readonly steps: number;
  /** Of `served`: what the schedule that violates it is, weakly or strongly fair. */
  readonly fairness?: "weak" | "strong" | undefined;
  readonly evidence: Evidence;
}

/** Which worlds and properties are asked for; what is left out is every one that is judged. */
export interface Asked {
  readonly protocol?: StudyProtocol;
  readonly operations?: readonly OperationId[];
  readonly properties?: readonly PropertyId[];
  readonly retryLimit?: number;
}

/** Properties that an access, or a walk, violates: everything but the failure of the device. */
export const SAFETY: readonly PropertyId[] = [
  "stale-read",
  "stale-write",
  "readonly-write",
  "lost-write",
  "split-brain",
  "stale-walk",
];

/** Everything that a step can violate. `served`, about runs that never end, is judged apart. */
export const JUDGED: readonly PropertyId[] = [...SAFETY, "device-failure"];

/** What an access through an old translation violates. */
export const ACCESSES = ["stale-read", "stale-write", "readonly-write", "split-brain"] as const;

/** An access through a frame that somebody else uses by now. */
export const STALE: readonly PropertyId[] = ["stale-read", "stale-write"];

/** Every counterexample that fits, the shortest first. */
export function violations(explored: readonly ExploreResult[], asked: Asked): Found[] {
  return worldsOf(explored, asked)
    .flatMap(foundIn)
    .filter(({ property }) => (asked.properties ?? JUDGED).includes(property))
    .sort((a, b) => a.steps - b.steps);
}

export function shortest(explored: readonly ExploreResult[], asked: Asked): Found | null {
  return violations(explored, asked)[0] ?? null;
}

/** The verdict on one property in one world; "unknown" if it was not explored. */
export function verdictOn(
  explored: readonly ExploreResult[],
  property: PropertyId,
  asked: Asked,
): Verdict {
  const verdicts = worldsOf(explored, asked).map(
    ({ properties }) => properties[property]?.verdict ?? "unknown",
  );
  const worst = (["violated", "unknown", "holds", "not-applicable"] as const).find((verdict) =>
    verdicts.includes(verdict),
  );
  return worst ?? "unknown";
}

function worldsOf(explored: readonly ExploreResult[], asked: Asked): ExploreResult[] {
  const { protocol, operations, retryLimit = EXPLORED_LIMIT } = asked;
  return explored.filter(
    (world) =>
      (protocol === undefined || world.protocol === protocol) &&
      (operations?.includes(world.operation) ?? true) &&
      world.retryLimit === retryLimit,
  );
}

function foundIn({ protocol, operation, retryLimit, properties }: ExploreResult): Found[] {
  return Object.entries(properties).flatMap(([id, { verdict, steps, token, fairness }]) => {
    if (verdict !== "violated" || steps === null || token === null) return [];
    const property = id as PropertyId;
    const limit = property === "device-failure" ? `, retry limit ${retryLimit}` : "";
    const label = `${property} of ${operation} under ${protocol}${limit}, in ${steps} steps`;
    return [{ protocol, operation, property, steps, fairness, evidence: { label, token } }];
  });
}

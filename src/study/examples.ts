/** Which counterexamples the answers show as timelines. */
import type { ExploreResult } from "../explore/index.js";
import { STUDIED } from "./plan.js";
import { ACCESSES, shortest, STALE, type Found } from "./verdicts.js";

/**
 * The shortest way to a stale access that flushing at one edge of the pair does not prevent: of all
 * that can go wrong there, the access that reaches somebody else's data.
 */
export function edgeExample(
  explored: readonly ExploreResult[],
  protocol: "flush-at-start" | "flush-at-end",
): Found | null {
  const asked = { protocol, operations: STUDIED };
  return (
    shortest(explored, { ...asked, properties: STALE }) ??
    shortest(explored, { ...asked, properties: ACCESSES })
  );
}

export function edgeExamples(explored: readonly ExploreResult[]): Found[] {
  return (["flush-at-start", "flush-at-end"] as const).flatMap(
    (protocol) => edgeExample(explored, protocol) ?? [],
  );
}

/** The shortest way to a device that gives up. */
export function failureExample(explored: readonly ExploreResult[]): Found | null {
  return shortest(explored, {
    protocol: "empty-table",
    operations: STUDIED,
    properties: ["device-failure"],
  });
}

/** The shortest walk through a freed page-table page where the driver hears of pairs only. */
export function walkExample(explored: readonly ExploreResult[]): Found | null {
  return shortest(explored, {
    protocol: "empty-table",
    operations: STUDIED,
    properties: ["stale-walk"],
  });
}

export function exampleTokens(explored: readonly ExploreResult[]): string[] {
  const found = [...edgeExamples(explored), failureExample(explored), walkExample(explored)];
  return [...new Set(found.flatMap((one) => (one === null ? [] : [one.evidence.token])))];
}

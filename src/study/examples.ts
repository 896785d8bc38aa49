/** Which counterexamples the answers show as timelines. */
import type { ExploreResult } from "../explore/index.js";
import { STUDIED } from "./plan.js";
import { shortest, STALE, type Found } from "./verdicts.js";

/** The shortest way to an access that flushing at one edge of the pair does not prevent. */
export function edgeExamples(explored: readonly ExploreResult[]): Found[] {
  return (["flush-at-start", "flush-at-end"] as const).flatMap(
    (protocol) => shortest(explored, { protocol, operations: STUDIED, properties: STALE }) ?? [],
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

/**
 * Whether timed runs show what no explored operation can do: then an operation that was not
 * explored did it, or one of the two models is wrong.
 */
import { PROPERTY_IDS, type PropertyId, type Verdict } from "../explore/index.js";
import type { RunResult } from "../run/result.js";
import type { StudyData } from "./data.js";
import { EXPLORED, RETRY_LIMITS, type StudyProtocol } from "./plan.js";
import { verdictOn } from "./verdicts.js";

/** One rule that a run has broken and that no explored operation can break. */
export interface Disagreement {
  readonly protocol: string;
  readonly property: string;
  readonly count: number;
  readonly token: string;
}

export function disagreements(data: StudyData): Disagreement[] {
  const runs = [
    ...data.protocols.values(),
    ...data.limits.values(),
    ...data.operations.flatMap(({ emptyTable, secondaryFlush }) => [emptyTable, secondaryFlush]),
  ];
  return runs.flatMap((run) => disputed(data, run));
}

function disputed({ explored }: StudyData, run: RunResult): Disagreement[] {
  return run.violations.flatMap(({ rule, count, token }) => {
    const property = PROPERTY_IDS.find((id) => id === rule);
    const verdicts = property === undefined ? [] : verdictsOn(explored, property, run.protocol);
    if (verdicts.includes("violated") || verdicts.includes("unknown")) return [];
    return [{ protocol: run.protocol, property: rule, count, token }];
  });
}

/** The failure of a device depends on its limit; any limit that was explored speaks for it. */
function verdictsOn(
  explored: StudyData["explored"],
  property: PropertyId,
  protocol: string,
): Verdict[] {
  const limits = property === "device-failure" ? RETRY_LIMITS : [undefined];
  return limits.map((retryLimit) =>
    verdictOn(explored, property, {
      protocol: protocol as StudyProtocol,
      operations: EXPLORED,
      ...(retryLimit === undefined ? {} : { retryLimit }),
    }),
  );
}

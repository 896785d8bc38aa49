/**
 * Whether timed runs show what exploration excludes. A violation is held against the explored
 * operations that stand for what the mm did; where it is not known what that was, against all.
 */
import { PROPERTY_IDS, type OperationId, type PropertyId, type Verdict } from "../explore/index.js";
import type { RunResult, RunViolation } from "../run/result.js";
import { TAKERS, type TakerId } from "../run/takers.js";
import { argumentsOf } from "../scenario/arguments.js";
import { dataArgument } from "./arguments.js";
import type { StudyData } from "./data.js";
import { EXPLORED, RETRY_LIMITS, type StudyProtocol } from "./plan.js";
import { verdictOn } from "./verdicts.js";

/** One rule that a run has broken, and what of the mm led to it. */
export interface Finding {
  readonly protocol: string;
  readonly property: string;
  /** null: it is not known, or was a row of operations. */
  readonly operation: TakerId | null;
  readonly count: number;
  readonly token: string;
}

export interface Agreement {
  /** A rule that no explored operation which stands for the finding's can break. */
  readonly disagreements: readonly Finding[];
  /**
   * What no explored operation stands for, while others break the same rule under the protocol:
   * no verdict is contradicted.
   */
  readonly notExplored: readonly Finding[];
}

const checkData = argumentsOf("studyAgreement", { data: dataArgument });

export function agreement(data: StudyData): Agreement {
  checkData({ data });
  const findings = runsWithDevice(data).flatMap(findingsOf);
  const isPossible = (finding: Finding, operations: readonly OperationId[]) =>
    verdictsOn(data.explored, finding, operations).some(
      (verdict) => verdict === "violated" || verdict === "unknown",
    );
  const excluded = findings.filter((one) => !isPossible(one, operationsOf(one)));
  const isElsewhere = (one: Finding) => !isExplored(one) && isPossible(one, EXPLORED);
  return {
    disagreements: excluded.filter((one) => !isElsewhere(one)),
    notExplored: excluded.filter(isElsewhere),
  };
}

export function runsWithDevice(
  data: Pick<StudyData, "protocols" | "onCommonKernel" | "limits" | "operations">,
): RunResult[] {
  return [
    ...data.protocols.values(),
    ...data.onCommonKernel.values(),
    ...data.limits.values(),
    ...data.operations.flatMap(({ emptyTable, secondaryFlush }) => [emptyTable, secondaryFlush]),
  ];
}

/** A violation by what led to it, as far as that is known. */
function findingsOf({ protocol, violations }: RunResult): Finding[] {
  return violations.flatMap((violation) =>
    partsOf(violation).map(([operation, count]) => {
      const { rule: property, token } = violation;
      return { protocol, property, operation, count, token };
    }),
  );
}

function partsOf({ count, byOperation }: RunViolation): [TakerId | null, number][] {
  const known = Object.entries(byOperation) as [TakerId, number][];
  const rest = known.reduce((left, [, part]) => left - part, count);
  return rest > 0 ? [...known, [null, rest]] : known;
}

function operationsOf({ operation }: Finding): readonly OperationId[] {
  return operation === null ? EXPLORED : TAKERS[operation].explored;
}

function isExplored(finding: Finding): boolean {
  return operationsOf(finding).length > 0;
}

/** The failure of a device depends on its limit; any limit that was explored speaks for it. */
function verdictsOn(
  explored: StudyData["explored"],
  { property: rule, protocol }: Finding,
  operations: readonly OperationId[],
): Verdict[] {
  const property: PropertyId | undefined = PROPERTY_IDS.find((id) => id === rule);
  if (property === undefined || operations.length === 0) return [];
  const limits = property === "device-failure" ? RETRY_LIMITS : [undefined];
  return limits.map((retryLimit) =>
    verdictOn(explored, property, {
      protocol: protocol as StudyProtocol,
      operations,
      ...(retryLimit === undefined ? {} : { retryLimit }),
    }),
  );
}

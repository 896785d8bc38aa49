/** Question 4: the device that gives up. */
import type { OperationId } from "../../explore/index.js";
import {
  listOf,
  say,
  type Answer,
  type Cell,
  type Exhibit,
  type Piece,
  type Point,
} from "../answer.js";
import type { OperationRuns, StudyData } from "../data.js";
import { headOf, number, ofLimit, ofOperation, ofProtocol, time } from "../evidence.js";
import { failureExample } from "../examples.js";
import { duration, grouped, listed } from "../numbers.js";
import { EXPLORED_LIMIT, PATIENT, RETRY_LIMITS, STUDIED } from "../plan.js";
import { shortest, verdictOn, type Found } from "../verdicts.js";

/** Operations that hold mmap_lock for writing while their pair is open. */
const WRITE_LOCKED: readonly OperationId[] = ["munmap", "munmap_late", "mprotect"];

export function answerFailure(data: StudyData): Answer {
  const failed = failedLimits(data);
  return {
    number: 4,
    question: "When does the device give up, and what does that depend on?",
    short: `With empty-table and limits ${listed(RETRY_LIMITS.map(String))}: gives up for ${listed(failed.map(String)) || "none"}. Exploration: reachable in ${listed(reachable(data)) || "no operation"}. They ${disputed(data).length === 0 ? "agree" : "disagree"}.`,
    paragraph: paragraph(data, failed),
    exhibits: [limitTable(data), stepChart(data), operationTable(data), ...timeline(data)],
  };
}

function failedLimits(data: StudyData): number[] {
  return RETRY_LIMITS.filter((limit) => ofLimit(data, limit).run.counts.deviceFailures > 0);
}

function failure(data: StudyData, operation: OperationId, retryLimit: number): Found | null {
  return shortest(data.explored, {
    protocol: "empty-table",
    operations: [operation],
    properties: ["device-failure"],
    retryLimit,
  });
}

/** Operations in which a device of some limit gives up. */
function reachable(data: StudyData): OperationId[] {
  return STUDIED.filter((operation) =>
    RETRY_LIMITS.some((limit) => failure(data, operation, limit) !== null),
  );
}

/** Operations in which no device gives up, whatever its limit. */
function excluded(data: StudyData): OperationId[] {
  return STUDIED.filter((operation) =>
    RETRY_LIMITS.every((retryLimit) => {
      const asked = { protocol: "empty-table", operations: [operation], retryLimit } as const;
      return verdictOn(data.explored, "device-failure", asked) === "holds";
    }),
  );
}

/** What timed runs show and exploration excludes. */
export function disputed(data: StudyData): string[] {
  const limits = failedLimits(data).filter((limit) =>
    STUDIED.every((operation) => failure(data, operation, limit) === null),
  );
  const operations = data.operations.filter(
    ({ explored, emptyTable }) =>
      emptyTable.counts.refusalsHighWater > 0 &&
      explored.every((operation) => failure(data, operation, RETRY_LIMITS[0]) === null),
  );
  return [
    ...limits.map((limit) => `a device with limit ${limit} gave up`),
    ...operations.map(({ kind }) => `${kind} alone led to a refusal`),
  ];
}

function paragraph(data: StudyData, failed: number[]): Piece[] {
  const patient = ofProtocol(data, "empty-table");
  const first = failed[0];
  return say`A device that gives up only after ${PATIENT} refusals shows how far a storm can go: with empty-table one request was refused up to ${number(patient.run.counts.refusalsHighWater, patient)} times in a row. ${failed.length === 0 ? "No device with a limit of 1 to 6 gave up in this run." : say`Of the devices with limits of ${RETRY_LIMITS[0]} to ${RETRY_LIMITS.at(-1)!}, those with ${listed(failed.map(String))} gave up${first === undefined ? "" : firstFailure(data, first)}.`} ${explorationText(data)} In timed runs of one operation alone, the most refusals of one request were ${aloneText(data.operations)}. ${agreementText(data)}`;
}

function firstFailure(data: StudyData, limit: number): Piece[] {
  const cited = ofLimit(data, limit);
  const at = cited.run.devices[0]?.failedAtNs;
  return at === null || at === undefined
    ? []
    : say`, the one with ${limit} after ${time(at, cited)} of the program`;
}

function explorationText(data: StudyData): Piece[] {
  const shortestOf = reachable(data).map((operation, at) => {
    const found = RETRY_LIMITS.map((limit) => failure(data, operation, limit)).find(
      (one) => one !== null,
    )!;
    const steps = { text: `${found.steps} steps`, evidence: found.evidence };
    return say`${at === 0 ? "" : " and "}${operation} (${steps} at its lowest limit)`;
  });
  const reach =
    shortestOf.length === 0
      ? "Exploration reaches the failure in none of the operations."
      : say`Exploration reaches the failure in ${shortestOf.flat()}${rises(data) ? ", and at every higher limit in more steps" : ""}.`;
  const safe = excluded(data);
  if (safe.length === 0) return [reach].flat();
  const isLocked = safe.every((operation) => WRITE_LOCKED.includes(operation));
  const reason = isLocked
    ? ": there the handler waits for mmap_lock, which the operation holds for writing until its pair is over"
    : "";
  return say`${reach} It excludes it at every limit for ${listed(safe)}${reason}.`;
}

/** Each refusal more takes steps of its own. */
function rises(data: StudyData): boolean {
  return reachable(data).every((operation) => {
    const steps = RETRY_LIMITS.map((limit) => failure(data, operation, limit)?.steps);
    return steps.every(
      (count, at) => count !== undefined && (at === 0 || count > (steps[at - 1] ?? Infinity)),
    );
  });
}

function aloneText(operations: readonly OperationRuns[]): Piece[] {
  return operations.flatMap((operation, at) => {
    const cited = ofOperation(operation, "emptyTable");
    const most = number(cited.run.counts.refusalsHighWater, cited);
    return say`${at === 0 ? "" : ", "}${most} in ${operation.kind}`;
  });
}

function agreementText(data: StudyData): string {
  const found = disputed(data);
  return found.length === 0
    ? "No timed run shows a failure or a refusal that exploration excludes."
    : `Timed runs and exploration disagree: ${listed(found)}, which exploration excludes.`;
}

function limitTable(data: StudyData): Exhibit {
  const rows = RETRY_LIMITS.map((limit) => {
    const cited = ofLimit(data, limit);
    const { devices, counts } = cited.run;
    const at = devices[0]?.failedAtNs ?? null;
    const outcome: Cell =
      at === null
        ? { text: "not in this run", tone: "good" }
        : { text: `after ${duration(at)}`, tone: "bad" };
    const explored = STUDIED.map((operation) => stepCell(data, operation, limit));
    return [headOf(String(limit), cited), outcome, grouped(counts.refusals), ...explored];
  });
  return {
    kind: "table",
    title: "empty-table: when a device of each limit gives up",
    columns: [
      { head: "limit", align: "right" },
      { head: "recorded program" },
      { head: "refusals in all", align: "right" },
      ...STUDIED.map((head) => ({ head, align: "right" as const })),
    ],
    rows,
    source:
      "Left: the timed runs, simulated time since the device was attached. Right: exploration, steps of the shortest way to the failure, or that it holds.",
  };
}

function stepCell(data: StudyData, operation: OperationId, limit: number): Cell {
  const found = failure(data, operation, limit);
  if (found !== null) {
    return { text: String(found.steps), tone: "bad", evidence: found.evidence };
  }
  const asked = { protocol: "empty-table", operations: [operation], retryLimit: limit } as const;
  const verdict = verdictOn(data.explored, "device-failure", asked);
  return verdict === "holds" ? { text: "holds", tone: "good" } : { text: verdict };
}

function stepChart(data: StudyData): Exhibit {
  const points = reachable(data).flatMap((operation) =>
    RETRY_LIMITS.flatMap((limit): Point[] => {
      const found = failure(data, operation, limit);
      return found === null
        ? []
        : [{ x: limit, y: found.steps, series: operation, evidence: found.evidence }];
    }),
  );
  const shown = points.map(({ x, y, series, evidence }) =>
    evidence === null ? [] : say`${series} at limit ${x}: ${{ text: String(y), evidence }}`,
  );
  return {
    kind: "chart",
    title: "Steps to the failure, by the limit of the device",
    description:
      shown.length === 0 ? ["No device fails in any operation."] : [...listOf(shown), " steps."],
    source: "Exploration of empty-table; operations that are not drawn never fail.",
    chart: { form: "lines", points, xLabel: "retry limit", yLabel: "steps", scale: "linear" },
  };
}

function operationTable(data: StudyData): Exhibit {
  const rows = data.operations.map((operation) => {
    const cited = ofOperation(operation, "emptyTable");
    const { counts } = cited.run;
    const most = grouped(counts.refusalsHighWater);
    const head = headOf(operation.kind, cited);
    return [head, grouped(counts.rangeStarts), grouped(counts.refusals), most];
  });
  return {
    kind: "table",
    title: "empty-table: refusals of one kind of operation alone",
    columns: [
      { head: "operation" },
      { head: "range pairs", align: "right" },
      { head: "refusals", align: "right" },
      { head: "most of one request", align: "right" },
    ],
    rows,
    source: "Exact counts of timed runs with a device that never gave up.",
  };
}

function timeline(data: StudyData): Exhibit[] {
  const found = failureExample(data.explored);
  const example = found === null ? undefined : data.examples.get(found.evidence.token);
  if (example === undefined) return [];
  return [
    {
      kind: "timeline",
      title: `The shortest way to give up: ${found!.operation} with a limit of ${EXPLORED_LIMIT}`,
      example,
      source: "Each refusal is a walk of the empty table after a response of SUCCESS.",
    },
  ];
}

/** The protocols side by side, in the fewest figures that tell them apart. */
import type { PropertyId } from "../explore/index.js";
import { argumentsOf } from "../scenario/arguments.js";
import { dataArgument } from "./arguments.js";
import type { StudyData } from "./data.js";
import { inCalls } from "./answers/costs.js";
import { perPair } from "./answers/faults.js";
import { stallShare } from "./answers/storm.js";
import { brokenIn, ofProtocol, ofState } from "./evidence.js";
import type { Evidence } from "./answer.js";
import { PROTOCOLS, STUDIED, type StudyProtocol } from "./plan.js";
import { SAFETY, violations } from "./verdicts.js";

export interface SummaryRow {
  readonly label: string;
  readonly era: string;
  /** Accesses that the mm had ruled out, and walks through freed tables. */
  readonly broken: number;
  readonly pageRequests: number;
  /** Page requests in an open pair, for each pair. */
  readonly perPair: number;
  /** Share of lane time without translation; null: there is no device. */
  readonly stalled: number | null;
  /** Time of the program in notifier calls, without that of handlers. */
  readonly callsNs: number;
  /** The rules that exploration sees broken, in few words; empty: none. */
  readonly explored: readonly string[];
  readonly evidence: Evidence;
}

const SHORT: Record<PropertyId, string> = {
  "stale-read": "stale",
  "stale-write": "stale",
  "readonly-write": "read-only",
  "lost-write": "lost",
  "split-brain": "split",
  "stale-walk": "walk",
  "device-failure": "gives up",
  served: "unserved",
};

const checkData = argumentsOf("studySummary", { data: dataArgument });

export function summary(data: StudyData): SummaryRow[] {
  checkData({ data });
  const alone = ofState(data, "none");
  const first: SummaryRow = {
    label: "no device",
    era: alone.run.era,
    broken: 0,
    pageRequests: 0,
    perPair: 0,
    stalled: null,
    callsNs: inCalls(alone),
    explored: [],
    evidence: alone.evidence,
  };
  return [first, ...PROTOCOLS.map(({ id }) => rowOf(data, id))];
}

function rowOf(data: StudyData, id: StudyProtocol): SummaryRow {
  const cited = ofProtocol(data, id);
  const { era, counts } = cited.run;
  const found = violations(data.explored, { protocol: id, operations: STUDIED });
  return {
    label: id,
    era,
    broken: brokenIn(cited.run, SAFETY),
    pageRequests: counts.pageRequests,
    perPair: perPair(cited),
    stalled: stallShare(data, cited),
    callsNs: inCalls(cited),
    explored: [...new Set(found.map(({ property }) => SHORT[property]))],
    evidence: cited.evidence,
  };
}

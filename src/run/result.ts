/** What a timed run gives back: the shape of `tlbstorm run --json`. */
import type { Counter, Timing } from "../abi/vocabulary.generated.js";
import type { PropertyId } from "../explore/properties.js";
import type { RecordOf } from "../abi/records.js";
import type { TakerId } from "./takers.js";
import type { NotifierMode } from "../scenario/vocabulary.js";

/** Exact counts by name: the members of Counter, first letter small. */
export type Counts = Record<CountName, number>;
export type CountName = Uncapitalize<Exclude<keyof typeof Counter, number | "COUNT">>;

/** Simulated nanoseconds. */
export interface TimingSummary {
  readonly count: number;
  readonly sumNs: number;
  readonly p50Ns: number;
  readonly p90Ns: number;
  readonly p99Ns: number;
  readonly p999Ns: number;
  readonly maxNs: number;
}

/** Modelled times by name: the members of Timing, first letter small. */
export type Times = Record<TimingName, TimingSummary>;
export type TimingName = Uncapitalize<Exclude<keyof typeof Timing, number | "COUNT">>;

export interface RunViolation {
  /** The id of the property, as exploration names it. */
  readonly rule: PropertyId;
  /** The first time, and the address of the page that it was about. */
  readonly atNs: number;
  readonly address: number;
  readonly count: number;
  /** What the mm did when it took the page, or the right to write it, away: the first time. */
  readonly operation: TakerId | null;
  /** How often each of these led to it; what is missing in the count is not known. */
  readonly byOperation: Readonly<Partial<Record<TakerId, number>>>;
  readonly token: string;
}

export interface RunDevice {
  readonly name: string;
  readonly state: "running" | "failed" | "stopped";
  /** When it was refused too often and gave up. */
  readonly failedAtNs: number | null;
  /** When an INVALID response stopped it. */
  readonly stoppedAtNs: number | null;
  /** What it alone has done; exact. */
  readonly counts: Readonly<Record<DeviceCountName, number>>;
}

export type DeviceCountName = Exclude<keyof RecordOf<"DeviceReport">, "state" | "endedAt">;

export interface RunResult {
  readonly schema: "tlbstorm.run/1";
  readonly scenario: string;
  readonly seed: string;
  readonly era: string;
  readonly arch: string;
  readonly protocol: string;
  /** The notifier as the mm's hot paths see it. */
  readonly notifier: NotifierMode | "host";
  readonly token: string;
  /** A hash of every event of the run: equal digests mean equal runs. */
  readonly digest: string;
  readonly simulatedNs: number;
  readonly wallSeconds: number;
  readonly steps: number;
  readonly counts: Counts;
  readonly times: Times;
  readonly violations: readonly RunViolation[];
  readonly devices: readonly RunDevice[];
}

/**
 * What the study runs and explores.
 *
 * Every timed run is one scenario with a change or two: the protocol and its era, the retry limit,
 * the state of the notifier list, or a synthetic workload in place of the recorded program.
 */
import type { OperationId } from "../explore/index.js";
import { OPERATION_IDS } from "../explore/index.js";
import type { ScenarioInput, Era, NotifierMode } from "../scenario/index.js";
import type { WorkloadOperationKind } from "../scenario/vocabulary.js";

export interface PlannedProtocol {
  readonly id: StudyProtocol;
  /** The kernel that had the callbacks it is written with. */
  readonly era: Era;
}

/** From no notification at all, through what the callbacks of 2014 allow, to what came after. */
export const PROTOCOLS = [
  { id: "none", era: "6.19" },
  { id: "flush-at-start", era: "6.19" },
  { id: "flush-at-end", era: "6.19" },
  { id: "empty-table", era: "3.17" },
  { id: "invalidate-range", era: "3.19" },
  { id: "secondary-flush", era: "6.19" },
  { id: "mirror-kvm", era: "6.19" },
  { id: "pinned", era: "6.19" },
] as const;

export type StudyProtocol = (typeof PROTOCOLS)[number]["id"];

/** Where protocols of older kernels are run once more, so that drivers can be compared. */
export const COMMON_ERA = "6.19" satisfies Era;

/** Protocols whose own kernel is an older one. */
export const OLDER = PROTOCOLS.filter(({ era }) => era !== COMMON_ERA);

/** What a driver can choose between. */
export const ALTERNATIVES: readonly StudyProtocol[] = [
  "empty-table",
  "invalidate-range",
  "secondary-flush",
  "mirror-kvm",
  "pinned",
];

export const STATES: readonly NotifierMode[] = [
  "none",
  "short-circuit",
  "not-implementing",
  "implementing",
];

/** A device so patient that it shows how often one request can be refused. */
export const PATIENT = 200;
export const RETRY_LIMITS = [1, 2, 3, 4, 5, 6] as const;
/** The limit of explorations that are not about it. */
export const EXPLORED_LIMIT = 3;

/** The operations of the mm that the study is about; the rest is explored for comparison. */
export const STUDIED: readonly OperationId[] = [
  "munmap",
  "munmap_late",
  "dontneed",
  "mprotect",
  "cow",
];
export const EXPLORED: readonly OperationId[] = OPERATION_IDS;

/** One kind of operation, alone: what it is in a workload, and what it is to the explorer. */
export interface PlannedOperation {
  readonly kind: WorkloadOperationKind;
  readonly explored: readonly OperationId[];
}

export const OPERATIONS: readonly PlannedOperation[] = [
  { kind: "munmap", explored: ["munmap", "munmap_late"] },
  { kind: "dontneed", explored: ["dontneed"] },
  { kind: "mprotect", explored: ["mprotect"] },
  { kind: "fork", explored: ["cow"] },
];

export const OPERATION_PAGES = 256;
export const OPERATION_REPEATS = 10;
const OPERATION_PERIOD = "1ms";

/** Recorded time is shortened to about this much, since programs mostly compute. */
const SIMULATED_NS = 20_000_000;

/** How much faster than recorded a program runs. */
export function speedOf(sharedNs: number): number {
  return Math.max(1, Math.round(sharedNs / SIMULATED_NS));
}

export interface Subject {
  readonly recording: string;
  readonly speed: number;
  readonly seed: bigint;
}

/** What a run changes in the scenario that all have in common. */
export interface Change {
  readonly protocol: StudyProtocol;
  readonly era: Era;
  readonly notifier?: NotifierMode;
  /** null: no device. */
  readonly retryLimit?: number | null;
  readonly operation?: WorkloadOperationKind;
}

export function scenarioOf(subject: Subject, change: Change): ScenarioInput {
  const { protocol, era, notifier, operation } = change;
  const retryLimit = change.retryLimit === undefined ? PATIENT : change.retryLimit;
  return {
    name: "study",
    seed: subject.seed.toString(),
    protocol,
    era,
    ...(notifier === undefined ? {} : { notifier }),
    devices: retryLimit === null ? [] : [deviceOf(retryLimit, operation)],
    workload:
      operation === undefined
        ? { recording: subject.recording, speed: subject.speed }
        : { operations: [syntheticOperation(operation)] },
  };
}

/** Pages that the device picks from: 16 MiB that the program touched last. */
const DEVICE_PAGES = 4096;
/** Half of the accesses write. */
const WRITE_SHARE = 0.5;

/**
 * Beside one operation alone the device only writes: a read would map the zero page, and replacing
 * that is an operation of its own.
 */
function deviceOf(retryLimit: number, operation: WorkloadOperationKind | undefined) {
  const writeShare = operation === undefined ? WRITE_SHARE : 1;
  const access = { kind: "live", pages: DEVICE_PAGES, writeShare } as const;
  return { name: "gpu0", kind: "gpu", retryLimit, access } as const;
}

function syntheticOperation(kind: WorkloadOperationKind) {
  return { kind, pages: OPERATION_PAGES, period: OPERATION_PERIOD, repeat: OPERATION_REPEATS };
}

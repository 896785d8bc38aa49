/** Verdicts of many instances as plain data: one cell for each protocol, operation and size. */
import { DEFAULT_CHOICES, type Choices } from "./choices.js";
import { Exhausted, explore, type Finding } from "./explore.js";
import type { Instance } from "./instance.js";
import { OPERATIONS, type OperationId } from "./operations.js";
import { protocolById, PROTOCOLS } from "./protocols.js";
import { findUnserved, type Fairness } from "./served.js";

export interface Cell {
  protocol: string;
  operation: OperationId;
  devices: number;
  pages: number;
  retryLimit: number;
  /** Null where the instance was too large to finish. */
  states: number | null;
  properties: Record<string, { verdict: Finding["verdict"] | "unfinished"; steps: number | null }>;
}

export interface Size {
  devices: number;
  pages: number;
  retryLimit: number;
}

export const DEFAULT_SIZE: Size = { devices: 1, pages: 1, retryLimit: 3 };

const LARGER_SIZES: readonly Size[] = [
  { devices: 1, pages: 1, retryLimit: 1 },
  { devices: 1, pages: 1, retryLimit: 2 },
  { devices: 1, pages: 1, retryLimit: 6 },
  { devices: 1, pages: 2, retryLimit: 3 },
  { devices: 2, pages: 1, retryLimit: 3 },
];
const LARGER_PROTOCOLS = [
  "none",
  "secondary-flush",
  "invalidate-range",
  "empty-table",
  "flush-at-both",
  "mirror-kvm",
] as const;
const LARGER_OPERATIONS: readonly OperationId[] = ["munmap", "dontneed", "cow"];

/** How much of an instance is worth waiting for. */
const STATE_LIMIT = 3_000_000;
const SERVED_STATE_LIMIT = 400_000;

const SERVED: Record<string, Fairness> = { served: "weak-by-engine", "served-strong": "strong" };

export function instanceOf(
  protocol: string,
  operation: OperationId,
  size: Size,
  choices: Choices = DEFAULT_CHOICES,
): Instance {
  return { protocol: protocolById(protocol), operation, ...size, choices };
}

function unlessExhausted<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof Exhausted) return undefined;
    throw error;
  }
}

export function cellOf(instance: Instance): Cell {
  const { protocol, operation, devices, pages, retryLimit } = instance;
  const explored = unlessExhausted(() => explore(instance, STATE_LIMIT));
  const properties: Cell["properties"] = {};
  for (const [id, { verdict, steps }] of Object.entries(explored?.properties ?? {}))
    properties[id] = { verdict, steps };
  for (const [id, fairness] of Object.entries(SERVED)) {
    const search = unlessExhausted(() => ({
      found: findUnserved(instance, fairness, SERVED_STATE_LIMIT),
    }));
    const verdict = !search ? "unfinished" : search.found ? "violated" : "holds";
    properties[id] = { verdict, steps: null };
  }
  return {
    protocol: protocol.id,
    operation,
    devices,
    pages,
    retryLimit,
    states: explored?.states ?? null,
    properties,
  };
}

export function defaultCells(choices: Choices = DEFAULT_CHOICES): Cell[] {
  return PROTOCOLS.flatMap(({ id }) =>
    OPERATIONS.map((operation) => cellOf(instanceOf(id, operation, DEFAULT_SIZE, choices))),
  );
}

export function largerCells(): Cell[] {
  return LARGER_PROTOCOLS.flatMap((id) =>
    LARGER_OPERATIONS.flatMap((operation) =>
      LARGER_SIZES.map((size) => cellOf(instanceOf(id, operation, size))),
    ),
  );
}

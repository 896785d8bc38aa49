/**
 * Which verdicts and lengths change when one ambiguity of the definitions is read the other way.
 */
import { DEFAULT_CHOICES, type Choices } from "./choices.js";
import { cellOf, DEFAULT_SIZE, defaultCells, instanceOf, type Cell, type Size } from "./matrix.js";
import { OPERATIONS } from "./operations.js";

/** Every other reading, one change at a time. */
export const OTHER_READINGS: readonly Partial<Choices>[] = [
  { writeMissFillsReadOnly: true },
  { mirrorInstall: "step-per-verb" },
  { emptyTablePair: "one-step" },
  { emptyTablePair: "two-steps-unlocked" },
  { flagActs: "on-change" },
  { deferredCoversLateMunmap: false },
  { pinTakenAt: "install" },
  { pinOnReadOnly: "invalid" },
  { ksmFaultLiftsPromise: false },
  { mirrorTestIsStep: false },
  { invalidSkipsCheck: false },
  { installOverOther: "flush-first" },
  { installOverOther: "keep" },
  { freeFrame: "last" },
  { grace: "accesses" },
  { grace: "timer" },
  { iotlbReadOnlyLacksWrite: false },
];

/** Readings that only larger instances can tell apart. */
const OF_LARGER: readonly { reading: Partial<Choices>; size: Size }[] = [
  { reading: { flushReach: "step-per-device" }, size: { ...DEFAULT_SIZE, devices: 2 } },
  { reading: { frees: "one-by-one" }, size: { ...DEFAULT_SIZE, pages: 2 } },
];

export interface Difference {
  reading: Partial<Choices>;
  changes: string[];
}

const shown = ({ verdict, steps }: Cell["properties"][string]): string =>
  steps === null ? verdict : `${steps}`;

function compare(reading: Partial<Choices>, before: Cell[], after: Cell[]): Difference {
  const changes = before.flatMap((cell, index) =>
    Object.entries(cell.properties).flatMap(([id, old]) => {
      const now = after[index]!.properties[id]!;
      if (shown(old) === shown(now)) return [];
      return [`${cell.protocol} ${cell.operation} ${id}: ${shown(old)} -> ${shown(now)}`];
    }),
  );
  return { reading, changes };
}

export function* differences(): Generator<Difference> {
  const before = defaultCells();
  for (const reading of OTHER_READINGS) {
    yield compare(reading, before, defaultCells({ ...DEFAULT_CHOICES, ...reading }));
  }
  for (const { reading, size } of OF_LARGER) {
    const cells = (choices: Choices) =>
      ["none", "secondary-flush", "flush-at-both", "empty-table", "mirror-kvm"].flatMap((id) =>
        OPERATIONS.filter((operation) => operation !== "collapse").map((operation) =>
          cellOf(instanceOf(id, operation, size, choices)),
        ),
      );
    yield compare(reading, cells(DEFAULT_CHOICES), cells({ ...DEFAULT_CHOICES, ...reading }));
  }
}

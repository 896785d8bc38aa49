/**
 * One definition of an operation for replays, timed runs and exploration: what the executors of the
 * mm tell and free, in its order, is what the explored step lists tell and free. Most lists are
 * written by the planners themselves; those of migration, KSM and collapse are written by hand.
 *
 * Where the two differ, the difference is listed here.                       (DEVIATIONS D17)
 */
import { beforeAll, describe, expect, test } from "vitest";
import { StepKind } from "../../src/abi/vocabulary.generated.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { OPERATION_IDS, type OperationId } from "../../src/explore/operations.js";
import { resolveSmallWorld } from "../../src/explore/small_world.js";
import { KernelProbe } from "../support/kernel_probe.js";
import { toldOf } from "../support/notifying_operations.js";
import type { Program } from "../support/program.js";

/** S, E: a range pair; F: a flush that reaches secondary TLBs; P, T: pages and tables are freed. */
const TOLD: readonly (readonly [pattern: RegExp, letter: string])[] = [
  [/^S /, "S"],
  [/^E$/, "E"],
  [/^Fs /, "F"],
  [/^free \d+ pages?$/, "P"],
  [/^free \d+ tables?$/, "T"],
];

const STEPS: Partial<Record<StepKind, string>> = {
  [StepKind.RangeStart]: "S",
  [StepKind.RangeEnd]: "E",
  [StepKind.Invalidate]: "F",
  [StepKind.FreePages]: "P",
  [StepKind.FreeTable]: "T",
};

let machine: ExploreMachine;
beforeAll(async () => {
  machine = await ExploreMachine.create();
});

/** What the executors of Linux 6.19 tell. */
function letters(told: readonly string[]): string {
  return told.map((line) => TOLD.find(([pattern]) => pattern.test(line))?.[1] ?? "").join("");
}

/** The step list, taken by the mm alone while a driver invalidates with each secondary flush. */
function listed(operation: OperationId): string {
  machine.boot(resolveSmallWorld({ protocol: "secondary-flush", operation }));
  machine.rewind();
  const kinds: StepKind[] = [];
  while (machine.isEnabled(MM_THREAD)) {
    machine.take({ move: MM_THREAD, choices: 0 });
    kinds.push(...machine.describe(MM_THREAD).steps);
  }
  return kinds.map((kind) => STEPS[kind] ?? "").join("");
}

const MM_THREAD = 0;
/** As many pages as a gather's batches hold: the last one is full, and flushed inside the pair. */
const FULL = 9678;
const DONTNEED = 4;

async function ofFullGather(act: (program: Program) => unknown): Promise<string[]> {
  const probe = await KernelProbe.boot("6.19");
  probe.program.map(0, FULL).write(0, FULL).drain();
  return probe.tell(act);
}

const EXECUTED: Record<OperationId, () => Promise<string[]>> = {
  munmap: () => ofFullGather((program) => program.unmap(0, FULL)),
  munmap_late: () => toldOf("munmap", "6.19"),
  dontneed: () => ofFullGather((program) => program.advise(0, FULL, DONTNEED)),
  mprotect: () => toldOf("mprotect", "6.19"),
  cow: async () => [
    ...(await toldOf("fork", "6.19")).slice(-FORK_OF_ONE_VMA),
    ...(await toldOf("copy-on-write", "6.19")),
  ],
  migrate: () => toldOf("migration", "6.19"),
  ksm: () => toldOf("KSM merge", "6.19"),
  collapse: () => toldOf("collapse", "6.19"),
  mremap: () => toldOf("mremap", "6.19"),
};

/** The pair of the last VMA, and the flush of CPUs and of secondary TLBs behind it. */
const FORK_OF_ONE_VMA = 4;

/** What the executors tell in another order than the step list of the same operation. */
const DIFFERENT: Partial<Record<OperationId, { executed: string; listed: string }>> = {
  // The tables that the call has emptied. (DEVIATIONS D14)
  dontneed: { executed: "SFTPE", listed: "SFPE" },
  munmap_late: { executed: "SEFTP", listed: "SEFPT" },
  mprotect: { executed: "SEF", listed: "SFE" },
  ksm: { executed: "SFESFPE", listed: "SFESFEP" },
};

describe("the executors of the mm and the explored step lists", () => {
  const same = OPERATION_IDS.filter((operation) => DIFFERENT[operation] === undefined);

  test.each(same)("tell and free the same in the same order: %s", async (operation) => {
    const executed = letters(await EXECUTED[operation]());
    expect(executed).toContain("F");
    expect(listed(operation)).toBe(executed);
  });

  test.each(Object.keys(DIFFERENT) as (keyof typeof DIFFERENT)[])(
    "differ in %s as DEVIATIONS.md says, and in nothing else",
    async (operation) => {
      const executed = letters(await EXECUTED[operation]());
      expect({ executed, listed: listed(operation) }).toEqual(DIFFERENT[operation]);
    },
  );
});

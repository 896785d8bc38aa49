/** The conditions of a protocol's steps mean in a timed run what they mean in exploration. */
import { describe, expect, test } from "vitest";
import { StepKind, TraceWhat } from "../../src/abi/vocabulary.generated.js";
import { explore } from "../../src/explore/explore.js";
import { syntheticProgram } from "../../src/run/program.js";
import { runScenario } from "../../src/run/run.js";
import { loadScenario, type ScenarioInput } from "../../src/scenario/index.js";

type Own = Extract<NonNullable<ScenarioInput["protocol"]>, object>;
type Steps = Pick<Own, "rangeStart" | "rangeEnd" | "secondaryFlush">;

const TIMES = 40;

async function run(protocol: NonNullable<ScenarioInput["protocol"]>) {
  const { resolved } = loadScenario({
    name: "conditions",
    protocol,
    devices: [{ name: "gpu", kind: "gpu" }],
    workload: { operations: [{ kind: "munmap", pages: 8, period: "50us", repeat: TIMES }] },
  });
  if (resolved.workload.kind !== "synthetic") throw new Error("the workload is synthetic");
  const steps: StepKind[] = [];
  await runScenario(resolved, syntheticProgram(resolved.workload.operations), {
    onTrace: (entries) => {
      for (const { what, detail } of entries) if (what === TraceWhat.DriverStep) steps.push(detail);
    },
  });
  return steps;
}

async function stepsOf(steps: Steps): Promise<StepKind[]> {
  return run({ id: "own", title: "own", ...steps });
}

/** For each end of a pair: whether it is the only one open, and whether an invalidation follows. */
function endsOf(steps: readonly StepKind[]) {
  let count = 0;
  return steps.flatMap((step, index) => {
    const isStart = step === StepKind.CountUp || step === StepKind.FlagSet;
    if (!isStart && step !== StepKind.CountDown && step !== StepKind.FlagClear) return [];
    count += isStart ? 1 : -1;
    const isInvalidated = steps[index + 1] === StepKind.Invalidate;
    return [{ isAlone: count === (isStart ? 1 : 0), isInvalidated }];
  });
}

/** What exploration counts when one munmap has these steps. */
async function statesOf(steps: Steps): Promise<number> {
  const protocol = { id: "own", title: "own", ...steps };
  const { states } = await explore({ protocol, operation: "munmap" });
  return states;
}

const COUNT: Steps = { rangeStart: ["count-up"], rangeEnd: ["count-down"] };

describe("a step of a pair that is the only one open", () => {
  const never: Steps = {
    rangeStart: ["count-up", { do: "invalidate", if: "not-first" }],
    rangeEnd: ["count-down", { do: "invalidate", if: "not-last" }],
  };
  const always: Steps = {
    rangeStart: ["count-up", { do: "invalidate", if: "first" }],
    rangeEnd: ["count-down", { do: "invalidate", if: "last" }],
  };

  test("is passed over where it is for pairs inside another", async () => {
    const ends = endsOf(await stepsOf(never));
    expect(ends.length).toBeGreaterThanOrEqual(2 * TIMES);
    expect(ends.filter(({ isAlone, isInvalidated }) => isAlone === isInvalidated)).toEqual([]);
    expect(await statesOf(never)).toBe(await statesOf(COUNT));
  });

  test("is taken at both ends where it is for the outermost pair", async () => {
    const ends = endsOf(await stepsOf(always));
    expect(ends.length).toBeGreaterThanOrEqual(2 * TIMES);
    expect(ends.filter(({ isAlone, isInvalidated }) => isAlone !== isInvalidated)).toEqual([]);
    const unconditional: Steps = {
      rangeStart: ["count-up", "invalidate"],
      rangeEnd: ["count-down", "invalidate"],
    };
    expect(await statesOf(always)).toBe(await statesOf(unconditional));
  });

  test("takes each flag that is set for the first, and cleared for the last", async () => {
    const flagged: Steps = {
      rangeStart: ["flag-set", { do: "invalidate", if: "first" }],
      rangeEnd: ["flag-clear", { do: "invalidate", if: "last" }],
    };
    const ends = endsOf(await stepsOf(flagged));
    expect(ends.length).toBeGreaterThanOrEqual(2 * TIMES);
    expect(ends.filter(({ isInvalidated }) => !isInvalidated)).toEqual([]);
  });
});

describe("empty-table", () => {
  test("holds its driver's lock whenever it switches the table, and releases it once", async () => {
    let isHeld = false;
    let count = 0;
    let switches = 0;
    for (const step of await run("empty-table")) {
      if (step === StepKind.DriverLock) {
        expect(isHeld).toBe(false);
        isHeld = true;
        continue;
      }
      expect(isHeld).toBe(true);
      if (step === StepKind.DriverUnlock) isHeld = false;
      if (step === StepKind.CountUp) count++;
      if (step === StepKind.CountDown) count--;
      if (step === StepKind.InstallEmptyTable) expect(count).toBe(1);
      if (step === StepKind.RestoreTable) expect(count).toBe(0);
      if (step === StepKind.InstallEmptyTable || step === StepKind.RestoreTable) switches++;
    }
    expect(switches).toBeGreaterThanOrEqual(2 * TIMES);
  });
});

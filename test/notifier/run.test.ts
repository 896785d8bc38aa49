import { describe, expect, test } from "vitest";
import { NotifierRegistry } from "../../src/notifier/registry.js";
import type { MmuNotifierOps, NotifierContext } from "../../src/notifier/subscription.js";
import { programOf } from "../../src/run/program.js";
import type { RunResult } from "../../src/run/result.js";
import { runScenario } from "../../src/run/run.js";
import { readRunToken } from "../../src/run/token.js";
import { loadScenario } from "../../src/scenario/load.js";
import type { ScenarioInput } from "../../src/scenario/schema.js";
import { openRecording } from "../workload/repository_recordings.js";

const program = await programOf(
  "random_anon_1",
  await openRecording("micro/random_anon_1.jsonl.gz"),
);
const short = await programOf("munmap", await openRecording("micro/munmap_multi_pop.jsonl.gz"));

function scenario(changes: Partial<ScenarioInput> = {}) {
  return loadScenario({
    name: "a device beside a program",
    protocol: "none",
    devices: [{ name: "gpu0", kind: "gpu", lanes: 16 }],
    workload: { recording: "random_anon_1" },
    ...changes,
  }).resolved;
}

/** Runs the program with one subscription that has these callbacks. */
async function runNotified(ops: MmuNotifierOps, changes: Partial<ScenarioInput> = {}) {
  const notifiers = new NotifierRegistry();
  notifiers.register(program.sharedMm, ops);
  return runScenario(scenario(changes), program, { notifiers });
}

const secondaryFlush: MmuNotifierOps = {
  archInvalidateSecondaryTlbs: (_mm, start, end, context) => {
    context.invalidate(start, end);
  },
};

const rulesOf = ({ violations }: RunResult) => violations.map(({ rule }) => rule);

/** Violations but for their tokens. */
const foundIn = ({ violations }: RunResult) =>
  violations.map(({ rule, atNs, count }) => ({ rule, atNs, count }));

describe("a notifier of the host that invalidates in archInvalidateSecondaryTlbs", () => {
  test("runs event by event as the built-in secondary-flush", async () => {
    const hosted = await runNotified(secondaryFlush);
    const builtin = await runScenario(scenario({ protocol: "secondary-flush" }), program);
    expect(hosted).toMatchObject({
      violations: [],
      counts: builtin.counts,
      times: builtin.times,
      digest: builtin.digest,
    });
  });

  test("is called at the end of each range too in Linux 3.19, as invalidate-range invalidates", async () => {
    const hosted = await runNotified(secondaryFlush, { era: "3.19" });
    const builtin = await runScenario(
      scenario({ protocol: "invalidate-range", era: "3.19" }),
      program,
    );
    expect({ counts: hosted.counts, digest: hosted.digest }).toEqual({
      counts: builtin.counts,
      digest: builtin.digest,
    });
  });
});

describe("a notifier of the host", () => {
  test("leaves the violations of none when it does nothing, and costs the same walks", async () => {
    const hosted = await runNotified({});
    const none = await runScenario(scenario(), program);
    expect(rulesOf(none)).toContain("stale-read");
    expect(foundIn(hosted)).toEqual(foundIn(none));
    expect(hosted.counts).toEqual(none.counts);
  });

  test("that invalidates in start only gives stale accesses, as flush-at-start does", async () => {
    const hosted = await runNotified({
      invalidateRangeStart: ({ start, end }, context) => {
        context.invalidate(start, end);
        return undefined;
      },
    });
    const builtin = await runScenario(scenario({ protocol: "flush-at-start" }), program);
    expect(rulesOf(hosted)).toContain("stale-read");
    expect(hosted.digest).toBe(builtin.digest);
  });

  test("is told the ranges that the kernel announced, each start with its end", async () => {
    const open: { start: number; end: number }[] = [];
    let pairs = 0;
    const { counts } = await runNotified({
      invalidateRangeStart: (range) => {
        open.push(range);
        return undefined;
      },
      invalidateRangeEnd: (range) => {
        pairs++;
        expect(open.pop()).toBe(range);
      },
    });
    expect(open).toEqual([]);
    expect(pairs).toBe(counts.rangeStarts);
  });

  test("finds the simulated clock later by the wait when an invalidation is complete", async () => {
    const waits = new Set<number>();
    const result = await runNotified({
      archInvalidateSecondaryTlbs: (_mm, start, end, context) => {
        const before = context.nowNs;
        context.invalidate(start, end);
        waits.add(context.nowNs - before);
      },
    });
    expect(Math.max(...waits)).toBe(result.times.invalidationWait.maxNs);
  });

  test("is not walked for while the mm never had one", async () => {
    const hosted = await runScenario(scenario(), program, { notifiers: new NotifierRegistry() });
    const none = await runScenario(scenario({ notifier: "none" }), program);
    expect(hosted.counts).toEqual(none.counts);
  });

  test("is never called after it was unregistered during the run", async () => {
    const notifiers = new NotifierRegistry();
    let calls = 0;
    const subscription = notifiers.register(program.sharedMm, {
      archInvalidateSecondaryTlbs: () => {
        if (++calls === 10) subscription.unregister();
      },
    });
    const { counts } = await runScenario(scenario(), program, { notifiers });
    expect(calls).toBe(10);
    expect(counts.notifierCalls).toBe(10);
  });

  test("is released once when the mm exits, and never called after that", async () => {
    const seen: string[] = [];
    await runNotified({
      archInvalidateSecondaryTlbs: () => {
        seen.push("flush");
      },
      release: () => {
        seen.push("release");
      },
    });
    expect(seen.indexOf("release")).toBe(seen.length - 1);
  });

  test("counts one call for each of two that are registered", async () => {
    const notifiers = new NotifierRegistry();
    notifiers.register(short.sharedMm, secondaryFlush);
    notifiers.register(short.sharedMm, { archInvalidateSecondaryTlbs: () => undefined });
    const { counts } = await runScenario(scenario(), short, { notifiers });
    expect(counts.notifierCalls).toBe(2 * counts.secondaryFlushes);
    expect(counts.notifierCalls).toBe(notifiers.counts.calls);
  });
});

describe("an exception of a callback", () => {
  const failing = () => {
    const notifiers = new NotifierRegistry();
    let fails = true;
    notifiers.register(short.sharedMm, {
      invalidateRangeStart: () => {
        if (fails) throw new Error("the device is on fire");
        return undefined;
      },
    });
    return {
      notifiers,
      mend: () => {
        fails = false;
      },
    };
  };

  test("reaches the caller of runScenario as it was thrown", async () => {
    const { notifiers } = failing();
    await expect(runScenario(scenario(), short, { notifiers })).rejects.toThrow(
      new Error("the device is on fire"),
    );
  });

  test("leaves the registry fit for registrations and for another run", async () => {
    const { notifiers, mend } = failing();
    await expect(runScenario(scenario(), short, { notifiers })).rejects.toThrow();
    mend();
    notifiers.register(short.sharedMm, {});
    const { counts } = await runScenario(scenario(), short, { notifiers });
    expect(counts.notifierCalls).toBe(counts.rangeStarts);
  });
});

describe("what a callback may do", () => {
  test("never includes a registration, which would wait for the mm's own locks", async () => {
    const notifiers = new NotifierRegistry();
    notifiers.register(short.sharedMm, {
      archInvalidateSecondaryTlbs: () => {
        notifiers.register(short.sharedMm, {});
      },
    });
    await expect(runScenario(scenario(), short, { notifiers })).rejects.toThrow(
      /a callback is running/,
    );
  });

  test("never includes a promise, since the mm does not wait for one", async () => {
    const later = (() => Promise.resolve()) as () => void;
    await expect(runNotified({ archInvalidateSecondaryTlbs: later })).rejects.toThrow(
      /returned a promise/,
    );
  });

  test("ends with the callback: its context is of no use afterwards", async () => {
    let kept: NotifierContext | undefined;
    await runNotified({
      archInvalidateSecondaryTlbs: (_mm, _start, _end, context) => {
        kept = context;
      },
    });
    expect(() => kept?.invalidate(0x1000, 0x2000)).toThrow(/only during its callback/);
  });
});

describe("a run with notifiers of the host", () => {
  test("refuses a protocol that has callbacks of its own", async () => {
    const notifiers = new NotifierRegistry();
    await expect(
      runScenario(scenario({ protocol: "flush-at-end" }), short, { notifiers }),
    ).rejects.toThrow(/its own rangeEnd/);
  });

  test("refuses a registry that another run uses", async () => {
    const notifiers = new NotifierRegistry();
    const first = runScenario(scenario(), short, { notifiers });
    await expect(runScenario(scenario(), short, { notifiers })).rejects.toThrow(/its own/);
    await first;
  });

  test("prints a token that says why it cannot be repeated from the token alone", async () => {
    const { token } = await runNotified({});
    expect(() => readRunToken(token)).toThrow(/callbacks of a program/);
  });
});

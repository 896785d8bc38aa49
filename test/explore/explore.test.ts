/**
 * What every interleaving of a small world says about drivers that invalidate too early or too
 * late.
 */
import { describe, expect, test } from "vitest";
import { replayToken } from "../../src/explore/counterexample.js";
import { explore } from "../../src/explore/explore.js";
import { InvalidScenario } from "../../src/scenario/errors.js";

/** The shortest path to a violation, as rows of actor and text. */
async function counterexample(
  protocol: string,
  operation: "munmap" | "munmap_late" | "dontneed" | "cow",
  property: "stale-read" | "stale-walk" | "device-failure",
): Promise<string[]> {
  const result = await explore({ protocol, operation });
  const { token } = result.properties[property]!;
  const { steps } = await replayToken(token!);
  return steps.map(({ actor, text }) => `${actor}: ${text}`);
}

describe("an exploration", () => {
  test("reports every state and judges each property that says something about the operation", async () => {
    const result = await explore({ protocol: "secondary-flush", operation: "munmap" });
    expect(result).toMatchObject({
      schema: "tlbstorm.explore/1",
      protocol: "secondary-flush",
      operation: "munmap",
      devices: 1,
      pages: 1,
      retryLimit: 3,
      complete: true,
    });
    expect(result.properties).toMatchObject({
      "stale-read": { verdict: "holds", steps: null, token: null },
      "lost-write": { verdict: "not-applicable", steps: null, token: null },
      "stale-walk": { verdict: "holds", steps: null, token: null },
    });
  });

  test("says unknown instead of holds when it gives up before the last state", async () => {
    const { complete, properties } = await explore({
      protocol: "secondary-flush",
      operation: "cow",
      maxStates: 50,
    });
    expect(complete).toBe(false);
    expect(properties["stale-read"]).toEqual({
      verdict: "unknown",
      steps: null,
      token: null,
      incomplete: "states",
    });
  });

  test("stops at the first violation of the only property that is asked for", async () => {
    const request = { protocol: "mirror-unchecked", operation: "ksm" } as const;
    const all = await explore(request);
    const one = await explore({ ...request, properties: ["readonly-write"] });
    expect(one.properties).toEqual({ "readonly-write": all.properties["readonly-write"] });
    expect(one.transitions).toBeLessThanOrEqual(all.transitions);
  });

  test("ends with the reason of its signal", async () => {
    const request = { protocol: "mirror-kvm", operation: "cow", devices: 2 } as const;
    const running = explore({ ...request, signal: AbortSignal.abort(new Error("enough")) });
    await expect(running).rejects.toThrow("enough");
  });

  test("tells how far it has come", async () => {
    const seen: number[] = [];
    const { states } = await explore({
      protocol: "mirror-kvm",
      operation: "cow",
      devices: 2,
      onProgress: (progress) => {
        if (progress.stage === "safety") seen.push(progress.states);
      },
    });
    expect(seen.length).toBeGreaterThan(1);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen.at(-1)).toBe(states);
  });

  test.each([
    { because: "the protocol is unknown", world: { protocol: "flush-at-sart" } },
    { because: "a collapsed table has one page", world: { operation: "collapse", pages: 2 } },
    { because: "three devices are too many", world: { devices: 3 } },
    { because: "seven refusals are too many", world: { retryLimit: 7 } },
  ] as const)("is refused when $because", async ({ world }) => {
    const request = { protocol: "none", operation: "munmap", ...world } as const;
    await expect(explore(request)).rejects.toThrow(InvalidScenario);
  });
});

describe("a flush in range_start", () => {
  test("comes too early: a walk between range_start and the cleared pte refills the ATC", async () => {
    const steps = await counterexample("flush-at-start", "munmap", "stale-read");
    const flush = steps.findIndex((step) => step.includes("range_start, invalidate"));
    const walk = steps.findIndex((step) => step.startsWith("device 0: walk"));
    const clear = steps.findIndex((step) => step.includes("clear pte"));
    const free = steps.findIndex((step) => step.includes("free pages (F0)"));
    const read = steps.findIndex((step) => step.includes("read reaches F0 (somebody else)"));
    expect([flush, walk, clear, free, read]).toEqual(
      [flush, walk, clear, free, read].toSorted((a, b) => a - b),
    );
    expect(read).toBe(steps.length - 1);
  });
});

describe("a flush in range_end", () => {
  test("comes too late where munmap frees inside the pair", async () => {
    const steps = await counterexample("flush-at-end", "munmap", "stale-read");
    expect(steps.some((step) => step.includes("range_end"))).toBe(false);
    expect(steps.at(-1)).toBe("device 0: read reaches F0 (somebody else)");
  });

  test("leaves the walk cache pointing to a table page that is freed after the pair", async () => {
    const steps = await counterexample("flush-at-end", "munmap_late", "stale-walk");
    const end = steps.findIndex((step) => step.includes("range_end"));
    const clear = steps.findIndex((step) => step.includes("clear pmd entry"));
    expect(end).toBeLessThan(clear);
    expect(steps).toContain("elsewhere: page table page is used by somebody else");
  });
});

describe("an empty table", () => {
  test("makes a device give up whose faults succeed while the table stays empty", async () => {
    const steps = await counterexample("empty-table", "dontneed", "device-failure");
    expect(steps.filter((step) => step === "handler 0: respond SUCCESS")).toHaveLength(3);
    expect(steps.at(-1)).toBe(
      "device 0: walk page 0 again for read -> refused 3 times: device fails",
    );
  });
});

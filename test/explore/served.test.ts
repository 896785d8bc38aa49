/** Page requests that are never answered: runs that go on for ever, or end. */
import { describe, expect, test } from "vitest";
import { replayToken } from "../../src/explore/counterexample.js";
import { explore } from "../../src/explore/explore.js";
import type { OperationId } from "../../src/explore/operations.js";
import type { ProtocolInput } from "../../src/protocols/schema.js";

async function served(protocol: string | ProtocolInput, operation: OperationId) {
  const { properties } = await explore({ protocol, operation, properties: ["served"] });
  return properties.served!;
}

describe("a page request", () => {
  test("is answered when the mm's operation ends, however often the empty table refuses it", async () => {
    expect(await served("empty-table", "dontneed")).toMatchObject({ verdict: "holds" });
  });

  test("may wait for ever for a flush that a busy device never lets begin", async () => {
    const { verdict, fairness, token } = await served("secondary-flush", "mprotect");
    expect({ verdict, fairness }).toEqual({ verdict: "violated", fairness: "weak" });
    const { steps, loop, isReproduced } = await replayToken(token!);
    const cycle = steps.slice(loop!).map(({ actor, text }) => `${actor}: ${text}`);
    expect(cycle.some((step) => step.startsWith("device 0: issue"))).toBe(true);
    expect(cycle.some((step) => step.startsWith("mm: "))).toBe(false);
    expect(isReproduced).toBe(true);
  });

  test("is never granted once a count has gone below zero: every install starts over", async () => {
    const { fairness, token } = await served("short-circuit-mirror", "collapse");
    const { steps, loop } = await replayToken(token!);
    const cycle = steps.slice(loop!);
    expect(fairness).toBe("strong");
    expect(cycle.map(({ text }) => text)).toContainEqual(expect.stringMatching(/start over/));
    expect(cycle.every(({ state }) => state.count !== 0)).toBe(true);
  });

  test("is refused for ever where a stale walk cache hides the collapsed table", async () => {
    const { fairness, token } = await served("leaf-only", "collapse");
    const { steps, loop } = await replayToken(token!);
    expect(fairness).toBe("strong");
    expect(steps.slice(loop!).every(({ state }) => state.devices[0]!.isTableCached)).toBe(true);
  });

  test("waits for ever for a lock that nobody gives back", async () => {
    const forgetful: ProtocolInput = {
      id: "forgetful",
      reads: "mirror",
      rangeStart: ["lock-driver", "zap-mirror"],
      fault: [
        "lock-mmap",
        "fault",
        "unlock-mmap",
        "lock-driver",
        "install",
        "unlock-driver",
        "respond",
      ],
    };
    const { verdict, fairness, token } = await served(forgetful, "dontneed");
    const { loop, steps, isReproduced } = await replayToken(token!);
    expect({ verdict, fairness, isReproduced }).toEqual({
      verdict: "violated",
      fairness: "strong",
      isReproduced: true,
    });
    expect(steps.length - (loop ?? steps.length)).toBeLessThan(3);
  });
});

import { describe, expect, test } from "vitest";
import { NotifierRegistry } from "../../src/notifier/registry.js";
import { AcceleratorDevice, GpuDevice } from "../../src/devices/presets.js";
import { programOf } from "../../src/run/program.js";
import { runScenario } from "../../src/run/run.js";
import { readRunToken } from "../../src/run/token.js";
import { loadScenario } from "../../src/scenario/load.js";
import { openRecording } from "../workload/repository_recordings.js";
import { beside, runDevice } from "./contract.js";

/** An accelerator that touches a page which the program never maps. */
function astray(statement: ConstructorParameters<typeof AcceleratorDevice>[1]) {
  const model = new AcceleratorDevice("dsa0", { lanes: 1, ...statement });
  model.nextAccess = () => ({ page: 1, isWrite: false });
  return model;
}

describe("a device whose page request is answered INVALID", () => {
  test("goes on with the next access when the policy is fail-operation", async () => {
    const { counts, devices } = await runDevice(astray({ onInvalid: "fail-operation" }));
    expect(counts.accessesAbandoned).toBe(counts.responsesInvalid);
    expect(counts.refusals).toBe(0);
    expect(devices).toMatchObject([{ state: "running" }]);
  });

  test("takes INVALID for a refusal when the policy is retry, up to its limit", async () => {
    const { counts, devices } = await runDevice(astray({ onInvalid: "retry", retryLimit: 3 }));
    expect(counts.responsesInvalid).toBe(3);
    expect(counts.refusalsHighWater).toBe(3);
    expect(devices).toMatchObject([{ state: "failed" }]);
  });

  test("stops at the first one when the policy is stop", async () => {
    const { counts, devices } = await runDevice(astray({ onInvalid: "stop" }));
    expect(counts.responsesInvalid).toBe(1);
    expect(devices).toMatchObject([{ state: "stopped", failedAtNs: null }]);
  });

  test("waits before it asks again as long as it states", async () => {
    const failedAt = async (backoff: string) => {
      const model = astray({ onInvalid: "retry", retryLimit: 3, backoff });
      return (await runDevice(model)).devices[0]!.failedAtNs!;
    };
    expect((await failedAt("50us")) - (await failedAt("0ns"))).toBeGreaterThanOrEqual(100_000);
  });
});

describe("the pattern of accesses", () => {
  type Kind = "live" | "window" | "sequential" | "uniform";
  const oneLane = (kind: Kind) =>
    new GpuDevice("gpu0", { lanes: 1, atc: { entries: 1, ways: 1 }, access: { kind } });

  /** Beside a recorded program that maps more than it touches. */
  const run = async (kind: Kind) => {
    const { resolved } = beside(oneLane(kind));
    const recording = await openRecording("micro/random_2.jsonl.gz");
    return (await runScenario(resolved, await programOf("random_2", recording))).counts;
  };

  test("never comes back to a page before the others when it is sequential", async () => {
    const { counts } = await runDevice(oneLane("sequential"), {
      workload: { operations: [{ kind: "mprotect", pages: 32, period: "100us", repeat: 5 }] },
    });
    expect(counts.accesses).toBeGreaterThan(100);
    // As long as the program has touched its first page only, there are no others.
    expect(counts.atcHits).toBeLessThan(5);
  });

  test("comes back to the newest pages more often when it is live", async () => {
    const hits = async (kind: Kind) => {
      const { counts } = await runDevice(oneLane(kind), {
        workload: {
          operations: [
            { kind: "touch", pages: 64 },
            { kind: "mprotect", pages: 1, period: "2ms", repeat: 2 },
          ],
        },
      });
      return counts.atcHits / counts.accesses;
    };
    // One of 64 pages is the one before it, but of the newest it is more likely.
    expect(await hits("window")).toBeLessThan(1.5 / 64);
    expect(await hits("live")).toBeGreaterThan(2 / 64);
  });

  test("populates pages that the program never touched when it is uniform", async () => {
    const [uniform, live] = [await run("uniform"), await run("live")];
    expect(uniform.responsesSuccess).toBeGreaterThan(live.responsesSuccess);
  });
});

describe("a model that chooses its accesses", () => {
  const choosing = (bound: number) => {
    const model = new GpuDevice("gpu0");
    model.nextAccess = ({ livePages, livePage, choose }) => {
      const page = livePages === 0 ? null : livePage(choose(Math.min(livePages, bound)));
      return page === null ? null : { page, isWrite: choose(2) === 0 };
    };
    return model;
  };

  test("repeats its run when it chooses by the run's seed", async () => {
    const [first, second] = [await runDevice(choosing(8)), await runDevice(choosing(8))];
    expect(first.counts.accesses).toBeGreaterThan(1000);
    expect(second.digest).toBe(first.digest);
  });

  test("prints a token that says why it cannot be repeated from the token alone", async () => {
    const { token } = await runDevice(choosing(8));
    expect(() => readRunToken(token)).toThrow(/callbacks of a program/);
  });

  test("never changes a run by listening alone", async () => {
    const heard = new GpuDevice("gpu0");
    heard.onViolation = () => undefined;
    const { digest, token } = await runDevice(heard);
    expect(digest).toBe((await runDevice(new GpuDevice("gpu0"))).digest);
    expect(readRunToken(token)).toMatchObject({ digest });
  });

  test("stops the run with what it throws", async () => {
    const model = new GpuDevice("gpu0");
    model.nextAccess = () => {
      throw new Error("no buffer is left");
    };
    await expect(runDevice(model)).rejects.toThrow(new Error("no buffer is left"));
  });

  test("is refused when the scenario states another device of that name", async () => {
    const model = new GpuDevice("gpu0", { lanes: 3 });
    const { resolved } = loadScenario({
      name: "other lanes",
      protocol: "none",
      devices: [{ name: "gpu0", kind: "gpu" }],
    });
    const { program } = beside(model);
    await expect(runScenario(resolved, program, { devices: [model] })).rejects.toThrow(
      /another lanes than the scenario/,
    );
  });

  test("works beside a notifier of the host", async () => {
    const model = choosing(8);
    const { resolved, program } = beside(model, {
      protocol: "none",
      workload: { operations: [{ kind: "munmap", pages: 32, period: "50us", repeat: 20 }] },
    });
    const notifiers = new NotifierRegistry();
    notifiers.register(program.sharedMm, {
      archInvalidateSecondaryTlbs: (_mm, start, end, context) => {
        context.invalidate(start, end);
      },
    });
    const result = await runScenario(resolved, program, { devices: [model], notifiers });
    expect(result.violations).toEqual([]);
  });
});

import { describe, expect, test } from "vitest";
import { syntheticProgram } from "../../src/run/program.js";
import { runScenario } from "../../src/run/run.js";
import type { RunResult } from "../../src/run/result.js";
import { loadScenario } from "../../src/scenario/index.js";
import type { WorkloadOperationKind } from "../../src/scenario/vocabulary.js";

const TIMES = 10;
const PAGES = 4;

async function run(kind: WorkloadOperationKind, pages = PAGES): Promise<RunResult> {
  const { resolved } = loadScenario({
    name: kind,
    protocol: "secondary-flush",
    workload: { operations: [{ kind, pages, period: "100us", repeat: TIMES }] },
  });
  if (resolved.workload.kind !== "synthetic") throw new Error("the workload is synthetic");
  return runScenario(resolved, syntheticProgram(resolved.workload.operations));
}

describe("a run of a synthetic workload", () => {
  test.each([
    { kind: "touch", pairs: 0, because: "nothing present changes" },
    { kind: "munmap", pairs: 1, because: "one pair covers the call" },
    { kind: "dontneed", pairs: 1, because: "one pair covers the call" },
    { kind: "mprotect", pairs: 2, because: "there and back" },
    { kind: "fork", pairs: 1 + PAGES, because: "one for the vma and one for each page copied" },
    { kind: "migrate", pairs: PAGES, because: "each page moves on its own" },
  ] as const)("announces $pairs pairs for each $kind: $because", async ({ kind, pairs }) => {
    const { counts } = await run(kind);
    expect(counts.rangeStarts).toBe(TIMES * pairs);
    expect(counts.rangeEnds).toBe(counts.rangeStarts);
  });

  test("merges pages, and copies them when they are written again", async () => {
    const { counts } = await run("ksm");
    expect(counts.rangeStarts).toBeGreaterThanOrEqual(TIMES * PAGES);
  });

  test("collapses a page table, and splits the huge mapping again", async () => {
    const { counts } = await run("collapse", 512);
    expect(counts.rangeStarts).toBeGreaterThanOrEqual(TIMES);
  });

  test("takes as long as its operations are apart", async () => {
    const { simulatedNs } = await run("munmap");
    expect(simulatedNs).toBeGreaterThanOrEqual(900_000);
    expect(simulatedNs).toBeLessThan(1_200_000);
  });

  test("ends at its limit where the operations take longer than their period", async () => {
    const { resolved } = loadScenario({
      name: "a program that is late",
      protocol: "secondary-flush",
      until: "200us",
      workload: { operations: [{ kind: "munmap", pages: 8, period: "1us", repeat: 1000 }] },
    });
    if (resolved.workload.kind !== "synthetic") throw new Error("the workload is synthetic");
    const { simulatedNs } = await runScenario(
      resolved,
      syntheticProgram(resolved.workload.operations),
    );
    expect(simulatedNs).toBeGreaterThanOrEqual(200_000);
    expect(simulatedNs).toBeLessThan(220_000);
  });
});

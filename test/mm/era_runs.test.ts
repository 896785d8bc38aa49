/**
 * What a device beside a program sees under kernels of different versions: the same scenario, and
 * the verdicts that the history of the notifiers gives.
 */
import { describe, expect, test } from "vitest";
import { syntheticProgram } from "../../src/run/program.js";
import type { RunResult } from "../../src/run/result.js";
import { runScenario } from "../../src/run/run.js";
import { loadScenario } from "../../src/scenario/index.js";
import type { ScenarioInput } from "../../src/scenario/schema.js";
import type { WorkloadOperationKind } from "../../src/scenario/vocabulary.js";

const PAGES = 8;
const PAGES_OF_BLOCK = 512;

interface Choice {
  era: ScenarioInput["era"];
  arch?: ScenarioInput["arch"];
  protocol: ScenarioInput["protocol"];
  kind: WorkloadOperationKind;
  lanes?: number;
  retryLimit?: number | "unlimited";
  pages?: number;
}

/** A GPU on the pages of a program that repeats one operation. */
async function run({ era, arch, protocol, kind, lanes, ...rest }: Choice): Promise<RunResult> {
  const isCollapse = kind === "collapse";
  const pages = rest.pages ?? (isCollapse ? PAGES_OF_BLOCK : PAGES);
  const retryLimit = rest.retryLimit ?? "unlimited";
  const { resolved } = loadScenario({
    name: kind,
    era,
    arch,
    protocol,
    devices: [{ name: "gpu0", kind: "gpu", lanes, retryLimit }],
    workload: { operations: [{ kind, pages, period: "50us", repeat: pages > PAGES ? 20 : 150 }] },
  });
  if (resolved.workload.kind !== "synthetic") throw new Error("the workload is synthetic");
  return runScenario(resolved, syntheticProgram(resolved.workload.operations));
}

const rulesOf = ({ violations }: RunResult) => violations.map(({ rule }) => rule);

describe("a page-table page that munmap frees", () => {
  test("is walked by the device in 3.17, and in 3.19 under the same protocol is not", async () => {
    const choice = { protocol: "invalidate-range", kind: "munmap" } as const;
    expect(rulesOf(await run({ era: "3.17", ...choice }))).toEqual(["stale-walk"]);
    expect(rulesOf(await run({ era: "3.19", ...choice }))).toEqual([]);
  });

  test("is walked beside the empty table of 3.17 too: the real one is back before it is freed", async () => {
    const choice = { kind: "munmap", lanes: 512 } as const;
    const empty = await run({ era: "3.17", protocol: "empty-table", ...choice });
    expect(rulesOf(empty)).toEqual(["stale-walk"]);
    const beside = await run({ era: "3.19", protocol: "invalidate-range", ...choice });
    expect(rulesOf(beside)).toEqual([]);
  });
});

describe("the empty table of 3.17", () => {
  test("makes a device give up that counts refusals, and invalidate_range of 3.19 does not", async () => {
    const choice = { kind: "munmap", pages: PAGES_OF_BLOCK, retryLimit: 4 } as const;
    const empty = await run({ era: "3.17", protocol: "empty-table", ...choice });
    expect(rulesOf(empty)).toContain("device-failure");
    const beside = await run({ era: "3.19", protocol: "invalidate-range", ...choice });
    expect(rulesOf(beside)).not.toContain("device-failure");
  });
});

const KINDS: WorkloadOperationKind[] = [
  "munmap",
  "dontneed",
  "mprotect",
  "fork",
  "migrate",
  "ksm",
  "collapse",
];
const ERAS = ["3.19", "4.15", "6.4", "6.19"] as const;
const ARCHES = ["x86", "arm64"] as const;

describe("a driver that invalidates where the kernel tells it to", () => {
  test.each(ERAS.flatMap((era) => ARCHES.map((arch) => ({ era, arch }))))(
    "has no violation in an unmodified $era on $arch",
    async ({ era, arch }) => {
      for (const kind of KINDS) {
        const result = await run({ era, arch, protocol: "secondary-flush", kind });
        expect({ kind, rules: rulesOf(result) }).toEqual({ kind, rules: [] });
      }
    },
  );

  test.each(["fork", "mprotect"] as const)(
    "measures the window of %s in 6.19 and does not report it",
    async (kind) => {
      const result = await run({ era: "6.19", protocol: "secondary-flush", kind });
      expect(result.counts.accessesInWindow).toBeGreaterThan(0);
      expect(result.violations).toEqual([]);
    },
  );
});

describe("a kernel whose end of a pair no longer flushes", () => {
  /** A driver with an invalidate_range_end of its own: it stands for what the kernel did there. */
  const protocol = {
    id: "without-end",
    title: "invalidates where the CPU flushes; the end flushes nothing",
    rangeStart: ["flag-set"],
    secondaryFlush: ["invalidate"],
    rangeEnd: ["flag-clear"],
  } satisfies ScenarioInput["protocol"];

  test.each([
    { era: "4.15", kind: "fork", because: "copy_page_range only write-protects" },
    { era: "4.15", kind: "mprotect", because: "flush_tlb_range tells no notifier" },
    { era: "6.4", kind: "fork", because: "copy_page_range only write-protects" },
  ] as const)(
    "lets the device write what $kind protects in $era: $because",
    async ({ era, kind }) => {
      expect(rulesOf(await run({ era, protocol, kind }))).toContain("readonly-write");
    },
  );

  test.each([
    { era: "4.15", kind: "munmap", because: "tlb_flush_mmu_tlbonly" },
    { era: "4.15", kind: "dontneed", because: "tlb_flush_mmu_tlbonly" },
    { era: "6.4", kind: "mprotect", because: "the gather flushes since 5.19" },
  ] as const)("changes nothing for $kind in $era: $because", async ({ era, kind }) => {
    expect(rulesOf(await run({ era, protocol, kind }))).toEqual([]);
  });

  test.each(["fork", "mprotect"] as const)("is safe in 6.19, which has none: %s", async (kind) => {
    const told = "secondary-flush" as const;
    expect(rulesOf(await run({ era: "6.19", protocol: told, kind }))).toEqual([]);
  });
});

describe("the architecture of a scenario", () => {
  test("reaches the kernel: arm64 flushes secondary TLBs once more for the table of a munmap", async () => {
    const choice = { era: "6.19", protocol: "none", kind: "munmap" } as const;
    const x86 = await run({ ...choice, arch: "x86" });
    const arm64 = await run({ ...choice, arch: "arm64" });
    expect(x86.counts.secondaryFlushes).toBe(x86.counts.rangeStarts);
    expect(arm64.counts.secondaryFlushes).toBe(2 * arm64.counts.rangeStarts);
  });

  test("and the era reach the kernel: there is no secondary flush in 3.17", async () => {
    for (const arch of ARCHES) {
      const result = await run({ era: "3.17", arch, protocol: "flush-at-end", kind: "munmap" });
      expect(result.counts.secondaryFlushes).toBe(0);
      expect(result.counts.rangeStarts).toBeGreaterThan(0);
    }
  });
});

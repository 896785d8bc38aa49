/** Timed runs against exploration: the same definitions, driven by a clock and by enumeration. */
import { describe, expect, test } from "vitest";
import { explore } from "../../src/explore/explore.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { BUILTIN_PROTOCOL_IDS } from "../../src/protocols/catalogue.js";
import { syntheticProgram } from "../../src/run/program.js";
import { runScenario } from "../../src/run/run.js";
import type { RunResult, RunViolation } from "../../src/run/result.js";
import { TAKERS, type TakerId } from "../../src/run/takers.js";
import { loadScenario, type ScenarioInput } from "../../src/scenario/index.js";
import type { OperationId, WorkloadOperationKind } from "../../src/scenario/vocabulary.js";

type ProtocolId = (typeof BUILTIN_PROTOCOL_IDS)[number];

/** What the mm does in a synthetic operation, by the names of runs. */
const DONE = {
  munmap: ["munmap"],
  dontneed: ["dontneed"],
  mprotect: ["mprotect"],
  // The child's exit unmaps what it shares with its parent.
  fork: ["cow", "munmap"],
  migrate: ["migrate"],
  ksm: ["ksm"],
  collapse: ["collapse"],
} as const satisfies Partial<Record<WorkloadOperationKind, readonly TakerId[]>>;

type Kind = keyof typeof DONE;
const KINDS = Object.keys(DONE) as Kind[];

/** A timer frees memory under these; only exploration has it. */
const TIMED = BUILTIN_PROTOCOL_IDS.filter((id) => !id.startsWith("flush-queue"));

/** The protocols that exploration finds safe, and the one of 2014. */
const CLOSELY: readonly ProtocolId[] = ["secondary-flush", "mirror-kvm", "empty-table"];

async function run(
  protocol: ProtocolId,
  kind: Kind,
  seed: number,
  more: Partial<ScenarioInput> = {},
): Promise<RunResult> {
  const { resolved } = loadScenario({
    name: `${kind} under ${protocol}`,
    protocol,
    seed: String(seed),
    workload: {
      operations: [
        { kind, pages: kind === "collapse" ? 512 : 8, period: "40us", repeat: 12 },
        { kind: "touch", pages: 8 },
      ],
    },
    // What one operation cannot refuse often enough, many in a row can.
    devices: [
      {
        name: "gpu0",
        kind: "gpu",
        lanes: 16,
        retryLimit: "unlimited",
        access: { kind: "live", pages: 16, think: { min: "10ns", max: "200ns" } },
      },
    ],
    ...more,
  });
  if (resolved.workload.kind !== "synthetic") throw new Error("the workload is synthetic");
  return runScenario(resolved, syntheticProgram(resolved.workload.operations));
}

/** The properties that some interleaving of what the mm does violates. */
async function possible(
  machine: ExploreMachine,
  protocol: ProtocolId,
  done: readonly TakerId[],
): Promise<Set<string>> {
  const violated = new Set<string>();
  for (const operation of done.flatMap((id): readonly OperationId[] => TAKERS[id].explored)) {
    const { properties } = await explore({ protocol, operation, machine });
    for (const [id, { verdict }] of Object.entries(properties)) {
      if (verdict === "violated") violated.add(id);
    }
  }
  return violated;
}

/** What a run shows that exploration excludes for what the mm did then. */
async function excluded(
  machine: ExploreMachine,
  protocol: ProtocolId,
  kind: Kind,
  violations: readonly RunViolation[],
): Promise<string[]> {
  const findings: string[] = [];
  for (const { rule, byOperation } of violations) {
    if (!(await possible(machine, protocol, DONE[kind])).has(rule)) findings.push(rule);
    for (const operation of Object.keys(byOperation) as TakerId[]) {
      const allowed = await possible(machine, protocol, [operation]);
      if (!allowed.has(rule)) findings.push(`${rule} by ${operation}`);
    }
  }
  return findings.map((finding) => `${kind}: ${finding}`);
}

describe("a timed run", () => {
  const everySeed = TIMED.flatMap((protocol) =>
    Array.from({ length: CLOSELY.includes(protocol) ? 4 : 1 }, (_, at) => ({
      protocol,
      seed: at + 1,
    })),
  );

  test.each(everySeed)(
    "never shows under $protocol what exploration excludes, seed $seed",
    async ({ protocol, seed }) => {
      const machine = await ExploreMachine.create();
      const findings: string[] = [];
      for (const kind of KINDS) {
        const { violations } = await run(protocol, kind, seed);
        findings.push(...(await excluded(machine, protocol, kind, violations)));
      }
      expect(findings).toEqual([]);
    },
  );

  test.each([
    { protocol: "none", kind: "munmap", shows: ["stale-read", "stale-write"] },
    { protocol: "none", kind: "dontneed", shows: ["stale-read", "stale-write"] },
    { protocol: "none", kind: "mprotect", shows: ["readonly-write"] },
    { protocol: "none", kind: "fork", shows: ["readonly-write", "stale-read"] },
    { protocol: "none", kind: "migrate", shows: ["stale-read", "stale-write"] },
    { protocol: "flush-at-start", kind: "mprotect", shows: ["readonly-write"] },
    { protocol: "flush-at-end", kind: "fork", shows: ["split-brain"] },
    { protocol: "flush-at-end", kind: "munmap", shows: ["stale-walk"] },
    { protocol: "invalidate-range-deferred", kind: "mprotect", shows: [] },
  ] as const)("shows $shows of $kind under $protocol", async ({ protocol, kind, shows }) => {
    const { violations } = await run(protocol, kind, 1);
    expect(violations.map(({ rule }) => rule)).toEqual(expect.arrayContaining([...shows]));
  });

  test.each([
    { protocol: "none", kind: "munmap", rule: "stale-read", by: ["munmap"] },
    { protocol: "none", kind: "dontneed", rule: "stale-write", by: ["dontneed"] },
    { protocol: "none", kind: "mprotect", rule: "readonly-write", by: ["mprotect"] },
    { protocol: "none", kind: "fork", rule: "readonly-write", by: ["cow"] },
    { protocol: "none", kind: "migrate", rule: "stale-read", by: ["migrate"] },
    { protocol: "flush-at-end", kind: "fork", rule: "split-brain", by: ["cow"] },
    { protocol: "flush-at-end", kind: "munmap", rule: "stale-walk", by: ["munmap"] },
  ] as const)("puts $rule of $kind under $protocol down to $by", async (row) => {
    const { violations } = await run(row.protocol, row.kind, 1);
    const { count, operation, byOperation } = violations.find(({ rule }) => rule === row.rule)!;
    expect(Object.keys(byOperation)).toEqual(row.by);
    expect(row.by).toContain(operation);
    expect(Object.values(byOperation).reduce((sum, part) => sum + part, 0)).toBe(count);
  });
});

/** Timed runs against exploration: the same definitions, driven by a clock and by enumeration. */
import { describe, expect, test } from "vitest";
import { explore } from "../../src/explore/explore.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { BUILTIN_PROTOCOL_IDS } from "../../src/protocols/catalogue.js";
import { syntheticProgram } from "../../src/run/program.js";
import { runScenario } from "../../src/run/run.js";
import type { RunResult } from "../../src/run/result.js";
import { loadScenario, type ScenarioInput } from "../../src/scenario/index.js";
import type { OperationId, WorkloadOperationKind } from "../../src/scenario/vocabulary.js";

type ProtocolId = (typeof BUILTIN_PROTOCOL_IDS)[number];

/** The explored operations that a synthetic one is made of. */
const EXPLORED = {
  munmap: ["munmap", "munmap_late"],
  dontneed: ["dontneed"],
  mprotect: ["mprotect"],
  // The child's exit unmaps what it shares with its parent.
  fork: ["cow", "munmap", "munmap_late"],
  migrate: ["migrate"],
  ksm: ["ksm"],
  collapse: ["collapse"],
} as const satisfies Partial<Record<WorkloadOperationKind, readonly OperationId[]>>;

type Kind = keyof typeof EXPLORED;
const KINDS = Object.keys(EXPLORED) as Kind[];

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

/** The properties that some interleaving of the explored operations violates. */
async function possible(
  machine: ExploreMachine,
  protocol: ProtocolId,
  kind: Kind,
): Promise<Set<string>> {
  const violated = new Set<string>();
  for (const operation of EXPLORED[kind]) {
    const { properties } = await explore({ protocol, operation, machine });
    for (const [id, { verdict }] of Object.entries(properties)) {
      if (verdict === "violated") violated.add(id);
    }
  }
  return violated;
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
        const allowed = await possible(machine, protocol, kind);
        const { violations } = await run(protocol, kind, seed);
        const excluded = violations.filter(({ rule }) => !allowed.has(rule));
        findings.push(...excluded.map(({ rule }) => `${kind}: ${rule}`));
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
});

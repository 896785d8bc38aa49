/** What reductions leave out is alike: verdicts and lengths stay, whatever is switched on. */
import { beforeAll, describe, expect, test } from "vitest";
import { ExploreEnd, ExploreMode } from "../../src/abi/vocabulary.generated.js";
import { explore } from "../../src/explore/explore.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { OPERATION_IDS, type OperationId } from "../../src/explore/operations.js";
import { PROPERTY_IDS } from "../../src/explore/properties.js";
import { resolveSmallWorld, type SmallWorldInput } from "../../src/explore/small_world.js";
import { BUILTIN_PROTOCOL_IDS } from "../../src/protocols/catalogue.js";

let machine: ExploreMachine;
beforeAll(async () => {
  machine = await ExploreMachine.create();
});

interface Size {
  readonly devices: number;
  readonly pages: number;
  readonly retryLimit: number;
}

const SAFETY = PROPERTY_IDS.filter((id) => id !== "served");

/** Verdicts and lengths with some reductions switched on, and how much was explored for them. */
async function judged(
  protocol: string,
  operation: OperationId,
  size: Size,
  reductions: { symmetry: boolean; partialOrder: boolean },
) {
  const request = { protocol, operation, ...size, ...reductions, machine };
  const { properties, states, transitions } = await explore({ ...request, properties: SAFETY });
  const verdicts = SAFETY.map((id) => {
    const { verdict, steps } = properties[id]!;
    return `${id} ${verdict} ${steps ?? "-"}`;
  });
  return { verdicts, states, transitions };
}

const SMALLEST: Size = { devices: 1, pages: 1, retryLimit: 3 };
const OFF = { symmetry: false, partialOrder: false };
const LIMITS = { states: 1e7, bytes: 2 ** 30, depth: 1e6 };

describe.each([
  { what: "symmetry", reductions: { symmetry: true, partialOrder: false } },
  { what: "partial order", reductions: { symmetry: false, partialOrder: true } },
  { what: "both reductions", reductions: { symmetry: true, partialOrder: true } },
])("with $what", ({ reductions }) => {
  test.each(BUILTIN_PROTOCOL_IDS)("%s is judged as without, in as few steps", async (protocol) => {
    for (const operation of OPERATION_IDS) {
      const plain = await judged(protocol, operation, SMALLEST, OFF);
      const reduced = await judged(protocol, operation, SMALLEST, reductions);
      expect({ operation, ...reduced }).toMatchObject({ operation, verdicts: plain.verdicts });
      expect(reduced.states).toBeLessThanOrEqual(plain.states);
      expect(reduced.transitions).toBeLessThanOrEqual(plain.transitions);
    }
  });

  test.each([
    { protocol: "none", operation: "munmap", devices: 2, pages: 2 },
    { protocol: "none", operation: "dontneed", devices: 1, pages: 2 },
    { protocol: "none", operation: "migrate", devices: 2, pages: 1 },
    { protocol: "none", operation: "cow", devices: 1, pages: 2 },
    { protocol: "secondary-flush", operation: "mprotect", devices: 2, pages: 2 },
    { protocol: "flush-at-both", operation: "munmap_late", devices: 2, pages: 1 },
    { protocol: "empty-table", operation: "dontneed", devices: 2, pages: 1 },
    { protocol: "mirror-unchecked", operation: "munmap", devices: 2, pages: 1 },
    { protocol: "mirror-unchecked", operation: "dontneed", devices: 1, pages: 2 },
    { protocol: "atc-before-iotlb", operation: "munmap", devices: 2, pages: 1 },
    { protocol: "pinned-ignored-by-fork", operation: "cow", devices: 2, pages: 1 },
    { protocol: "flush-queue", operation: "munmap_late", devices: 1, pages: 2 },
    { protocol: "queued-not-waited", operation: "collapse", devices: 2, pages: 1 },
    { protocol: "short-circuit-mirror", operation: "dontneed", devices: 1, pages: 2 },
  ] as const)(
    "$protocol in $operation is judged as without for $devices devices, $pages pages",
    async ({ protocol, operation, devices, pages }) => {
      const size = { devices, pages, retryLimit: 2 };
      const plain = await judged(protocol, operation, size, OFF);
      const reduced = await judged(protocol, operation, size, reductions);
      expect(reduced.verdicts).toEqual(plain.verdicts);
    },
  );
});

/** How many states and transitions there are with these reductions. */
function explored(world: SmallWorldInput, mode: ExploreMode) {
  machine.boot(resolveSmallWorld(world), { mode });
  expect(machine.run(1e7, LIMITS)).toBe(ExploreEnd.Exhausted);
  return { states: machine.states, transitions: machine.transitions };
}

describe("symmetry", () => {
  test.each([
    { protocol: "none", operation: "dontneed", devices: 1, pages: 1 },
    { protocol: "none", operation: "munmap", devices: 1, pages: 2 },
    { protocol: "none", operation: "dontneed", devices: 1, pages: 2 },
    { protocol: "mirror-kvm", operation: "munmap", devices: 2, pages: 1 },
    { protocol: "empty-table", operation: "dontneed", devices: 2, pages: 1 },
    { protocol: "iotlb-before-atc", operation: "mprotect", devices: 2, pages: 1 },
    { protocol: "pinned", operation: "cow", devices: 2, pages: 1 },
  ] as const)(
    "keeps one of all states that differ in names: $protocol, $operation, $devices, $pages",
    (world) => {
      const { states } = explored(world, ExploreMode.Plain);
      const { orbits } = machine;
      expect(explored(world, ExploreMode.Symmetry).states).toBe(orbits);
      expect(orbits).toBeLessThan(states);
    },
  );

  test("makes two devices little more than half as many states", () => {
    const world = { protocol: "mirror-kvm", operation: "munmap", devices: 2 } as const;
    const { states } = explored(world, ExploreMode.Plain);
    expect(explored(world, ExploreMode.Symmetry).states / states).toBeLessThan(0.55);
  });
});

describe("partial order", () => {
  test.each(["none", "mirror-kvm", "empty-table", "pinned", "short-circuit-mirror"])(
    "leaves out ways, never states: %s",
    (protocol) => {
      for (const operation of OPERATION_IDS) {
        const plain = explored({ protocol, operation }, ExploreMode.Plain);
        const reduced = explored({ protocol, operation }, ExploreMode.PartialOrder);
        expect({ operation, states: reduced.states }).toEqual({ operation, states: plain.states });
        expect(reduced.transitions).toBeLessThan(plain.transitions);
      }
    },
  );
});

describe("an exploration that has to end early", () => {
  const request = { protocol: "mirror-kvm", operation: "dontneed" } as const;
  test.each([
    { limit: { maxStates: 100 }, because: "states" },
    { limit: { maxBytes: 1000 }, because: "memory" },
    { limit: { maxDepth: 5 }, because: "depth" },
  ] as const)("says that $because ran out", async ({ limit, because }) => {
    const result = await explore({ ...request, ...limit, devices: 2, machine });
    expect(result).toMatchObject({ complete: false, incomplete: because });
    expect(result.properties["stale-read"]!.verdict).toBe("unknown");
  });

  test("finds nothing in fewer steps than the shortest counterexample has", async () => {
    const world = { protocol: "mirror-unchecked", operation: "dontneed", machine } as const;
    const { steps } = (await explore(world)).properties["stale-read"]!;
    const bounded = await explore({ ...world, maxDepth: steps! - 1 });
    const exact = await explore({ ...world, maxDepth: steps! });
    expect(bounded.properties["stale-read"]!.verdict).toBe("unknown");
    expect(exact.properties["stale-read"]).toMatchObject({ verdict: "violated", steps });
  });

  test("says so of served alone where only devices that never give up have more states", async () => {
    const world = { protocol: "empty-table", operation: "dontneed", retryLimit: 1 } as const;
    const result = await explore({ ...world, maxStates: 458, machine });
    expect(result).toMatchObject({
      complete: false,
      incomplete: "states",
      searches: { safety: { complete: true }, served: { complete: false, incomplete: "states" } },
    });
    expect(result.properties["stale-read"]).toEqual({ verdict: "holds", steps: null, token: null });
    expect(result.properties.served).toMatchObject({ verdict: "unknown", incomplete: "states" });
  });

  test.each([
    { handler: "never installs", fault: ["lock-mmap", "fault", "unlock-mmap", "respond"] },
    {
      handler: "installs before it has faulted",
      fault: ["lock-mmap", "install", "fault", "unlock-mmap", "respond"],
    },
  ] as const)("sees every state of a handler that pins and $handler", async ({ fault }) => {
    const protocol = {
      id: "pinning",
      reads: "mirror" as const,
      fault: [...fault],
      traits: ["pins" as const],
    };
    const { complete, properties } = await explore({ protocol, operation: "cow", machine });
    expect(complete).toBe(true);
    expect(properties.served).toMatchObject({ verdict: "violated", fairness: "strong" });
  });
});

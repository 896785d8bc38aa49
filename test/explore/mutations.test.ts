/** What each step of a driver is for, and what would have prevented a violation. */
import { beforeAll, describe, expect, test } from "vitest";
import { replayToken } from "../../src/explore/counterexample.js";
import { explain } from "../../src/explore/explain.js";
import { explore } from "../../src/explore/explore.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { exploreMutations } from "../../src/explore/mutate.js";
import { mutationsOf } from "../../src/explore/mutations.js";
import type { OperationId } from "../../src/explore/operations.js";
import type { PropertyId } from "../../src/explore/properties.js";
import { repairsOf } from "../../src/explore/repairs.js";
import { resolveSmallWorld } from "../../src/explore/small_world.js";
import { BUILTIN_PROTOCOLS, builtinProtocol } from "../../src/protocols/catalogue.js";
import { stepsOf } from "../../src/protocols/edit.js";

let machine: ExploreMachine;
beforeAll(async () => {
  machine = await ExploreMachine.create();
});

async function broken(protocol: string, operation: OperationId) {
  const { mutations } = await exploreMutations({ protocol, operation, machine });
  return (text: string) => mutations.find((mutation) => mutation.text === text)?.breaks;
}

describe("a mutation", () => {
  test.each(BUILTIN_PROTOCOLS)("of $id is never another one's double", (protocol) => {
    const texts = mutationsOf(protocol).map(({ protocol: mutated }) => {
      const { rangeStart, beforeChange, secondaryFlush, rangeEnd, fault, traits } = mutated;
      const lists = [rangeStart, beforeChange, secondaryFlush, rangeEnd, fault];
      return JSON.stringify([lists, traits]);
    });
    expect(new Set(texts).size).toBe(texts.length);
    expect(texts.length).toBeGreaterThan(0);
  });

  test("shows that the secondary flush keeps reads and walks away from freed frames", async () => {
    const breaks = await broken("secondary-flush", "munmap");
    expect(breaks("drop invalidate in the secondary flush")).toEqual([
      "stale-read",
      "stale-write",
      "stale-walk",
    ]);
    expect(breaks("invalidate-leaf in place of invalidate in the secondary flush")).toEqual([
      "stale-walk",
    ]);
    expect(breaks("invalidate-reads-only in place of invalidate in the secondary flush")).toEqual([
      "stale-write",
    ]);
  });

  test("shows what KVM's count, its sequence and the check are for", async () => {
    const breaks = await broken("mirror-kvm", "dontneed");
    const stale = ["stale-read", "stale-write"];
    expect(breaks("drop count-up in range_start")).toEqual(stale);
    expect(breaks("drop sequence-up in range_end")).toEqual(stale);
    expect(breaks("drop check-count-and-sequence in the fault handler")).toEqual(stale);
    expect(breaks("drop sample-sequence in the fault handler")).toEqual(["served"]);
  });

  test("has a counterexample that its token carries the mutated protocol for", async () => {
    const { mutations } = await exploreMutations({
      protocol: "secondary-flush",
      operation: "dontneed",
      machine,
    });
    const dropped = mutations.find(({ text }) => text.startsWith("drop invalidate"))!;
    const { token } = dropped.explored.properties["stale-read"]!;
    const example = await replayToken(token!, machine);
    expect(example.isReproduced).toBe(true);
    expect(example.world.protocol.secondaryFlush).toEqual([]);
  });

  test.each(["secondary-flush", "invalidate-range", "empty-table", "iotlb-before-atc", "pinned"])(
    "violates each property that holds under %s, unless the operation alone makes it hold",
    async (protocol) => {
      for (const operation of ["munmap", "munmap_late", "dontneed", "migrate", "ksm"] as const) {
        const { vacuous } = await exploreMutations({ protocol, operation, machine });
        expect({ operation, vacuous }).toEqual({ operation, vacuous: [] });
      }
    },
  );

  test("leaves stale accesses of mprotect vacuous: it gives no frame away", async () => {
    const { vacuous, unnotified } = await exploreMutations({
      protocol: "secondary-flush",
      operation: "mprotect",
      machine,
    });
    expect(vacuous).toEqual(["stale-read", "stale-write"]);
    expect(unnotified).toEqual(vacuous);
  });
});

describe("the explanation of a violation", () => {
  async function prevented(protocol: string, operation: OperationId, property: PropertyId) {
    const base = await explore({ protocol, operation, machine });
    const world = resolveSmallWorld({ protocol, operation });
    const preventions = await explain(world, property, base, { machine });
    return preventions.filter(({ breaks }) => breaks.length === 0).map(({ text }) => text);
  }

  test.each([
    {
      protocol: "flush-at-end",
      operation: "munmap",
      property: "stale-read",
      had: "had invalidate come earlier: in the secondary flush, not in range_end",
    },
    {
      protocol: "flush-at-start",
      operation: "dontneed",
      property: "stale-read",
      had: "had invalidate come later: in the secondary flush, not in range_start",
    },
    {
      protocol: "atc-before-iotlb",
      operation: "munmap",
      property: "stale-read",
      had: "had invalidate-atc come later in the secondary flush, behind invalidate-iotlb",
    },
    {
      protocol: "queued-not-waited",
      operation: "munmap",
      property: "stale-write",
      had: "had queue-invalidate in the secondary flush been waited for",
    },
    {
      protocol: "leaf-only",
      operation: "munmap_late",
      property: "stale-walk",
      had: "had invalidate-leaf in the secondary flush covered the walk cache too",
    },
    {
      protocol: "mirror-checked-too-early",
      operation: "dontneed",
      property: "stale-read",
      had: "had check-count-and-sequence come later in the fault handler, behind lock-driver",
    },
    {
      protocol: "mirror-unchecked",
      operation: "munmap",
      property: "stale-read",
      had: "had unlock-mmap come later in the fault handler, behind install",
    },
    {
      protocol: "mirror-overlap-flag",
      operation: "dontneed",
      property: "stale-read",
      had: "had open range pairs been counted",
    },
    {
      protocol: "short-circuit-mirror",
      operation: "dontneed",
      property: "stale-read",
      had: "had registration waited for the locks that operations of the mm hold",
    },
  ] as const)(
    "of $protocol in $operation is: $had",
    async ({ protocol, operation, property, had }) => {
      expect(await prevented(protocol, operation, property)).toContain(had);
    },
  );

  test("tells what a change breaks, whichever properties the caller asked for", async () => {
    const world = resolveSmallWorld({ protocol: "flush-at-end", operation: "munmap" });
    const ask = { protocol: "flush-at-end", operation: "munmap", machine } as const;
    const all = await explain(world, "stale-read", await explore(ask), { machine });
    const few = await explore({ ...ask, properties: ["stale-read"] });
    const asked = await explain(world, "stale-read", few, { machine });
    const short = (some: typeof all) =>
      some.map(({ text, breaks, mends }) => [text, breaks, mends]);
    expect(short(asked)).toEqual(short(all));
    expect(all.some(({ mends }) => mends.length > 1)).toBe(true);
  });

  test.each(BUILTIN_PROTOCOLS.filter(({ reads }) => reads === "mirror").map(({ id }) => id))(
    "has the handler of %s install nothing that it has not found yet",
    (id) => {
      for (const { protocol } of repairsOf(builtinProtocol(id)!)) {
        const names = stepsOf(protocol, "fault").map((step) => step.do);
        expect(names.indexOf("fault")).toBeLessThan(names.indexOf("install"));
      }
    },
  );

  test("does not take an operation that never ends for a cure", async () => {
    const base = await explore({ protocol: "flush-at-end", operation: "munmap", machine });
    const world = resolveSmallWorld({ protocol: "flush-at-end", operation: "munmap" });
    const preventions = await explain(world, "stale-read", base, { machine });
    for (const { explored } of preventions) {
      expect(explored.properties.served!.verdict).toBe("holds");
    }
  });
});

describe("the protocol behind a mutation", () => {
  test("is left as it was", () => {
    const before = JSON.stringify(builtinProtocol("mirror-kvm"));
    mutationsOf(builtinProtocol("mirror-kvm")!);
    expect(JSON.stringify(builtinProtocol("mirror-kvm"))).toBe(before);
  });
});

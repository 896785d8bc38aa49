/** Searches that keep less than every state, and say so. */
import { beforeAll, describe, expect, test } from "vitest";
import { replayToken } from "../../src/explore/counterexample.js";
import { explore } from "../../src/explore/explore.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { minimise } from "../../src/explore/minimise.js";
import { resolveSmallWorld } from "../../src/explore/small_world.js";
import { readToken } from "../../src/explore/token.js";

let machine: ExploreMachine;
beforeAll(async () => {
  machine = await ExploreMachine.create();
});

const STALE = { protocol: "mirror-unchecked", operation: "dontneed" } as const;

describe("a search that does not keep every state", () => {
  test.each([
    { method: "bitstate", incomplete: "hashed" },
    { method: "iterative-deepening", incomplete: "hashed" },
    { method: "random-walk", incomplete: "walks" },
  ] as const)("never says that a property holds: $method", async ({ method, incomplete }) => {
    const world = { protocol: "secondary-flush", operation: "munmap", walks: 200 } as const;
    const result = await explore({ ...world, method, machine });
    expect(result).toMatchObject({ method, complete: false, incomplete });
    expect(result.properties["stale-read"]!.verdict).toBe("unknown");
    expect(result.properties.served!.verdict).toBe("unknown");
  });

  test.each(["bitstate", "iterative-deepening", "random-walk"] as const)(
    "finds violations whose tokens reproduce them: %s",
    async (method) => {
      const { properties } = await explore({ ...STALE, method, walks: 20_000, machine });
      for (const id of ["stale-read", "stale-write"] as const) {
        const { verdict, token } = properties[id]!;
        expect(verdict).toBe("violated");
        expect((await replayToken(token!, machine)).isReproduced).toBe(true);
      }
    },
  );

  test.each(["bitstate", "iterative-deepening"] as const)(
    "meets about as many states as there are: %s",
    async (method) => {
      const world = { protocol: "none", operation: "cow", machine, symmetry: false } as const;
      const exact = await explore(world);
      const { states } = await explore({ ...world, method });
      expect(states).toBeGreaterThan(0.9 * exact.states);
    },
  );
});

describe("iterative deepening", () => {
  test.each([
    { protocol: "mirror-unchecked", operation: "munmap", property: "stale-read" },
    { protocol: "none", operation: "cow", property: "split-brain" },
    { protocol: "empty-table", operation: "dontneed", property: "device-failure" },
  ] as const)(
    "finds a counterexample of $protocol as short as breadth-first search does",
    async ({ protocol, operation, property }) => {
      const world = { protocol, operation, machine } as const;
      const { steps } = (await explore(world)).properties[property]!;
      const deepening = await explore({ ...world, method: "iterative-deepening" });
      expect(deepening.properties[property]!.steps).toBe(steps);
    },
  );
});

describe("random walks", () => {
  test("take the same turns again for the same seed, and others for another", async () => {
    const walk = async (seed: bigint) => {
      const request = { ...STALE, method: "random-walk", walks: 300, seed, machine } as const;
      const { transitions, properties } = await explore(request);
      return { transitions, token: properties["stale-read"]!.token };
    };
    const [first, again, other] = [await walk(7n), await walk(7n), await walk(8n)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
  });
});

describe("a minimised path", () => {
  test("needs each of its steps", async () => {
    const request = { ...STALE, method: "random-walk", walks: 20_000, machine } as const;
    const { token, steps } = (await explore(request)).properties["stale-read"]!;
    const { path, property } = readToken(token!);
    machine.boot(resolveSmallWorld(STALE));
    expect(minimise(machine, property, path)).toHaveLength(steps!);
    const shortest = (await explore({ ...STALE, machine })).properties["stale-read"]!.steps!;
    expect(steps).toBeGreaterThanOrEqual(shortest);
    expect(steps).toBeLessThan(2 * shortest);
  });
});

describe("a bit table that is too small", () => {
  test("misses states, which the result does not hide", async () => {
    const world = { protocol: "mirror-kvm", operation: "cow", devices: 2, machine } as const;
    const { states } = await explore({ ...world, properties: ["stale-read"] });
    const small = await explore({
      ...world,
      method: "bitstate",
      maxBytes: 8192,
      properties: ["stale-read"],
    });
    expect(small.states).toBeLessThan(0.9 * states);
    expect(small).toMatchObject({ complete: false });
    expect(small.properties["stale-read"]!.verdict).toBe("unknown");
  });
});

/** Every counterexample of the default matrix is what its token repeats, step by step. */
import { beforeAll, describe, expect, test } from "vitest";
import { replayToken } from "../../src/explore/counterexample.js";
import { explore, exploreAll, exploreWorld } from "../../src/explore/explore.js";
import { mutationsOf } from "../../src/explore/mutations.js";
import type { ExploreResult } from "../../src/explore/result.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { MATRIX_IDS, type OperationId } from "../../src/explore/operations.js";
import type { PropertyId } from "../../src/explore/properties.js";
import { resolveSmallWorld } from "../../src/explore/small_world.js";
import { BUILTIN_PROTOCOL_IDS } from "../../src/protocols/catalogue.js";

let machine: ExploreMachine;
let cells: ExploreResult[];

beforeAll(async () => {
  machine = await ExploreMachine.create();
  cells = await exploreAll(
    BUILTIN_PROTOCOL_IDS.flatMap((protocol) =>
      MATRIX_IDS.map((operation) => ({ protocol, operation })),
    ),
  );
});

/** The properties that hold under a protocol and under each of its mutations. */
async function unbroken(
  protocol: string,
  operation: OperationId,
  held: readonly PropertyId[],
): Promise<readonly PropertyId[]> {
  const world = resolveSmallWorld({ protocol, operation });
  let properties = held;
  for (const mutation of mutationsOf(world.protocol).reverse()) {
    if (properties.length === 0) break;
    const mutated = { ...world, protocol: mutation.protocol };
    const found = await exploreWorld(mutated, { machine, properties });
    properties = properties.filter((id) => found.properties[id]!.verdict !== "violated");
  }
  return properties;
}

describe("the default matrix", () => {
  test("has a verdict for each property of each protocol and operation", () => {
    expect(cells).toHaveLength(BUILTIN_PROTOCOL_IDS.length * MATRIX_IDS.length);
    expect(cells.every(({ complete }) => complete)).toBe(true);
    const verdicts = cells.flatMap(({ properties }) => Object.values(properties));
    expect(verdicts.some(({ verdict }) => verdict === "unknown")).toBe(false);
  });

  test("has tokens that reproduce every violation in as many steps as it says", async () => {
    const violated = cells.flatMap(({ protocol, operation, properties }) =>
      Object.entries(properties)
        .filter(([, { token }]) => token !== null)
        .map(([property, { steps, token }]) => ({ protocol, operation, property, steps, token })),
    );
    for (const cell of violated) {
      const { steps, isReproduced, ...rest } = await replayToken(cell.token!, machine);
      expect({ ...cell, ...rest, steps: steps.length, isReproduced }).toMatchObject({
        ...cell,
        isReproduced: true,
      });
    }
    expect(violated.length).toBeGreaterThan(400);
  });

  test("has no counterexample that is a step longer than it must be", async () => {
    for (const { protocol, operation, properties } of cells) {
      for (const [id, { verdict, steps, shortest }] of Object.entries(properties)) {
        if (verdict !== "violated" || id === "served") continue;
        expect(shortest).toBe(true);
        const property = id as PropertyId;
        const look = async (maxDepth: number) => {
          const bounds = { maxDepth, symmetry: false, partialOrder: false, machine };
          const found = await explore({ protocol, operation, properties: [property], ...bounds });
          return found.properties[property]!;
        };
        const at = { protocol, operation, property };
        expect({ ...at, ...(await look(steps! - 1)) }).toMatchObject({ ...at, verdict: "unknown" });
        expect({ ...at, ...(await look(steps!)) }).toMatchObject({ ...at, steps });
      }
    }
  });

  test("has no verdict that a mutation cannot turn, but what mprotect gives away: nothing", async () => {
    const vacuous: Record<string, Set<string>> = {};
    for (const { protocol, operation, properties } of cells) {
      const held = Object.entries(properties).filter(([, { verdict }]) => verdict === "holds");
      const ids = held.map(([id]) => id as PropertyId);
      for (const id of await unbroken(protocol, operation, ids)) {
        (vacuous[`${id} of ${operation}`] ??= new Set()).add(protocol);
      }
    }
    // Behind mprotect the frame is the mm's own, as before: whoever still reads or writes it does
    // not reach somebody else's. Nothing that a driver leaves out can change that.
    const all = new Set(BUILTIN_PROTOCOL_IDS);
    expect(vacuous).toEqual({ "stale-read of mprotect": all, "stale-write of mprotect": all });
    const unnotified = await explore({ protocol: "none", operation: "mprotect", machine });
    expect(unnotified.properties).toMatchObject({
      "stale-read": { verdict: "holds" },
      "stale-write": { verdict: "holds" },
    });
  });
});

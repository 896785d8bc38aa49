/** Every counterexample of the default matrix is what its token repeats, step by step. */
import { beforeAll, describe, expect, test } from "vitest";
import { replayToken } from "../../src/explore/counterexample.js";
import { exploreAll } from "../../src/explore/explore.js";
import type { ExploreResult } from "../../src/explore/result.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { OPERATION_IDS } from "../../src/explore/operations.js";
import { BUILTIN_PROTOCOL_IDS } from "../../src/protocols/catalogue.js";

let machine: ExploreMachine;
let cells: ExploreResult[];

beforeAll(async () => {
  machine = await ExploreMachine.create();
  cells = await exploreAll(
    BUILTIN_PROTOCOL_IDS.flatMap((protocol) =>
      OPERATION_IDS.map((operation) => ({ protocol, operation })),
    ),
  );
});

describe("the default matrix", () => {
  test("has a verdict for each property of each protocol and operation", () => {
    expect(cells).toHaveLength(BUILTIN_PROTOCOL_IDS.length * OPERATION_IDS.length);
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
});

/**
 * The explorer against the plain twin: the same definitions, written twice, must judge alike and find
 * counterexamples of the same length.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { explore, type ExploreResult } from "../../src/explore/explore.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { SAFETY_IDS } from "../../src/explore/properties.js";
import type { Cell } from "./twin/matrix.js";

const kept = (file: string) =>
  JSON.parse(readFileSync(new URL(`twin/${file}`, import.meta.url), "utf8")) as Cell[];

type Judged = Pick<ExploreResult, "properties">;

const judgements = ({ properties }: Judged | Cell) =>
  Object.fromEntries(
    SAFETY_IDS.map((id) => {
      const { verdict, steps } = (properties as Cell["properties"])[id]!;
      return [id, { verdict, steps }];
    }),
  );

describe.each([
  { what: "one device, one page, three refusals", cells: kept("matrix.json") },
  { what: "larger worlds", cells: kept("matrix_larger.json") },
])("the explorer and the twin on $what", ({ cells }) => {
  let machine: ExploreMachine;
  beforeAll(async () => {
    machine = await ExploreMachine.create();
  });

  test.each([...new Set(cells.map(({ protocol }) => protocol))])("agree about %s", async (id) => {
    for (const cell of cells.filter(({ protocol }) => protocol === id)) {
      const { protocol, operation, devices, pages, retryLimit } = cell;
      const result = await explore({ protocol, operation, devices, pages, retryLimit, machine });
      expect({ ...cell, properties: judgements(result) }).toEqual({
        ...cell,
        properties: judgements(cell),
      });
      expect(result.complete).toBe(true);
    }
  });
});

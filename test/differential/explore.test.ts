/**
 * The explorer against the plain twin: the same definitions, written twice, must judge alike and
 * find counterexamples of the same length.
 */
import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { explore } from "../../src/explore/explore.js";
import type { ExploreResult } from "../../src/explore/result.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { PROPERTY_IDS } from "../../src/explore/properties.js";
import type { Cell } from "./twin/matrix.js";

const kept = (file: string) =>
  JSON.parse(readFileSync(new URL(`twin/${file}`, import.meta.url), "utf8")) as Cell[];

/** What the twin says, in the explorer's words. */
function expected({ properties }: Cell) {
  const { "served-strong": strong, ...others } = properties;
  const { verdict } = others["served"]!;
  const fairness = strong!.verdict === "violated" ? "strong" : "weak";
  const served = verdict === "violated" ? { verdict, fairness } : { verdict };
  return { ...others, served };
}

function found({ properties }: ExploreResult): Record<string, object> {
  return Object.fromEntries<object>(
    Object.entries(properties).map(([id, { verdict, steps, fairness }]) => {
      if (id !== "served") return [id, { verdict, steps }];
      return [id, fairness === undefined ? { verdict } : { verdict, fairness }];
    }),
  );
}

function safetyOf(cell: Cell) {
  return Object.fromEntries(Object.entries(expected(cell)).filter(([id]) => id !== "served"));
}

/** The twin gave up on the fair cycles of some larger worlds. */
const isJudged = ({ properties }: Cell) => properties["served"]!.verdict !== "unfinished";

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
      const properties = isJudged(cell) ? undefined : PROPERTY_IDS.slice(0, -1);
      const request = { protocol, operation, devices, pages, retryLimit, properties };
      const result = await explore({ ...request, machine });
      expect({ ...request, ...found(result) }).toMatchObject({
        ...request,
        ...(isJudged(cell) ? expected(cell) : safetyOf(cell)),
      });
    }
  });
});

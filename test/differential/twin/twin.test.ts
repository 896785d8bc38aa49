/**
 * The twin itself: hand-checked counterexamples, its parts, and that its kept matrix is what it
 * finds.
 */
import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { decode, encode } from "./codec.js";
import { components } from "./components.js";
import { explore } from "./explore.js";
import { firstWorld } from "./instance.js";
import { cellOf, DEFAULT_SIZE, instanceOf, type Cell } from "./matrix.js";
import { OPERATIONS } from "./operations.js";
import { PROTOCOLS } from "./protocols.js";

const kept = JSON.parse(readFileSync(new URL("matrix.json", import.meta.url), "utf8")) as Cell[];

describe("the search", () => {
  test("finds the read of a freed frame that munmap without notification leaves open", () => {
    const { properties } = explore(instanceOf("none", "munmap", DEFAULT_SIZE));
    expect(properties["stale-read"].path).toEqual([
      "mm 0: mmap_lock for write, detach the vma",
      "device 0: walk page 0 for read",
      "mm 0: clear PTE 0",
      "mm 0: CPU flush",
      "mm 0: free F0",
      "device 0: issue read of page 0 (F0)",
      "environment: F0 is reused",
      "device 0 access: read reaches F0",
    ]);
  });

  test("counts every step of three refusals by the empty table of dontneed", () => {
    const { properties } = explore(instanceOf("empty-table", "dontneed", DEFAULT_SIZE));
    const stepsOfOneRefusal = ["lock", "fault", "release", "respond", "retry"].length;
    const stepsBefore = ["mmap_lock", "count+1", "install", "walk"].length;
    expect(properties["device-failure"].steps).toBe(stepsBefore + 3 * stepsOfOneRefusal);
  });

  test("finds nothing wrong with a flush between the cleared PTE and the freed frame", () => {
    const verdicts = OPERATIONS.flatMap((operation) =>
      Object.values(explore(instanceOf("secondary-flush", operation, DEFAULT_SIZE)).properties),
    ).map(({ verdict }) => verdict);
    expect(new Set(verdicts)).toEqual(new Set(["holds", "not-applicable"]));
  });

  test("finds that more refusals allowed make the failure of a device longer by five steps each", () => {
    const failure = (retryLimit: number) =>
      explore(instanceOf("empty-table", "migrate", { ...DEFAULT_SIZE, retryLimit })).properties[
        "device-failure"
      ].steps!;
    expect(failure(4) - failure(3)).toBe(5);
  });
});

describe("the kept matrix", () => {
  test("has one cell for each protocol and operation", () => {
    const wanted = PROTOCOLS.flatMap(({ id }) =>
      OPERATIONS.map((operation) => `${id} ${operation}`),
    );
    expect(kept.map(({ protocol, operation }) => `${protocol} ${operation}`)).toEqual(wanted);
  });

  test.each([
    "none",
    "empty-table",
    "mirror-kvm",
    "iotlb-before-atc",
    "pinned",
    "short-circuit-mirror",
  ])("holds what the search finds for %s", (protocol) => {
    const found = OPERATIONS.map((operation) =>
      cellOf(instanceOf(protocol, operation, DEFAULT_SIZE)),
    );
    expect(found).toEqual(kept.filter((cell) => cell.protocol === protocol));
  });
});

describe("the parts", () => {
  test("a world survives the way into a string and back", () => {
    const world = firstWorld(
      instanceOf("mirror-kvm", "cow", { devices: 2, pages: 2, retryLimit: 3 }),
    );
    world.count = -1;
    expect(decode(world, encode(world))).toEqual(world);
  });

  test("components are the largest sets whose members reach one another", () => {
    const edges = [[1], [2], [0, 3], [4], [3], []];
    const found = components([0, 1, 2, 3, 4, 5], (node) => edges[node]!).map((nodes) =>
      nodes.toSorted(),
    );
    expect(found).toEqual([[3, 4], [0, 1, 2], [5]]);
  });
});

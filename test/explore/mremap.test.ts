/** mremap: a mapping moves away, another one takes its place. */
import { beforeAll, describe, expect, test } from "vitest";
import { replayToken } from "../../src/explore/counterexample.js";
import { explore } from "../../src/explore/explore.js";
import { ExploreMachine } from "../../src/explore/machine.js";
import { MATRIX_IDS, OPERATION_IDS } from "../../src/explore/operations.js";

let machine: ExploreMachine;
beforeAll(async () => {
  machine = await ExploreMachine.create();
});

async function violated(protocol: string): Promise<string[]> {
  const { properties } = await explore({ protocol, operation: "mremap", machine });
  return Object.entries(properties)
    .filter(([, { verdict }]) => verdict === "violated")
    .map(([id]) => id);
}

describe("mremap", () => {
  test("is explored beside the matrix of definitions, not in it", () => {
    expect(OPERATION_IDS.filter((id) => !MATRIX_IDS.includes(id))).toEqual(["mremap"]);
  });

  test("takes the page's entry away inside a pair, then unmaps what is left with another", async () => {
    const { properties } = await explore({ protocol: "none", operation: "mremap", machine });
    const { steps } = await replayToken(properties["split-brain"]!.token!, machine);
    const ofMm = steps.filter(({ actor }) => actor === "mm").map(({ text }) => text);
    expect(ofMm).toEqual([
      "take mmap_lock for write",
      "range_start, take PTL, move pte to another address",
      "CPU TLB flush",
      "release PTL",
      "range_end, detach vma",
      "range_start, range_end, release mmap_lock",
      "take mmap_lock for write, new vma in its place",
      "release mmap_lock",
      "take mmap_lock for read",
      "write to it: map a free page",
    ]);
  });

  test("leaves a pinned page where its device still finds it: two pages for one address", async () => {
    expect(await violated("pinned")).toEqual(["split-brain"]);
  });

  test.each(["secondary-flush", "invalidate-range", "empty-table", "mirror-kvm", "flush-at-end"])(
    "is safe under %s: the old translations are gone before another page is there",
    async (protocol) => {
      expect(await violated(protocol)).toEqual([]);
    },
  );

  test.each(["none", "flush-before-clear", "queued-not-waited", "mirror-unchecked"])(
    "shows the old page behind the new mapping under %s",
    async (protocol) => {
      expect(await violated(protocol)).toEqual(["split-brain"]);
    },
  );

  test("gives no frame away, so that no access can be stale", async () => {
    const { properties } = await explore({ protocol: "none", operation: "mremap", machine });
    expect(properties["stale-read"]!.verdict).toBe("holds");
    expect(properties["stale-write"]!.verdict).toBe("holds");
  });
});

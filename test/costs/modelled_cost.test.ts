import { describe, expect, test } from "vitest";
import { calibration } from "../../src/costs/calibrated.js";
import { modelledCost } from "../../src/costs/modelled_cost.js";
import { countsOf, flushCounts } from "../../src/costs/operation_counts.js";

const { costs } = calibration();

describe("the counts of an operation", () => {
  test.each([
    { pages: 1, counts: { flushPage: 1 } },
    { pages: 33, counts: { flushPage: 33 } },
    { pages: 34, counts: { flushAll: 1 } },
    { pages: 4096, counts: { flushAll: 1 } },
  ])("flush $pages pages singly up to the ceiling of 33, else everything", ({ pages, counts }) => {
    expect(flushCounts(pages)).toEqual(counts);
  });

  test.each([
    { operation: "munmap", pages: 512, pairs: 1, because: "one pair covers the whole call" },
    { operation: "mremap", pages: 8, pairs: 2, because: "the source is announced twice" },
    { operation: "fork_vmas", pages: 100, pairs: 100, because: "fork announces each written vma" },
    { operation: "fault_write", pages: 1, pairs: 0, because: "nothing present changes" },
    { operation: "cow_fault", pages: 512, pairs: 1, because: "a present entry is replaced" },
  ] as const)("$operation of $pages announces $pairs pairs: $because", (row) => {
    expect(countsOf(row.operation, row.pages).pairs).toBe(row.pairs);
  });

  test("mremap moves whole page tables by one entry each, and flushes after each", () => {
    const { steps, flushes } = countsOf("mremap", 1024);
    expect(steps).toMatchObject({ tableMoved: 2, flushAll: 2, pageMoved: 0 });
    expect(flushes).toBe(2);
  });
});

describe("the modelled cost of an operation", () => {
  test("is a fraction of a microsecond lower for 34 pages than for 33", () => {
    const [below, above] = [33, 34].map((pages) =>
      modelledCost(countsOf("munmap", pages), costs, "none"),
    );
    expect(above!.totalUs).toBeLessThan(below!.totalUs);
  });

  test("rises from no notifier over a flag, an empty list to an implementing notifier", () => {
    const counts = countsOf("munmap", 1);
    const prices = (["none", "short-circuit", "not-implementing", "implementing"] as const).map(
      (mode) => modelledCost(counts, costs, mode).notifierUs,
    );
    expect(prices[0]).toBe(0);
    expect(prices).toEqual([...prices].sort((a, b) => a - b));
    expect(new Set(prices).size).toBe(4);
  });

  test("pays one IPI round trip for each flush and each other CPU", () => {
    const counts = countsOf("dontneed", 8);
    const alone = modelledCost(counts, costs, "none");
    const three = modelledCost(counts, costs, "none", 3);
    expect(three.operationUs - alone.operationUs).toBeCloseTo(3 * costs.ipi, 9);
  });

  test("has no notifier part in a fault that maps a page where none was", () => {
    expect(modelledCost(countsOf("fault_write", 1), costs, "implementing").notifierUs).toBe(0);
  });
});

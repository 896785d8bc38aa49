import { describe, expect, test } from "vitest";
import { ONE_CPU, TWO_CPUS } from "../../src/costs/measured.js";

describe("the measured table", () => {
  test("has a median between the quartiles in every cell", () => {
    const cells = [
      ...ONE_CPU.flatMap(({ none, bare, slot }) => [none, bare, slot]),
      ...TWO_CPUS.flatMap(({ alone, spinning, spinningBare }) => [alone, spinning, spinningBare]),
    ];
    expect(cells.every(([median, lower, upper]) => lower <= median && median <= upper)).toBe(true);
  });

  test("has one row for each operation and size", () => {
    const keys = ONE_CPU.map(({ operation, pages }) => `${operation} ${pages}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toHaveLength(48);
    expect(TWO_CPUS).toHaveLength(24);
  });

  test("shows that a munmap of 34 pages is cheaper than one of 33", () => {
    const [below, above] = [33, 34].map((pages) =>
      ONE_CPU.find((row) => row.operation === "munmap" && row.pages === pages),
    );
    expect(above!.none[0]).toBeLessThan(below!.none[0]);
  });
});

import { describe, expect, test } from "vitest";
import { counted, duration, grouped, listed, percent, rounded } from "../../src/study/numbers.js";

describe("numbers in sentences", () => {
  test.each([
    [0, "0"],
    [7, "7"],
    [1234, "1,234"],
    [1234567, "1,234,567"],
    [1234.5, "1,234.5"],
  ])("groups %d as %s", (value, text) => {
    expect(grouped(value)).toBe(text);
  });

  test.each([
    [0, "0"],
    [0.03124, "0.0312"],
    [1.2345, "1.23"],
    [45.678, "45.7"],
    [1234.5, "1,235"],
    [2, "2"],
  ])("rounds %d to %s", (value, text) => {
    expect(rounded(value)).toBe(text);
  });

  test.each([
    [12, "12 ns"],
    [1500, "1.5 us"],
    [2_345_678, "2.35 ms"],
    [3e9, "3 s"],
  ])("writes %d nanoseconds as %s", (ns, text) => {
    expect(duration(ns)).toBe(text);
  });

  test("says one fault, but two faults and no faults", () => {
    expect([counted(1, "fault"), counted(2, "fault"), counted(0, "fault")]).toEqual([
      "1 fault",
      "2 faults",
      "0 faults",
    ]);
  });

  test("joins words as a sentence does", () => {
    expect(listed(["a", "b", "c"])).toBe("a, b and c");
    expect(listed(["a"])).toBe("a");
    expect(percent(0.0634)).toBe("6.34 %");
  });
});

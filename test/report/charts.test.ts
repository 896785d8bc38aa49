import { parseHTML } from "linkedom";
import { describe, expect, test } from "vitest";
import { drawChart } from "../../src/report/charts.js";
import type { Chart } from "../../src/study/answer.js";
import { BARS } from "./sample.js";

const BAR_CHART: Chart = {
  form: "bars",
  series: "stacked",
  bars: BARS,
  valueLabel: "accesses",
  scale: "log",
};

function textsOf(svg: string): string[] {
  const { document } = parseHTML(`<body>${svg}</body>`);
  return [...document.querySelectorAll("text")].map((text) => text.textContent);
}

describe("a bar chart", () => {
  test("is the same each time it is drawn", () => {
    expect(drawChart(BAR_CHART)).toEqual(drawChart(BAR_CHART));
  });

  test("prints the sum of the series behind each bar, nothing less for zero", () => {
    expect(textsOf(drawChart(BAR_CHART).wide)).toEqual(
      expect.arrayContaining(["1,290", "7", "0", "none", "flush-at-start", "pinned"]),
    );
  });

  test("has powers of ten for ticks on a logarithmic axis, and zero", () => {
    const texts = textsOf(drawChart(BAR_CHART).wide);
    expect(texts.slice(0, 12)).toEqual(expect.arrayContaining(["0", "1", "10", "100", "1,000"]));
  });

  test("takes its colours from the page, so that it fits light and dark", () => {
    const { wide, narrow, series } = drawChart(BAR_CHART);
    expect(series).toEqual(["reads", "writes"]);
    for (const svg of [wide, narrow]) {
      expect(svg).toContain("var(--series-1)");
      expect(svg).toContain("var(--series-2)");
      expect(svg).not.toMatch(/#[0-9a-f]{6}|NaN|Infinity/);
    }
  });

  test("can be drawn when every value is zero", () => {
    const bars = BARS.map((bar) => ({ ...bar, value: 0 }));
    const { wide } = drawChart({ ...BAR_CHART, bars });
    expect(wide).not.toMatch(/NaN|Infinity/);
  });

  test("names no series when there is one only", () => {
    const bars = BARS.map(({ label, value, evidence }) => ({ label, value, evidence }));
    expect(drawChart({ ...BAR_CHART, bars }).series).toEqual([]);
  });
});

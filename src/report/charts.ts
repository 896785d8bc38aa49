/**
 * Charts as SVG, drawn without a browser: the same figures give the same bytes.
 *
 * Every chart is drawn twice, for a page and for a phone, because text that is scaled down with its
 * chart cannot be read. Colours are variables of the page, so that light and dark need one drawing.
 */
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import type { Bar, Chart, Point } from "../study/answer.js";
import { rounded } from "../study/numbers.js";

export interface DrawnChart {
  readonly wide: string;
  readonly narrow: string;
  /** The names of the series, in the order of their colours; empty if there is one only. */
  readonly series: readonly string[];
}

interface Size {
  readonly width: number;
  readonly fontPx: number;
  readonly marginLeft: number;
  /** Letters that a label may have. */
  readonly labelLetters: number;
}

const WIDE: Size = { width: 720, fontPx: 13, marginLeft: 170, labelLetters: 24 };
const NARROW: Size = { width: 350, fontPx: 12, marginLeft: 108, labelLetters: 16 };

export function drawChart(chart: Chart): DrawnChart {
  const series = seriesOf(chart);
  return {
    wide: draw(chart, series, WIDE),
    narrow: draw(chart, series, NARROW),
    series: series.length > 1 ? series : [],
  };
}

function seriesOf(chart: Chart): string[] {
  const marks = chart.form === "bars" ? chart.bars : chart.points;
  return [...new Set(marks.map(({ series }) => series ?? ""))];
}

function draw(chart: Chart, series: readonly string[], size: Size): string {
  const { document } = parseHTML("<!doctype html><html><body></body></html>");
  const colour = (name: string | undefined) => colourOf(series.indexOf(name ?? ""));
  const svg = Plot.plot({
    document: document,
    width: size.width,
    ...optionsOf(chart, size, colour),
  });
  svg.setAttribute("font-size", String(size.fontPx));
  // What is drawn is said in words beside it.
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("focusable", "false");
  return svg.outerHTML;
}

/** The colour of a series; the page defines as many. */
export function colourOf(index: number): string {
  return `var(--series-${(index % SERIES_COLOURS) + 1})`;
}

export const SERIES_COLOURS = 6;

type Colour = (series: string | undefined) => string;

function optionsOf(chart: Chart, size: Size, colour: Colour): Plot.PlotOptions {
  switch (chart.form) {
    case "bars":
      return barOptions(chart, size, colour);
    case "lines":
      return lineOptions(chart, size, colour);
    case "comparison":
      return comparisonOptions(chart, size, colour);
  }
}

const ROW_PX = 26;
/** Room for the value at the end of the longest bar. */
const VALUE_PX = 70;

type BarChart = Extract<Chart, { form: "bars" }>;

function barOptions(chart: BarChart, size: Size, colour: Colour): Plot.PlotOptions {
  return chart.series === "stacked"
    ? stackedOptions(chart, size, colour)
    : groupedOptions(chart, size, colour);
}

function stackedOptions(
  { bars, valueLabel, scale }: BarChart,
  size: Size,
  colour: Colour,
): Plot.PlotOptions {
  const labels = labelsOf(bars);
  const totals = labels.map((label) => ({ label, value: totalOf(bars, label) }));
  return {
    ...barFrame(labels.length, size),
    x: valueAxis(scale, totals, valueLabel, size),
    y: { ...labelAxis(size), domain: labels },
    marks: [
      Plot.barX(bars, {
        x: "value",
        y: "label",
        fill: ({ series }: Bar) => colour(series),
        insetTop: 3,
        insetBottom: 3,
      }),
      Plot.text(totals, { ...VALUE_TEXT, x: "value", y: "label", text: valueText }),
      Plot.ruleX([0]),
    ],
  };
}

function groupedOptions(
  { bars, valueLabel, scale }: BarChart,
  size: Size,
  colour: Colour,
): Plot.PlotOptions {
  const labels = labelsOf(bars);
  return {
    ...barFrame(bars.length, size),
    x: valueAxis(scale, bars, valueLabel, size),
    y: { axis: null, domain: [...new Set(bars.map(({ series }) => series ?? ""))] },
    fy: { ...labelAxis(size), domain: labels },
    marks: [
      Plot.barX(bars, {
        x: "value",
        y: "series",
        fy: "label",
        fill: ({ series }: Bar) => colour(series),
        insetTop: 1,
        insetBottom: 1,
      }),
      Plot.text(bars, { ...VALUE_TEXT, x: "value", y: "series", fy: "label", text: valueText }),
      Plot.ruleX([0]),
      Plot.axisFy({
        anchor: "left",
        label: null,
        tickFormat: (label: string) => shortened(label, size),
      }),
    ],
  };
}

const VALUE_TEXT = { textAnchor: "start", dx: 5 } as const;

function valueText({ value }: { value: number }): string {
  return rounded(value);
}

function labelsOf(bars: readonly Bar[]): string[] {
  return [...new Set(bars.map(({ label }) => label))];
}

function barFrame(rows: number, size: Size) {
  return {
    height: rows * ROW_PX + 64,
    marginLeft: size.marginLeft,
    marginRight: VALUE_PX,
    marginTop: 8,
    marginBottom: 48,
  };
}

function valueAxis(
  scale: "linear" | "log",
  rows: readonly { value: number }[],
  label: string,
  size: Size,
) {
  const values = rows.map(({ value }) => value);
  const said = scale === "log" ? `${label}, logarithmic` : label;
  return { ...axis(scale, values, size === WIDE ? 6 : 3), label: said, grid: true };
}

function labelAxis(size: Size) {
  return { label: null, tickSize: 0, tickFormat: (label: string) => shortened(label, size) };
}

function totalOf(bars: readonly Bar[], label: string): number {
  return bars.reduce((sum, bar) => (bar.label === label ? sum + bar.value : sum), 0);
}

function lineOptions(
  { points, xLabel, yLabel, scale }: Extract<Chart, { form: "lines" }>,
  size: Size,
  colour: Colour,
): Plot.PlotOptions {
  const places = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  return {
    height: 300,
    marginLeft: 64,
    marginRight: 20,
    marginTop: 32,
    marginBottom: 48,
    x: { type: "point", domain: places, label: xLabel },
    y: {
      ...axis(
        scale,
        points.map(({ y }) => y),
        5,
      ),
      label: scale === "log" ? `${yLabel}, logarithmic` : yLabel,
      grid: true,
    },
    marks: [
      Plot.ruleY([0]),
      Plot.line(points, { x: "x", y: "y", z: "series", stroke: strokeOf(colour), strokeWidth: 2 }),
      Plot.dot(points, { x: "x", y: "y", r: size === WIDE ? 4 : 3, fill: strokeOf(colour) }),
    ],
  };
}

function comparisonOptions(
  { points, xLabel, yLabel }: Extract<Chart, { form: "comparison" }>,
  size: Size,
  colour: Colour,
): Plot.PlotOptions {
  const values = points.flatMap(({ x, y }) => [x, y]);
  const domain = [Math.min(...values) / 1.3, Math.max(...values) * 1.3];
  const ticks = decadesWithin(domain[0]!, domain[1]!);
  const log = { type: "log" as const, domain, grid: true, ticks, tickFormat: rounded };
  const equal = domain.map((value) => ({ x: value, y: value }));
  return {
    height: size === WIDE ? 440 : 320,
    marginLeft: 64,
    marginRight: 20,
    marginTop: 32,
    marginBottom: 48,
    x: { ...log, label: `${xLabel}, logarithmic` },
    y: { ...log, label: `${yLabel}, logarithmic` },
    marks: [
      Plot.line(equal, { x: "x", y: "y", stroke: "var(--muted)", strokeDasharray: "4 4" }),
      Plot.dot(points, {
        x: "x",
        y: "y",
        r: size === WIDE ? 4 : 3,
        stroke: strokeOf(colour),
        strokeWidth: 1.5,
        fill: "var(--page)",
      }),
    ],
  };
}

function strokeOf(colour: Colour) {
  return ({ series }: Point) => colour(series);
}

/** A logarithmic axis starts at 0 and is linear up to 1. */
function axis(scale: "linear" | "log", values: readonly number[], ticksMax: number) {
  const most = Math.max(1, ...values);
  const common = { domain: [0, most], tickFormat: rounded };
  if (scale === "linear") {
    return { ...common, type: "linear" as const, nice: true, ticks: ticksMax };
  }
  return { ...common, type: "symlog" as const, constant: 1, ticks: powersOfTen(most, ticksMax) };
}

/** 0 and powers of ten up to `most`, as many as there is room for. */
function powersOfTen(most: number, ticksMax: number): number[] {
  const exponents = Array.from({ length: Math.floor(Math.log10(most)) + 1 }, (_, at) => at);
  const stride = Math.ceil(exponents.length / ticksMax);
  return [0, ...exponents.filter((at) => at % stride === 0).map((at) => 10 ** at)];
}

function decadesWithin(least: number, most: number): number[] {
  const first = Math.ceil(Math.log10(least));
  const count = Math.floor(Math.log10(most)) - first + 1;
  return Array.from({ length: count }, (_, at) => 10 ** (first + at));
}

function shortened(label: string, { labelLetters }: Size): string {
  return label.length <= labelLetters ? label : `${label.slice(0, labelLetters - 1)}…`;
}

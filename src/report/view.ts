/** A report as the templates want it: text, classes, markup of charts, numbers of references. */
import {
  textOf,
  type Answer,
  type Cell,
  type Chart,
  type ChartExhibit,
  type Column,
  type Evidence,
  type Exhibit,
  type Piece,
  type TableExhibit,
  type TimelineExhibit,
} from "../study/answer.js";
import { colourOf, drawChart } from "./charts.js";
import type { References } from "./references.js";
import { timelineView } from "./timeline.js";

/** What a reference shows: its number, and what its token repeats. */
interface Referring {
  readonly reference: number | null;
  readonly label: string;
}

type Refer = (evidence: Evidence | null | undefined) => Referring;

export function answerView(answer: Answer, references: References) {
  const refer = referrer(references);
  return {
    number: answer.number,
    question: answer.question,
    pieces: answer.paragraph.map((piece) => pieceView(piece, refer)),
    exhibits: answer.exhibits.map((exhibit) => exhibitView(exhibit, refer)),
  };
}

/** References point into the one list at the end, in the order in which they are met. */
export function referrer(references: References): Refer {
  return (evidence) => {
    if (evidence === null || evidence === undefined) return { reference: null, label: "" };
    const { number, label } = references.of(evidence);
    return { reference: number, label };
  };
}

function pieceView(piece: Piece, refer: Refer) {
  if (typeof piece === "string") return { text: piece, ...refer(null) };
  return { text: piece.text, ...refer(piece.evidence) };
}

function exhibitView(exhibit: Exhibit, refer: Refer) {
  switch (exhibit.kind) {
    case "table":
      return tableView(exhibit, refer);
    case "chart":
      return chartView(exhibit, refer);
    case "timeline":
      return exampleView(exhibit, refer);
  }
}

export function tableView({ kind, title, columns, rows, source }: TableExhibit, refer: Refer) {
  return {
    kind,
    title,
    source,
    columns,
    rows: rows.map((row) => row.map((cell, at) => cellView(cell, columns[at], refer))),
  };
}

/** Cells of so few letters stay on one line; those of so many get room for several words. */
const SHORT = 20;
const LONG = 40;

function cellView(cell: Cell | string, column: Column | undefined, refer: Refer) {
  const { text, rest, tone, evidence }: Cell = typeof cell === "string" ? { text: cell } : cell;
  const length = text.length <= SHORT ? "short" : text.length >= LONG ? "long" : "middle";
  const classes = [column?.align ?? "left", tone ?? "plain", length].join(" ");
  return { text, rest: rest ?? "", classes, ...refer(evidence) };
}

function chartView({ kind, title, description, source, chart }: ChartExhibit, refer: Refer) {
  const { wide, narrow, series } = drawChart(chart);
  const key = series.map((name, at) => ({ name, colour: colourOf(at) }));
  const pieces = description.map((piece) => pieceView(piece, refer));
  const scale = scaleNote(chart);
  return { kind, title, said: textOf(description), pieces, source, scale, wide, narrow, key };
}

/** A logarithmic axis is said to be one. */
function scaleNote(chart: Chart): string {
  if (chart.form === "comparison") return "Both axes are logarithmic.";
  return chart.scale === "log" ? "The axis is logarithmic above 1." : "";
}

function exampleView({ kind, title, example, source }: TimelineExhibit, refer: Refer) {
  const evidence = { label: title, token: example.token };
  return { kind, title, source, ...timelineView(example), ...refer(evidence) };
}

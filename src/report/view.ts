/** A report as the templates want it: text, classes, markup of charts, numbers of references. */
import type {
  Answer,
  Cell,
  ChartExhibit,
  Column,
  Evidence,
  Exhibit,
  Piece,
  TableExhibit,
  TimelineExhibit,
} from "../study/answer.js";
import { colourOf, drawChart } from "./charts.js";
import type { References } from "./references.js";
import { timelineView } from "./timeline.js";

/** Where a reference points to: a token in the list of an answer. */
interface Referring {
  readonly answer: number;
  readonly reference: number | null;
}

type Refer = (evidence: Evidence | null | undefined) => Referring;

export function answerView(answer: Answer, references: References) {
  const refer = referrer(answer.number, references);
  // The list comes first, because it gives the numbers in the order of reading.
  const list = references.ofAnswer(answer);
  return {
    number: answer.number,
    question: answer.question,
    pieces: answer.paragraph.map((piece) => pieceView(piece, refer)),
    exhibits: answer.exhibits.map((exhibit) => exhibitView(exhibit, refer)),
    references: list,
  };
}

/** References point into the list of `answer`, which must hold them. */
export function referrer(answer: number, references: References): Refer {
  return (evidence) => ({
    answer,
    reference: evidence === null || evidence === undefined ? null : references.of(evidence).number,
  });
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
      return chartView(exhibit);
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
  const { text, tone, evidence }: Cell = typeof cell === "string" ? { text: cell } : cell;
  const length = text.length <= SHORT ? "short" : text.length >= LONG ? "long" : "middle";
  const classes = [column?.align ?? "left", tone ?? "plain", length].join(" ");
  return { text, classes, ...refer(evidence) };
}

function chartView({ kind, title, description, source, chart }: ChartExhibit) {
  const { wide, narrow, series } = drawChart(chart);
  const key = series.map((name, at) => ({ name, colour: colourOf(at) }));
  return { kind, title, description, source, wide, narrow, series: key };
}

function exampleView({ kind, title, example, source }: TimelineExhibit, refer: Refer) {
  const evidence = { label: title, token: example.token };
  return { kind, title, source, ...timelineView(example), ...refer(evidence) };
}

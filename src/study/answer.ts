/** The answer to one question: a paragraph, what it rests on, and how to repeat each figure. */
import type { Counterexample } from "../explore/index.js";

/** What repeats a figure. */
export interface Evidence {
  /** Such as `empty-table, retry limit 3`. */
  readonly label: string;
  readonly token: string;
}

/** Text that rests on evidence: a figure, a verdict. */
export interface Figure {
  readonly text: string;
  readonly evidence: Evidence;
}

/** A sentence in pieces. */
export type Piece = string | Figure;

export interface Column {
  readonly head: string;
  readonly align?: "left" | "right";
}

export type Tone = "good" | "bad" | "plain";

export interface Cell {
  readonly text: string;
  /** What follows the text, such as how many rules more are broken. */
  readonly rest?: string;
  readonly tone?: Tone;
  readonly evidence?: Evidence | null;
}

export interface TableExhibit {
  readonly kind: "table";
  readonly title: string;
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly (Cell | string)[])[];
  /** What the figures are, and whether they are exact, modelled or measured. */
  readonly source: string;
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly series?: string;
  readonly evidence: Evidence | null;
}

export interface Point {
  readonly x: number;
  readonly y: number;
  readonly series: string;
  readonly evidence: Evidence | null;
}

export type Chart =
  | {
      readonly form: "bars";
      readonly bars: readonly Bar[];
      /** Bars of one label and several series: end to end, or one below the other. */
      readonly series: "stacked" | "grouped";
      readonly valueLabel: string;
      /** Logarithmic from 1 on, so that 0 has a place. */
      readonly scale: "linear" | "log";
    }
  | {
      readonly form: "lines";
      readonly points: readonly Point[];
      readonly xLabel: string;
      readonly yLabel: string;
      readonly scale: "linear" | "log";
    }
  | {
      /** Two values of the same thing against each other, with the line where they are equal. */
      readonly form: "comparison";
      readonly points: readonly Point[];
      readonly xLabel: string;
      readonly yLabel: string;
    };

export interface ChartExhibit {
  readonly kind: "chart";
  readonly title: string;
  /** What a person sees who sees the chart, for one who does not. */
  readonly description: readonly Piece[];
  readonly source: string;
  readonly chart: Chart;
}

export interface TimelineExhibit {
  readonly kind: "timeline";
  readonly title: string;
  readonly example: Counterexample;
  readonly source: string;
}

export type Exhibit = TableExhibit | ChartExhibit | TimelineExhibit;

export interface Answer {
  readonly number: number;
  readonly question: string;
  /** The answer in a line of a terminal or two. */
  readonly short: string;
  readonly paragraph: readonly Piece[];
  readonly exhibits: readonly Exhibit[];
}

/** A sentence with figures in it. */
export function say(
  texts: TemplateStringsArray,
  ...values: readonly (Piece | number | readonly Piece[])[]
): Piece[] {
  return texts.flatMap((text, at) => {
    const value = values[at];
    const pieces: readonly Piece[] =
      value === undefined
        ? []
        : typeof value === "object" && !("text" in value)
          ? value
          : [plain(value)];
    return [...(text === "" ? [] : [text]), ...pieces];
  });
}

function plain(value: Piece | number): Piece {
  return typeof value === "number" ? String(value) : value;
}

/** The same without its evidence. */
export function textOf(pieces: readonly Piece[]): string {
  return pieces.map((piece) => (typeof piece === "string" ? piece : piece.text)).join("");
}

/** Each with its figures, as a list in a sentence. */
export function listOf(items: readonly (readonly Piece[])[]): Piece[] {
  return items.flatMap((item, at) => {
    if (at === 0) return item;
    return [at === items.length - 1 ? " and " : ", ", ...item];
  });
}

export function evidenceIn(pieces: readonly Piece[]): Evidence[] {
  return pieces.flatMap((piece) => (typeof piece === "string" ? [] : [piece.evidence]));
}

/** Everything that an exhibit rests on, in the order in which it is seen. */
export function evidenceOf(exhibit: Exhibit): Evidence[] {
  switch (exhibit.kind) {
    case "table":
      return exhibit.rows.flatMap((row) =>
        row.flatMap((cell) => (typeof cell === "string" ? [] : (cell.evidence ?? []))),
      );
    case "chart": {
      const { chart, description } = exhibit;
      const marks = chart.form === "bars" ? chart.bars : chart.points;
      return [...evidenceIn(description), ...marks.flatMap(({ evidence }) => evidence ?? [])];
    }
    case "timeline":
      return [{ label: exhibit.title, token: exhibit.example.token }];
  }
}

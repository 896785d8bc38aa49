/** A small report with one exhibit of each kind. */
import { explore, replayToken } from "../../src/explore/index.js";
import type { Report } from "../../src/report/report.js";
import { say, type Answer, type Bar, type Point } from "../../src/study/answer.js";

const run = { label: "none, seed 1", token: "r1.AAAA" };
const other = { label: "pinned <seed 1>", token: "r1.BBBB" };

export const BARS: Bar[] = [
  { label: "none", value: 1234, series: "reads", evidence: run },
  { label: "none", value: 56, series: "writes", evidence: run },
  { label: "flush-at-start", value: 7, series: "reads", evidence: run },
  { label: "pinned", value: 0, series: "reads", evidence: other },
];

const POINTS: Point[] = ["munmap", "cow"].flatMap((series, at) =>
  [1, 2, 3, 4, 5, 6].map((x) => ({ x, y: 10 + x * (4 + at), series, evidence: run })),
);

export async function sampleAnswer(): Promise<Answer> {
  const world = { protocol: "flush-at-start", operation: "munmap" } as const;
  const { properties } = await explore(world);
  const example = await replayToken(properties["stale-read"]!.token!);
  return {
    number: 1,
    question: "Why does a & b < c?",
    short: "Because.",
    paragraph: say`There were ${{ text: "1,290", evidence: run }} stale accesses, and ${{ text: "none", evidence: other }} where frames are pinned.`,
    exhibits: [
      {
        kind: "table",
        title: "Stale accesses",
        columns: [{ head: "protocol" }, { head: "count", align: "right" }],
        rows: [
          ["none", { text: "1,290", tone: "bad", evidence: run }],
          ["pinned", { text: "0", tone: "good", evidence: other }],
        ],
        source: "Exact counts.",
      },
      {
        kind: "chart",
        title: "Stale accesses by protocol",
        description: say`none has ${{ text: "1,290", evidence: run }}, flush-at-start 7, pinned 0.`,
        source: "Exact counts.",
        chart: {
          form: "bars",
          series: "stacked",
          bars: BARS,
          valueLabel: "stale accesses",
          scale: "log",
        },
      },
      {
        kind: "chart",
        title: "Steps to the failure",
        description: ["The steps rise with the limit."],
        source: "Exploration.",
        chart: {
          form: "lines",
          points: POINTS,
          xLabel: "retry limit",
          yLabel: "steps",
          scale: "linear",
        },
      },
      {
        kind: "chart",
        title: "Modelled against measured",
        description: ["The points lie on the diagonal."],
        source: "Calibration.",
        chart: {
          form: "comparison",
          points: POINTS.map((point) => ({ ...point, x: point.y * 1.1 })),
          xLabel: "measured, us",
          yLabel: "modelled, us",
        },
      },
      { kind: "timeline", title: "The shortest way", example, source: "Exploration." },
    ],
  };
}

export async function sampleReport(): Promise<Report> {
  return {
    title: "A sample",
    introduction: ["A program of 10,000 events."],
    summary: {
      kind: "table",
      title: "In short",
      columns: [{ head: "protocol" }, { head: "faults", align: "right" }],
      rows: [["none", { text: "12", evidence: run }]],
      source: "Exact counts.",
    },
    answers: [await sampleAnswer()],
    scenario: "name: <sample>\nprotocol: none\n",
    digests: [{ label: "none", digest: "0123456789abcdef", token: run.token }],
    versions: [["tlbstorm", "0.0.0"]],
    exact: ["Counts."],
    modelled: ["Times."],
    parameters: [{ path: "seed", value: "1", source: "any seed will do", grade: "choice" }],
    grades: [["choice", "not a figure but a choice"]],
    tokenCommand: "tlbstorm token",
  };
}

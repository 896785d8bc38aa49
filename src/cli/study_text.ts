/** A study as text for a terminal of 80 columns: a table, the answers in short, tokens. */
import {
  answers,
  summary,
  type Finding,
  type StudyData,
  type StudyResult,
  type SummaryRow,
} from "../study/index.js";
import { counted, grouped } from "../study/numbers.js";
import { EXPLORED_LIMIT } from "../study/plan.js";
import { formatTable } from "./output.js";

const WIDTH = 80;

export function formatStudy(data: StudyData, result: StudyResult): string {
  const rows = summary(data);
  const { program, facts } = data;
  const parts = [
    [
      program,
      `${grouped(facts.events)} events, ${counted(facts.forks, "fork")}, seed ${data.seed}, digest ${result.digest}`,
    ].join("\n"),
    formatSummary(rows),
    legend(),
    ...answers(data).map(({ number, question, short }) =>
      [...wrapped(`${number}. ${question}`, 3), ...wrapped(`   ${short}`, 3)].join("\n"),
    ),
    formatTokens(data, rows),
    ...formatAgreement(result),
  ];
  if (result.report !== null) parts.push(`report: ${result.report}`);
  return parts.join("\n\n");
}

/** Shorter words for the table. */
const BRIEF: Partial<Record<string, string>> = { "read-only": "ro", "gives up": "fails" };

function legend(): string {
  return wrapped(
    "wrong: accesses that the mm had ruled out, and walks through freed tables; /pair: page " +
      "requests in an open range pair, for each pair; stalled: share of the time of the device's " +
      "lanes; explored: what some interleaving of munmap, DONTNEED, mprotect or fork and copy " +
      "breaks (stale accesses, ro: writes to read-only pages, walk: walks through freed tables, " +
      `split: old page after a copy, fails: gives up after ${EXPLORED_LIMIT} refusals); served is judged apart. ` +
      "Counts are exact, times are modelled. " +
      "Not one kernel: see the column Linux; question 7 has all drivers on one.",
    0,
  ).join("\n");
}

function formatSummary(rows: readonly SummaryRow[]): string {
  const right = (head: string) => ({ head, align: "right" as const });
  const heads = [right("wrong"), right("faults"), right("/pair"), right("stalled")];
  return formatTable(
    [{ head: "protocol" }, { head: "Linux" }, ...heads, { head: "explored" }],
    rows.map((row) => [
      row.label,
      row.era,
      grouped(row.broken),
      grouped(row.pageRequests),
      row.perPair.toFixed(2),
      row.stalled === null ? "" : `${(100 * row.stalled).toFixed(1)} %`,
      row.stalled === null
        ? ""
        : row.explored.map((word) => BRIEF[word] ?? word).join(" ") || "holds",
    ]),
  );
}

/** Every row of the table can be repeated, and every counterexample. */
function formatTokens({ examples }: StudyData, rows: readonly SummaryRow[]): string {
  const runs = rows.map(({ label, evidence }) => `${label}: ${evidence.token}`);
  const found = [...examples.values()].map(
    ({ world, property, steps, token }) =>
      `${world.protocol.id}, ${property} in ${steps.length} steps of ${world.operation}:\n  ${token}`,
  );
  return ["To repeat a row or a counterexample: tlbstorm token TOKEN", ...runs, ...found].join(
    "\n",
  );
}

function formatAgreement({ disagreements, notExplored }: StudyResult): string[] {
  return [
    ...formatFindings(
      "Runs show what exploration excludes for the same operation: one of the two models is wrong.",
      disagreements,
    ),
    ...formatFindings(
      "Not explored: runs show this of operations that exploration has no world for. Explored " +
        "operations break the same rules under the same protocols, so no verdict is contradicted.",
      notExplored,
    ),
  ];
}

function formatFindings(title: string, findings: readonly Finding[]): string[] {
  if (findings.length === 0) return [];
  const lines = findings.map(({ protocol, property, operation, count, token }) => {
    const by = operation === null ? "" : ` by ${operation}`;
    return `${protocol}: ${property}${by}, ${grouped(count)} times\n  ${token}`;
  });
  return [[...wrapped(title, 0), ...lines].join("\n")];
}

/** Lines of at most 80 columns; those after the first are indented. */
function wrapped(text: string, indent: number): string[] {
  const lines: string[] = [];
  let line = /^ */.exec(text)![0];
  for (const word of text.trim().split(" ")) {
    const next = line.trim() === "" ? `${line}${word}` : `${line} ${word}`;
    if (next.length <= WIDTH || line.trim() === "") {
      line = next;
    } else {
      lines.push(line);
      line = `${" ".repeat(indent)}${word}`;
    }
  }
  return [...lines, line];
}

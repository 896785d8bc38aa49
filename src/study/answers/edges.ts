/** Question 1: why the edges of a range pair do not suit a TLB outside the CPU. */
import type { OperationId, PropertyId } from "../../explore/index.js";
import { say, type Answer, type Cell, type Exhibit, type Piece } from "../answer.js";
import type { StudyData } from "../data.js";
import { brokenIn, number, ofProtocol } from "../evidence.js";
import { edgeExamples } from "../examples.js";
import { counted, grouped, listed } from "../numbers.js";
import { PROTOCOLS, STUDIED, type StudyProtocol } from "../plan.js";
import { SAFETY, shortest, STALE, verdictOn, violations } from "../verdicts.js";

/** What a wrong translation leads to; walks through freed tables are question 5. */
const RULES = ["stale-read", "stale-write", "readonly-write", "split-brain"] as const;

const RULE_HEADS: Record<(typeof RULES)[number], string> = {
  "stale-read": "stale reads",
  "stale-write": "stale writes",
  "readonly-write": "writes to read-only",
  "split-brain": "old page after a copy",
};

export function answerEdges(data: StudyData): Answer {
  return {
    number: 1,
    question: "Why do range_start and range_end not suit a TLB outside the CPU?",
    short: shortAnswer(data),
    paragraph: paragraph(data),
    exhibits: [countTable(data), countChart(data), verdictTable(data), ...timelines(data)],
  };
}

function shortAnswer(data: StudyData): string {
  const parts = edgeExamples(data.explored).map(
    ({ protocol, operation, property, steps }) =>
      `${protocol}: ${property} in ${steps} steps of ${operation}`,
  );
  const clean = cleanProtocols(data);
  const found = parts.length === 0 ? "no stale access at either edge" : parts.join("; ");
  const rest =
    clean.length === 0
      ? "Under each protocol the device reaches what the mm had ruled out"
      : `No access reaches what the mm had ruled out under ${listed(clean)}`;
  return `Exploration finds ${found}. ${rest}.`;
}

/** Protocols without a violation in exploration and in the run, walks and failures apart. */
function cleanProtocols(data: StudyData): StudyProtocol[] {
  return PROTOCOLS.map(({ id }) => id).filter(
    (id) =>
      violations(data.explored, { protocol: id, operations: STUDIED, properties: RULES }).length ===
        0 && brokenIn(ofProtocol(data, id).run, RULES) === 0,
  );
}

function paragraph(data: StudyData): Piece[] {
  const none = ofProtocol(data, "none");
  return say`A TLB outside the CPU is filled by hardware that walks the page table of the mm. No callback can keep it from walking: after range_start, where every entry is still present, it fills itself again, and at range_end pages may have been freed already. ${edge(data, "flush-at-start", "range_start")} ${edge(data, "flush-at-end", "range_end")} What is needed is the moment at which CPU TLBs are flushed: entries are gone, pages are not yet free. ${atTheFlush(data)} Without any notification the device made ${number(brokenIn(none.run, RULES), none)} accesses that the mm had ruled out.`;
}

function edge(data: StudyData, id: StudyProtocol, where: string): Piece[] {
  const found = shortest(data.explored, {
    protocol: id,
    operations: STUDIED,
    properties: RULES,
  });
  const cited = ofProtocol(data, id);
  const inRun = say`in this run the device made ${number(brokenIn(cited.run, RULES), cited)} accesses that the mm had ruled out`;
  if (found === null) {
    return say`An invalidation at ${where} alone violates nothing in the ${STUDIED.length} operations explored; ${inRun}.`;
  }
  const { steps, evidence, operation, property } = found;
  const way = { text: `${steps} steps of ${operation}`, evidence };
  return say`An invalidation at ${where} alone is not enough: exploration reaches a violation of ${property} in ${way}; ${inRun}.`;
}

function atTheFlush(data: StudyData): Piece[] {
  return (["invalidate-range", "secondary-flush"] as const).flatMap((id, at) => {
    const cited = ofProtocol(data, id);
    const broken = brokenIn(cited.run, RULES);
    const found = violations(data.explored, {
      protocol: id,
      operations: STUDIED,
      properties: SAFETY,
    }).length;
    const explored =
      found === 0
        ? `no violation in the ${STUDIED.length} operations explored`
        : counted(found, "violation");
    const text = say`${id}, called there, has ${explored} and ${number(broken, cited)} in this run`;
    return [...text, at === 0 ? "; " : "."];
  });
}

function countTable(data: StudyData): Exhibit {
  const rows = PROTOCOLS.map(({ id, era }) => {
    const cited = ofProtocol(data, id);
    const counts = RULES.map((rule) => badCount(brokenIn(cited.run, [rule])));
    const last: Cell = {
      text: grouped(cited.run.counts.accessesInWindow),
      evidence: cited.evidence,
    };
    return [id, era, ...counts, last];
  });
  const right = (head: string) => ({ head, align: "right" as const });
  return {
    kind: "table",
    title: "Accesses that the mm had ruled out, by protocol",
    columns: [
      { head: "protocol" },
      { head: "Linux" },
      ...RULES.map((rule) => right(RULE_HEADS[rule])),
      right("in the allowed window"),
    ],
    rows,
    source:
      "Exact counts of the timed runs. The allowed window lies between the change of an entry and the end of the flush that follows it.",
  };
}

function badCount(count: number): Cell {
  return { text: grouped(count), tone: count === 0 ? "plain" : "bad" };
}

function countChart(data: StudyData): Exhibit {
  const bars = PROTOCOLS.map(({ id }) => {
    const cited = ofProtocol(data, id);
    return { label: id, value: brokenIn(cited.run, RULES), evidence: cited.evidence };
  });
  const shown = bars.map(({ label, value }) => `${label} ${grouped(value)}`);
  return {
    kind: "chart",
    title: "Accesses that the mm had ruled out",
    description: `${listed(shown)}.`,
    source: "Exact counts; the axis is logarithmic above 1.",
    chart: { form: "bars", series: "stacked", bars, valueLabel: "accesses", scale: "log" },
  };
}

function verdictTable(data: StudyData): Exhibit {
  const rows = PROTOCOLS.map(({ id }) => [
    id,
    ...STUDIED.map((operation) => verdictCell(data, id, operation)),
  ]);
  return {
    kind: "table",
    title: "Every interleaving of one operation with one device, one page",
    columns: [{ head: "protocol" }, ...STUDIED.map((head) => ({ head }))],
    rows,
    source:
      "Exhaustive exploration: the violated rule and the steps of the shortest counterexample. Repeat a cell that holds with tlbstorm explore --protocol P --operation O.",
  };
}

function verdictCell(data: StudyData, protocol: StudyProtocol, operation: OperationId): Cell {
  const asked = { protocol, operations: [operation] };
  const found = shortest(data.explored, { ...asked, properties: RULES });
  if (found !== null) {
    return { text: `${found.property}, ${found.steps}`, tone: "bad", evidence: found.evidence };
  }
  const isKnown = applicable(operation).every(
    (rule) => verdictOn(data.explored, rule, asked) !== "unknown",
  );
  return isKnown ? { text: "holds", tone: "good" } : { text: "unknown" };
}

function applicable(operation: OperationId): readonly PropertyId[] {
  return operation === "mprotect" || operation === "cow" ? RULES : STALE;
}

function timelines(data: StudyData): Exhibit[] {
  return edgeExamples(data.explored).flatMap(({ protocol, operation, evidence }) => {
    const example = data.examples.get(evidence.token);
    if (example === undefined) return [];
    return [
      {
        kind: "timeline" as const,
        title: `The shortest counterexample: ${protocol} and ${operation}`,
        example,
        source: "No interleaving with fewer steps violates the rule.",
      },
    ];
  });
}

/** Question 1: why the edges of a range pair do not suit a TLB outside the CPU. */
import type { OperationId } from "../../explore/index.js";
import { builtinProtocol } from "../../protocols/catalogue.js";
import { listOf, say, type Answer, type Cell, type Exhibit, type Piece } from "../answer.js";
import type { StudyData } from "../data.js";
import { brokenIn, headOf, kernelsDiffer, number, ofProtocol } from "../evidence.js";
import { edgeExample, edgeExamples } from "../examples.js";
import { counted, grouped, listed } from "../numbers.js";
import { EXPLORED_LIMIT, PROTOCOLS, STUDIED, type StudyProtocol } from "../plan.js";
import { ACCESSES, JUDGED, SAFETY, verdictOn, violations } from "../verdicts.js";

/** What a wrong translation leads to; walks through freed tables are question 5. */
const RULES = ACCESSES;

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
    exhibits: [
      countTable(data),
      countChart(data),
      verdictTable(data),
      servedTable(data),
      ...timelines(data),
    ],
  };
}

function shortAnswer(data: StudyData): string {
  const parts = edgeExamples(data.explored).map(
    ({ protocol, operation, property, steps }) =>
      `${protocol}: ${property} in ${steps} steps of ${operation}`,
  );
  const clean = cleanProtocols(data);
  const found = parts.length === 0 ? "nothing at either edge" : parts.join("; ");
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

function edge(data: StudyData, id: "flush-at-start" | "flush-at-end", where: string): Piece[] {
  const found = edgeExample(data.explored, id);
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
    const { accessesInWindow, accessesToUnmapped } = cited.run.counts;
    return [
      headOf(id, cited),
      era,
      ...RULES.map((rule) => badCount(brokenIn(cited.run, [rule]))),
      windowEnds(id) ? grouped(accessesInWindow) : "–",
      grouped(accessesToUnmapped),
    ];
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
      right("to unmapped frames"),
    ],
    rows,
    source: `Exact counts of the timed runs. In the allowed window: through a translation that an operation under way has made old, before the invalidation that follows; a dash where the driver has none that follows, so that no window ends. To unmapped frames: nobody maps the frame and nobody has reused it yet; no rule is broken so far. ${kernelsDiffer()}`,
  };
}

/** The driver has something to do after the entry has changed. */
function windowEnds(id: StudyProtocol): boolean {
  const protocol = builtinProtocol(id)!;
  return protocol.secondaryFlush.length + protocol.rangeEnd.length > 0;
}

function badCount(count: number): Cell {
  return { text: grouped(count), tone: count === 0 ? "plain" : "bad" };
}

function countChart(data: StudyData): Exhibit {
  const bars = PROTOCOLS.map(({ id }) => {
    const cited = ofProtocol(data, id);
    return { label: id, value: brokenIn(cited.run, RULES), evidence: cited.evidence };
  });
  const shown = PROTOCOLS.map(({ id }) => {
    const cited = ofProtocol(data, id);
    return say`${id} ${number(brokenIn(cited.run, RULES), cited)}`;
  });
  return {
    kind: "chart",
    title: "Accesses that the mm had ruled out",
    description: [...listOf(shown), "."],
    source: "Exact counts.",
    chart: { form: "bars", series: "stacked", bars, valueLabel: "accesses", scale: "log" },
  };
}

function verdictTable({ explored }: StudyData): Exhibit {
  return {
    kind: "table",
    title: "Every interleaving of one operation with one device, one page",
    columns: [{ head: "protocol" }, ...STUDIED.map((head) => ({ head }))],
    rows: PROTOCOLS.map(({ id }) => [
      id,
      ...STUDIED.map((operation) => verdictCell(explored, id, operation)),
    ]),
    source: `Exhaustive exploration with retry limit ${EXPLORED_LIMIT}: the rule that is broken in the fewest steps, these steps, and how many rules more can be broken. holds: no interleaving breaks one of ${listed(JUDGED)}. Each cell is repeated, with all its rules, by tlbstorm explore --protocol PROTOCOL --operation OPERATION --retry-limit ${EXPLORED_LIMIT} --property safety.`,
  };
}

function verdictCell(
  explored: StudyData["explored"],
  protocol: StudyProtocol,
  operation: OperationId,
): Cell {
  const asked = { protocol, operations: [operation] };
  const [first, ...more] = violations(explored, asked);
  if (first !== undefined) {
    const text = `${first.property}, ${first.steps}`;
    const rest = more.length === 0 ? {} : { rest: ` +${more.length}` };
    return { text, ...rest, tone: "bad", evidence: first.evidence };
  }
  const isKnown = JUDGED.every((rule) => verdictOn(explored, rule, asked) !== "unknown");
  return isKnown ? { text: "holds", tone: "good" } : { text: "unknown" };
}

/** `served` is no rule that a step breaks; how fair a schedule must be, the reader decides. */
function servedTable({ explored }: StudyData): Exhibit {
  return {
    kind: "table",
    title: "served: whether every page request is answered in the end",
    columns: [{ head: "protocol" }, ...STUDIED.map((head) => ({ head }))],
    rows: PROTOCOLS.map(({ id }) => [
      id,
      ...STUDIED.map((operation) => servedCell(explored, id, operation)),
    ]),
    source: `As above, but with a device that never gives up. It is judged apart because it is about runs that never end. weak: a request waits for ever in a schedule that is weakly fair only, which keeps passing over a step that is possible again and again; strong: also in one that does not. Steps lead into the loop and once around it; a shorter way may exist. Repeat it with --property served.`,
  };
}

function servedCell(
  explored: StudyData["explored"],
  protocol: StudyProtocol,
  operation: OperationId,
): Cell {
  const asked = { protocol, operations: [operation] };
  const [found] = violations(explored, { ...asked, properties: ["served"] });
  if (found !== undefined) {
    const tone = found.fairness === "strong" ? "bad" : "plain";
    return { text: `${found.fairness}, ${found.steps}`, tone, evidence: found.evidence };
  }
  const verdict = verdictOn(explored, "served", asked);
  return verdict === "holds" ? { text: "holds", tone: "good" } : { text: verdict };
}

function timelines(data: StudyData): Exhibit[] {
  return edgeExamples(data.explored).flatMap(({ protocol, operation, property, evidence }) => {
    const example = data.examples.get(evidence.token);
    if (example === undefined) return [];
    return [
      {
        kind: "timeline" as const,
        title: `The shortest way to a ${property} with ${protocol}: ${operation}`,
        example,
        source: "No interleaving of the operations studied reaches it in fewer steps.",
      },
    ];
  });
}

/** Question 5: page-table pages that are freed under a walker. */
import type { OperationId } from "../../explore/index.js";
import { say, type Answer, type Cell, type Exhibit, type Piece } from "../answer.js";
import type { StudyData } from "../data.js";
import { brokenIn, headOf, number, ofProtocol } from "../evidence.js";
import { walkExample } from "../examples.js";
import { grouped, listed } from "../numbers.js";
import { EXPLORED_LIMIT, PROTOCOLS, type StudyProtocol } from "../plan.js";
import { shortest, verdictOn, type Found } from "../verdicts.js";

/** The operations that free page-table pages. */
const FREEING: readonly OperationId[] = ["munmap", "munmap_late", "collapse"];

export function answerTables(data: StudyData): Answer {
  const { found, safe, mirrored } = sorted(data);
  return {
    number: 5,
    question: "Why does it matter that page-table pages are freed, and when does a walker see it?",
    short: `A walk through a freed table: reached under ${listed(found) || "no protocol"}; excluded under ${listed(safe) || "none"}; no walk of the mm's table under ${listed(mirrored) || "none"}.`,
    paragraph: paragraph(data),
    exhibits: [verdictTable(data), ...timeline(data)],
  };
}

function walk(
  data: StudyData,
  protocol: StudyProtocol,
  operations: readonly OperationId[],
): Found | null {
  return shortest(data.explored, { protocol, operations, properties: ["stale-walk"] });
}

function sorted(data: StudyData): Record<"found" | "safe" | "mirrored", StudyProtocol[]> {
  const ids = PROTOCOLS.map(({ id }) => id);
  const verdict = (protocol: StudyProtocol) =>
    verdictOn(data.explored, "stale-walk", { protocol, operations: FREEING });
  return {
    found: ids.filter((id) => verdict(id) === "violated"),
    safe: ids.filter((id) => verdict(id) === "holds"),
    mirrored: ids.filter((id) => verdict(id) === "not-applicable"),
  };
}

function paragraph(data: StudyData): Piece[] {
  const { safe, mirrored } = sorted(data);
  const empty = ofProtocol(data, "empty-table");
  const walks = brokenIn(empty.run, ["stale-walk"]);
  const spared =
    mirrored.length === 0
      ? ""
      : ` With ${listed(mirrored)} the device never walks the table of the mm, so the question does not arise.`;
  return say`A walker remembers in its paging-structure cache where the page-table pages lie. When munmap frees one and nobody tells the walker, its next walk reads a page that belongs to somebody else, whatever that holds, and takes it for entries. In Linux 3.17 page tables are unlinked and freed after range_end, so the callbacks of a range pair come too early for it: ${emptyText(data)}. In this run of empty-table the IOMMU read ${number(empty.run.counts.walkReads, empty)} entries, and ${number(walks, empty)} of them lay in a table that somebody else used by then. ${safe.length === 0 ? "No protocol with a shared table excludes it." : `Exploration excludes it under ${listed(safe)}.`}${flushText(data)}${spared}`;
}

function emptyText(data: StudyData): Piece[] {
  const found = walk(data, "empty-table", FREEING);
  if (found === null) return ["exploration of empty-table finds no such walk all the same"];
  const { steps, operation, evidence } = found;
  const way = { text: `${steps} steps of ${operation}`, evidence };
  return say`exploration of empty-table reaches such a walk in ${way}`;
}

/** Why the flush is the right moment, where exploration bears it out. */
function flushText(data: StudyData): string {
  const { safe } = sorted(data);
  const atTheFlush = (["invalidate-range", "secondary-flush"] as const).filter((id) =>
    safe.includes(id),
  );
  if (atTheFlush.length === 0) return "";
  return ` ${listed(atTheFlush)} ${atTheFlush.length === 1 ? "is" : "are"} called by the flush that comes between the unlinking of a table and its freeing.`;
}

function verdictTable(data: StudyData): Exhibit {
  const rows = PROTOCOLS.map(({ id }) => {
    const cited = ofProtocol(data, id);
    const walks = brokenIn(cited.run, ["stale-walk"]);
    const count: Cell = {
      text: grouped(walks),
      tone: walks === 0 ? "plain" : "bad",
    };
    return [
      headOf(id, cited),
      ...FREEING.map((operation) => verdictCell(data, id, operation)),
      grouped(cited.run.counts.walkReads),
      count,
    ];
  });
  return {
    kind: "table",
    title: "Walks through a page-table page that somebody else uses by now",
    columns: [
      { head: "protocol" },
      ...FREEING.map((head) => ({ head })),
      { head: "entries read in the run", align: "right" },
      { head: "in such a table", align: "right" },
    ],
    rows,
    source: `Left: exploration with retry limit ${EXPLORED_LIMIT}, steps of the shortest counterexample. Right: exact counts of the timed runs.`,
  };
}

function verdictCell(data: StudyData, protocol: StudyProtocol, operation: OperationId): Cell {
  const found = walk(data, protocol, [operation]);
  if (found !== null) {
    return { text: `${found.steps} steps`, tone: "bad", evidence: found.evidence };
  }
  const asked = { protocol, operations: [operation] };
  switch (verdictOn(data.explored, "stale-walk", asked)) {
    case "holds":
      return { text: "holds", tone: "good" };
    case "not-applicable":
      return { text: "walks its own table" };
    default:
      return { text: "unknown" };
  }
}

function timeline(data: StudyData): Exhibit[] {
  const found = walkExample(data.explored);
  const example = found === null ? undefined : data.examples.get(found.evidence.token);
  if (example === undefined) return [];
  return [
    {
      kind: "timeline",
      title: `When the walker sees it: empty-table and ${found!.operation}`,
      example,
      source: "The last walk starts from the table that the walk cache remembers.",
    },
  ];
}

/** A report as one HTML file that needs nothing else: no network, no script. */
import { Eta } from "eta";
import { evidenceOf } from "../study/answer.js";
import { PAGE, PARTIALS } from "./page.js";
import { References } from "./references.js";
import type { Report } from "./report.js";
import { STYLE } from "./style.js";
import { answerView, referrer, tableView } from "./view.js";

/** What stands before the first answer. */
const SUMMARY = 0;

/** The same report gives the same bytes. */
export function renderReport(report: Report): string {
  const eta = new Eta({ autoTrim: [false, "nl"] });
  for (const [name, template] of Object.entries(PARTIALS)) eta.loadTemplate(name, template);
  const references = new References();
  // In the order of reading, which is the order of the numbers.
  const summaryReferences = [
    ...new Set(evidenceOf(report.summary).map((one) => references.of(one))),
  ];
  const answers = report.answers.map((answer) => answerView(answer, references));
  return eta.renderString(PAGE, {
    ...report,
    style: STYLE,
    answers,
    summary: tableView(report.summary, referrer(SUMMARY, references)),
    summaryReferences,
  });
}

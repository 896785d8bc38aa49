/** A report as one HTML file that needs nothing else: no network, no script. */
import { Eta } from "eta";
import { PAGE, PARTIALS } from "./page.js";
import { References } from "./references.js";
import type { Report } from "./report.js";
import { STYLE } from "./style.js";
import { answerView, referrer, tableView } from "./view.js";

/** The same report gives the same bytes. */
export function renderReport(report: Report): string {
  const eta = new Eta({ autoTrim: [false, "nl"] });
  for (const [name, template] of Object.entries(PARTIALS)) eta.loadTemplate(name, template);
  const references = new References();
  // In the order of reading, which is the order of the numbers.
  const summary = tableView(report.summary, referrer(references));
  const answers = report.answers.map((answer) => answerView(answer, references));
  return eta.renderString(PAGE, {
    ...report,
    style: STYLE,
    answers,
    summary,
    references: references.list(),
  });
}

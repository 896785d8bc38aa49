/** The questions of the 2014 thread, answered on a recorded program with each protocol. */
export { answers } from "./answers/index.js";
export { agreement, type Agreement, type Finding } from "./agreement.js";
export type { Answer, Exhibit } from "./answer.js";
export type { StudyData } from "./data.js";
export { allRuns, digestOf, studyResult, type StudyResult } from "./result.js";
export { runStudy, type StudyOptions } from "./study.js";
export { summary, type SummaryRow } from "./summary.js";

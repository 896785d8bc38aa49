/** What a report is made of: a study, seen by a reader. */
import type { Answer, TableExhibit } from "../study/answer.js";

/** A value that a run rests on, and how far it can be trusted. */
export interface ReportParameter {
  readonly path: string;
  readonly value: string;
  readonly source: string;
  readonly grade: string;
}

/** One run or exploration, so that a reader can compare it with one of his own. */
export interface ReportDigest {
  readonly label: string;
  readonly digest: string;
  readonly token: string;
}

export interface Report {
  readonly title: string;
  /** What was run, in sentences. */
  readonly introduction: readonly string[];
  readonly summary: TableExhibit;
  readonly answers: readonly Answer[];
  /** The scenario that all runs share, as YAML. */
  readonly scenario: string;
  readonly digests: readonly ReportDigest[];
  readonly versions: readonly (readonly [what: string, version: string])[];
  readonly exact: readonly string[];
  readonly modelled: readonly string[];
  readonly parameters: readonly ReportParameter[];
  /** What the grades of the parameters mean. */
  readonly grades: readonly (readonly [grade: string, meaning: string])[];
  /** How `token` is called, such as `npx tlbstorm token`. */
  readonly tokenCommand: string;
}

/** The study as data: what `tlbstorm study --json` prints. */
import { z } from "zod";
import { fnv1a } from "../base/bytes.js";
import type { ExploreResult } from "../explore/index.js";
import type { RunResult } from "../run/result.js";
import { argumentsOf, made } from "../scenario/arguments.js";
import { agreement, runsWithDevice, type Finding } from "./agreement.js";
import { dataArgument } from "./arguments.js";
import { textOf, type Answer } from "./answer.js";
import type { StudyData } from "./data.js";

export interface StudyResult {
  readonly schema: "tlbstorm.study/1";
  readonly recording: string;
  /** Where the report was written; null: nowhere. */
  readonly report: string | null;
  readonly seed: string;
  /** A hash of the digests of all runs. */
  readonly digest: string;
  /** The program alone, then with a device under each protocol. */
  readonly runs: readonly RunResult[];
  /** Protocols of older kernels on the kernel of the others. */
  readonly commonKernelRuns: readonly RunResult[];
  /** Without a device, one for each state of the notifier list. */
  readonly notifierRuns: readonly RunResult[];
  /** empty-table with devices of limits from 1 on. */
  readonly retryLimitRuns: readonly RunResult[];
  /** Single operations under empty-table and secondary-flush. */
  readonly operationRuns: readonly { kind: string; runs: readonly RunResult[] }[];
  readonly explored: readonly ExploreResult[];
  readonly answers: readonly { number: number; question: string; answer: string }[];
  readonly disagreements: readonly Finding[];
  /** What runs show of operations that are not explored, where no verdict is against it. */
  readonly notExplored: readonly Finding[];
}

const checkArguments = argumentsOf("studyResult", {
  data: dataArgument,
  answers: z.array(made("an answer", ["number", "question", "paragraph"], "studyAnswers(data)")),
  report: z.string().nullable(),
});

export function studyResult(
  data: StudyData,
  answers: readonly Answer[],
  report: string | null,
): StudyResult {
  checkArguments({ data, answers, report });
  const notifierRuns = [...data.states.values()];
  return {
    schema: "tlbstorm.study/1",
    recording: data.recording,
    report,
    seed: data.seed,
    digest: digestOf(data),
    runs: [data.states.get("none")!, ...data.protocols.values()],
    commonKernelRuns: [...data.onCommonKernel.values()],
    notifierRuns,
    retryLimitRuns: [...data.limits.values()],
    operationRuns: data.operations.map(({ kind, emptyTable, secondaryFlush }) => ({
      kind,
      runs: [emptyTable, secondaryFlush],
    })),
    explored: data.explored,
    answers: answers.map(({ number, question, paragraph }) => ({
      number,
      question,
      answer: textOf(paragraph),
    })),
    ...agreement(data),
  };
}

/** Every timed run of a study. */
export function allRuns({ states, ...rest }: StudyData): RunResult[] {
  return [...states.values(), ...runsWithDevice(rest)];
}

export function digestOf(data: StudyData): string {
  const text = allRuns(data)
    .map(({ digest }) => digest)
    .join(" ");
  return (fnv1a(new TextEncoder().encode(text)) >>> 0).toString(16).padStart(8, "0");
}

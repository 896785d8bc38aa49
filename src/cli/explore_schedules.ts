/** What `tlbstorm explore SCENARIO --schedules N` does: random walks of the whole machine. */
import { exploreSchedules, type ScheduleFinding, type SchedulesResult } from "../run/schedules.js";
import type { ReadScenario } from "./load_scenario.js";
import {
  formatMinimum,
  minimiseAndTrace,
  minimumAsJson,
  type ShownMinimum,
} from "./minimise_run.js";
import { formatTable } from "./output.js";
import { prepareProgram } from "./prepare_program.js";
import { withProgress } from "./progress.js";
import { openRecording } from "./recordings.js";
import type { CommandResult } from "./result.js";

export interface SchedulesRequest {
  readonly loaded: ReadScenario;
  readonly schedules: number;
}

/** Runs that one finding may be made smaller in. */
const RUNS_MAX = 200;

export async function exploreManySchedules(
  { loaded, schedules }: SchedulesRequest,
  options: { quiet?: true | undefined },
): Promise<CommandResult> {
  const { resolved, recordingPath } = loaded;
  const open = (name: string) => openRecording(recordingPath ?? name);
  const program = await prepareProgram(resolved, open, options);
  const result = await withProgress("schedules", schedules, options, (progress) =>
    exploreSchedules(resolved, program, {
      schedules,
      onProgress: (done) => progress.update(done),
    }),
  );
  const minima = new Map<ScheduleFinding, ShownMinimum>();
  for (const finding of result.findings) {
    const { scenario, rule } = finding;
    const limits = { ...options, runsMax: RUNS_MAX };
    const minimum = await minimiseAndTrace(scenario, program, rule, limits);
    if (minimum !== null) minima.set(finding, minimum);
  }
  return {
    json: {
      schema: "tlbstorm.explore-schedules/1",
      scenario: resolved.name,
      protocol: resolved.protocol.id,
      complete: false,
      schedules: result.schedules,
      steps: result.steps,
      findings: result.findings.map((finding) => asJson(finding, minima.get(finding))),
    },
    text: [formatFindings(resolved.name, result), ...[...minima].map(formatOne)].join("\n\n"),
    found: result.findings.length > 0,
  };
}

function asJson({ rule, schedule, violation }: ScheduleFinding, minimum?: ShownMinimum) {
  const minimised = minimum === undefined ? null : minimumAsJson(minimum);
  return { ...violation, rule, schedule, minimised };
}

function formatFindings(name: string, { schedules, steps, findings }: SchedulesResult): string {
  const rows = findings.map(({ rule, schedule, violation }) => [
    rule,
    String(schedule),
    `${violation.atNs} ns`,
    violation.operation ?? "",
  ]);
  const right = (head: string) => ({ head, align: "right" as const });
  const heads = [{ head: "violated" }, right("schedule"), right("at"), { head: "led to by" }];
  const events = steps.toLocaleString("en");
  return [
    `${name}: ${schedules} schedules, ${events} events, INCOMPLETE: only random walks were taken`,
    findings.length === 0 ? "no schedule breaks a rule" : formatTable(heads, rows),
    ...findings.map(({ rule, violation }) => `${rule}: ${violation.token}`),
  ].join("\n");
}

function formatOne([{ rule }, minimum]: [ScheduleFinding, ShownMinimum]): string {
  return `${rule}, ${formatMinimum(minimum)}`;
}

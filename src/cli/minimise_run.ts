/** A run that breaks a rule, made smaller and shown. */
import type { PropertyId } from "../explore/properties.js";
import { minimiseRun, type MinimisedRun, type RunSize } from "../run/minimise.js";
import type { Program } from "../run/program.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import { formatRunTimeline, traceViolation, type RunTimeline } from "../trace/run_timeline.js";
import { formatTable } from "./output.js";
import { withProgress } from "./progress.js";

/** The smaller run, and how its violation came about. */
export interface ShownMinimum {
  readonly minimum: MinimisedRun;
  readonly timeline: RunTimeline;
}

/** null: the run does not break the rule. */
export async function minimiseAndTrace(
  scenario: ResolvedScenario,
  program: Program,
  rule: PropertyId,
  options: { quiet?: boolean | undefined; runsMax?: number },
): Promise<ShownMinimum | null> {
  const { runsMax } = options;
  return withProgress(`making the run smaller, ${rule}`, null, options, async (progress) => {
    const minimum = await minimiseRun(scenario, program, rule, {
      ...(runsMax === undefined ? {} : { runsMax }),
      onProgress: (runs) => progress.update(runs),
    });
    if (minimum === null) return null;
    const timeline = await traceViolation(minimum.scenario, minimum.program, minimum.violation);
    return { minimum, timeline };
  });
}

/** The smaller run as JSON. */
export function minimumAsJson({ minimum, timeline }: ShownMinimum) {
  const { violation, size, runs, isMinimal, scenario } = minimum;
  const { workload, devices } = scenario;
  const { rule, atNs, operation, token } = violation;
  const small = { workload, devices: devices.map(({ name, lanes }) => ({ name, lanes })) };
  return { rule, atNs, operation, token, size, runs, isMinimal, ...small, timeline: timeline.rows };
}

const SIZES: Record<keyof RunSize, string> = {
  operations: "operations of the workload",
  pages: "pages of its operations",
  devices: "devices",
  lanes: "lanes",
  steps: "events of the machine until then",
};

export function formatMinimum({ minimum, timeline }: ShownMinimum): string {
  const { violation, size, runs, isMinimal } = minimum;
  const rows = Object.entries(SIZES).map(([key, text]) => [
    text,
    size[key as keyof RunSize].toLocaleString("en"),
  ]);
  const end = isMinimal ? "nothing more can be left out" : "INCOMPLETE: no more runs are allowed";
  return [
    `made smaller in ${runs} runs; ${end}`,
    formatTable([{ head: "what is left" }, { head: "", align: "right" }], rows),
    formatRunTimeline(timeline),
    `token: ${violation.token}`,
  ].join("\n\n");
}

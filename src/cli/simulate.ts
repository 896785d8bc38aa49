/** What `tlbstorm run` does: one timed run, printed, and written as files where that is asked. */
import type { Program } from "../run/program.js";
import type { RunResult } from "../run/result.js";
import { runScenario } from "../run/run.js";
import { formatStats } from "../run/stats.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import { RunTrace } from "../trace/run_trace.js";
import type { RunOptions } from "./commands/run.js";
import { checkOutputDirectory, writeOutput, writeOutputs } from "./files.js";
import type { ReadScenario } from "./load_scenario.js";
import { toJson } from "./output.js";
import { prepareProgram } from "./prepare_program.js";
import { withProgress } from "./progress.js";
import { openRecording } from "./recordings.js";
import type { CommandResult } from "./result.js";
import { formatRun } from "./run_report.js";

export async function simulate(loaded: ReadScenario, options: RunOptions): Promise<CommandResult> {
  const { resolved, settings, warnings, recordingPath } = loaded;
  if (options.out !== undefined) await checkOutputDirectory(options.out);
  const open = (name: string) => openRecording(recordingPath ?? name);
  const program = await prepareProgram(resolved, open, options);
  const trace = options.trace === undefined ? null : traceOf(resolved);
  const result = await runWithProgress(resolved, program, options, trace);
  if (options.trace !== undefined) await writeOutput(options.trace, trace!.finish());
  if (options.out !== undefined) {
    await writeOutputs(options.out, [
      ["result.json", `${toJson(result)}\n`],
      [
        "config.json",
        `${toJson({ schema: CONFIG_SCHEMA, scenario: resolved, settings, warnings })}\n`,
      ],
      ["stats.txt", formatStats(result)],
    ]);
  }
  return { json: result, text: formatRun(result, program.name), found: isFound(result) };
}

function traceOf({ devices }: ResolvedScenario): RunTrace {
  return new RunTrace(devices.map(({ name }) => name));
}

/** As `tlbstorm describe --json` prints it. */
const CONFIG_SCHEMA = "tlbstorm.describe/1";

/** A run with progress on standard error. */
export async function runWithProgress(
  scenario: ResolvedScenario,
  program: Program,
  options: { quiet?: boolean | undefined },
  trace: RunTrace | null = null,
): Promise<RunResult> {
  const label = `${scenario.protocol.id}, events of the program`;
  return withProgress(label, program.events, options, (progress) =>
    runScenario(scenario, program, {
      onProgress: (done) => progress.update(done),
      clock: () => performance.now(),
      ...(trace === null
        ? {}
        : {
            onTrace: (entries) => {
              entries.forEach((entry) => {
                trace.add(entry);
              });
            },
          }),
    }),
  );
}

export function isFound({ violations, devices }: RunResult): boolean {
  return violations.length > 0 || devices.some(({ state }) => state === "failed");
}

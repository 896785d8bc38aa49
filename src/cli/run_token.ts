/** What `tlbstorm token` does with the token of a timed run: runs it again and compares. */
import { InvalidToken, otherVersion } from "../explore/token.js";
import type { PropertyId } from "../explore/properties.js";
import type { Program } from "../run/program.js";
import type { RunResult } from "../run/result.js";
import { checksum, readRunToken, type RunTokenContent } from "../run/token.js";
import { formatRunTimeline, traceViolation } from "../trace/run_timeline.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import type { TokenOptions } from "./commands/token.js";
import { formatMinimum, minimiseAndTrace, minimumAsJson } from "./minimise_run.js";
import { prepareProgram } from "./prepare_program.js";
import { openRecording } from "./recordings.js";
import type { CommandResult } from "./result.js";
import { formatHead, formatRun } from "./run_report.js";
import { isFound, runWithProgress } from "./simulate.js";

export async function repeatRun(
  token: string,
  options: Pick<TokenOptions, "quiet" | "minimise">,
): Promise<CommandResult> {
  const content = readRunToken(token);
  const program = await programOf(content, options);
  const result = await runWithProgress(content.scenario, program, options);
  if (result.digest !== content.digest) throw otherVersion("the run goes another way here");
  const { violation } = content;
  if (violation === null) return wholeRun(result, program);
  const found = result.violations.find(({ rule }) => rule === violation.rule);
  if (found?.atNs !== violation.atNs) {
    throw otherVersion(`the run shows no ${violation.rule} at ${violation.atNs} ns here`);
  }
  if (options.minimise) return smaller(content.scenario, program, found.rule, options);
  const timeline = await traceViolation(content.scenario, program, found);
  return {
    json: { ...result, property: violation.rule, reproduced: true, timeline: timeline.rows },
    text: [formatHead(result, program.name), formatRunTimeline(timeline)].join("\n\n"),
    found: true,
  };
}

/** The smallest run found that breaks the same rule. */
async function smaller(
  scenario: ResolvedScenario,
  program: Program,
  rule: PropertyId,
  options: Pick<TokenOptions, "quiet">,
): Promise<CommandResult> {
  const minimum = await minimiseAndTrace(scenario, program, rule, options);
  if (minimum === null) throw otherVersion(`the run shows no ${rule} here`);
  return {
    json: { schema: "tlbstorm.minimised/1", ...minimumAsJson(minimum) },
    text: `${rule}, ${formatMinimum(minimum)}`,
    found: true,
  };
}

function wholeRun(result: RunResult, program: Program): CommandResult {
  return {
    json: { ...result, property: null, reproduced: true, timeline: [] },
    text: `${formatRun(result, program.name)}\n\nThe run went exactly as the token says.`,
    found: isFound(result),
  };
}

/** The very program that the token was made with. */
async function programOf(
  { scenario, program, records }: RunTokenContent,
  options: Pick<TokenOptions, "quiet">,
): Promise<Program> {
  const found = await prepareProgram(scenario, () => openRecording(program), options);
  if (checksum(found.records) === records) return found;
  throw new InvalidToken(
    `${program} is not the program that the token was made with`,
    "put the recording back, or run the scenario again and use the token that it prints",
  );
}

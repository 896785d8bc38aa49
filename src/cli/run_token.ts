/** What `tlbstorm token` does with the token of a timed run: runs it again and compares. */
import { PROPERTIES } from "../explore/properties.js";
import { InvalidToken, otherVersion } from "../explore/token.js";
import { programOfScenario, type Program } from "../run/program.js";
import { checksum, readRunToken, type RunTokenContent } from "../run/token.js";
import { openRecording } from "./recordings.js";
import type { CommandResult } from "./result.js";
import { formatRun } from "./run_report.js";
import { isFound, runWithProgress } from "./simulate.js";

export async function repeatRun(
  token: string,
  options: { quiet?: boolean | undefined },
): Promise<CommandResult> {
  const content = readRunToken(token);
  const program = await programOf(content);
  const result = await runWithProgress(content.scenario, program, options);
  if (result.digest !== content.digest) throw otherVersion("the run goes another way here");
  const { violation } = content;
  const found = result.violations.find(({ rule }) => rule === violation?.rule);
  if (violation !== null && found?.atNs !== violation.atNs) {
    throw otherVersion(`the run shows no ${violation.rule} at ${violation.atNs} ns here`);
  }
  return {
    json: { ...result, property: violation?.rule ?? null, reproduced: violation !== null },
    text: [formatRun(result, program.name), ...formatClaim(content)].join("\n\n"),
    found: isFound(result),
  };
}

/** The very program that the token was made with. */
async function programOf({ scenario, program, records }: RunTokenContent): Promise<Program> {
  const found = await programOfScenario(scenario, () => openRecording(program));
  if (checksum(found.records) === records) return found;
  throw new InvalidToken(
    `${program} is not the program that the token was made with`,
    "put the recording back, or run the scenario again and use the token that it prints",
  );
}

function formatClaim({ violation }: RunTokenContent): string[] {
  if (violation === null) return ["The run went exactly as the token says."];
  const { rule, atNs } = violation;
  return [`rule:  ${PROPERTIES[rule].rule}   ${rule}, violated at ${atNs} ns`];
}

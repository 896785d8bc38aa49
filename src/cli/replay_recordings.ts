/** What `tlbstorm replay` does: feeds recordings to the mm and says what it predicted wrongly. */
import { createReadStream } from "node:fs";
import { checkRecording, type Mismatch, type RecordingCheck } from "../replay/check.js";
import { isReproducible } from "../replay/manifest.js";
import { readRecording } from "../workload/recording.js";
import type { ReplayOptions } from "./commands/replay.js";
import { UserError } from "./errors.js";
import { formatTable } from "./output.js";
import { startProgress } from "./progress.js";
import type { CommandResult } from "./result.js";

/** Differences that are printed for one recording; --json has them all. */
const SHOWN = 10;

export async function replayRecordings(
  paths: string[],
  options: ReplayOptions,
): Promise<CommandResult> {
  if (options.scenario !== null) {
    throw new UserError(
      "--scenario",
      "a recording is the workload of a run",
      "name the recording in the scenario's workload and give the scenario to tlbstorm run",
    );
  }
  const progress = startProgress("replaying", paths.length, options);
  const checks: RecordingCheck[] = [];
  for (const path of paths) {
    await progress.update(checks.length);
    const reader = await readRecording(createReadStream(path), { file: path });
    checks.push(await checkRecording(reader, { isOrdered: isReproducible(path) }));
    if (options.quiet !== true) warn(path, reader.warnings);
  }
  progress.end();
  return {
    json: { schema: "tlbstorm.replay/1", recordings: checks },
    text: formatChecks(checks),
    found: options.check && checks.some(isMismatched),
  };
}

function warn(path: string, warnings: readonly string[]): void {
  for (const warning of warnings) process.stderr.write(`${path}: warning: ${warning}\n`);
}

/** Anything that was not predicted, or that no rule covers. */
function isMismatched({ notifier, flush, unsupported, snapshots }: RecordingCheck): boolean {
  const wrong = notifier.missing + notifier.extra + flush.missing + flush.extra;
  return wrong > 0 || unsupported.length > 0 || snapshots.equal < snapshots.compared;
}

function formatChecks(checks: readonly RecordingCheck[]): string {
  const rows = checks.map((check) => [
    check.name,
    check.events,
    `${check.notifier.matched}/${check.notifier.expected}`,
    check.notifier.extra,
    `${check.flush.matched}/${check.flush.expected}`,
    check.flush.extra,
    `${check.snapshots.equal}/${check.snapshots.compared}`,
  ]);
  const table = formatTable(
    [
      { head: "recording" },
      { head: "events", align: "right" },
      { head: "notifier calls", align: "right" },
      { head: "extra", align: "right" },
      { head: "flushes", align: "right" },
      { head: "extra", align: "right" },
      { head: "snapshots", align: "right" },
    ],
    rows,
  );
  return [table, ...checks.flatMap(formatDetails)].join("\n\n");
}

function formatDetails(check: RecordingCheck): string[] {
  const lines = check.mismatches.slice(0, SHOWN).map(formatMismatch);
  const more = check.mismatches.length - lines.length;
  if (more > 0) lines.push(`  and ${more} more`);
  const { firstDifference } = check.snapshots;
  if (firstDifference !== null) {
    lines.push(
      `  line ${firstDifference.line}: the snapshot differs at ${firstDifference.address}`,
    );
  }
  for (const { what, count } of check.unsupported) lines.push(`  not supported: ${what}, ${count}`);
  for (const { what, count } of check.inputs) {
    lines.push(`  taken from the recording: ${what}, ${count}`);
  }
  return lines.length === 0 ? [] : [`${check.name}\n${lines.join("\n")}`];
}

function formatMismatch({ line, what, expected, predicted, during }: Mismatch): string {
  return `  line ${line}: ${what} during ${during}: recorded ${expected ?? "nothing"}, predicted ${predicted ?? "nothing"}`;
}

/** What `tlbstorm replay` does: feeds recordings to the mm and says what it predicted wrongly. */
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { basename } from "node:path";
import { checkRecording, type Mismatch, type RecordingCheck } from "../replay/check.js";
import { isReproducible } from "../replay/manifest.js";
import type { ResolvedScenario } from "../scenario/resolved.js";
import { readRecording } from "../workload/recording.js";
import type { ReplayOptions } from "./commands/replay.js";
import { UserError } from "./errors.js";
import type { ReadScenario } from "./load_scenario.js";
import { formatTable } from "./output.js";
import { withProgress } from "./progress.js";
import { recordingName } from "./recordings.js";
import type { CommandResult } from "./result.js";
import { simulate } from "./simulate.js";

const KIB = 1024;
/** Differences that are printed for one recording; --json has them all. */
const SHOWN = 10;

export async function replayRecordings(
  paths: string[],
  options: ReplayOptions,
): Promise<CommandResult> {
  if (options.scenario !== null) return runBeside(options.scenario, paths, options);
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  const total = sizes.reduce((sum, size) => sum + size, 0);
  const checks: RecordingCheck[] = [];
  let before = 0;
  await withProgress("replaying", Math.ceil(total / KIB), options, async (progress) => {
    for (const [at, path] of paths.entries()) {
      const file = createReadStream(path);
      const reader = await readRecording(file, { file: path });
      const check = await checkRecording(reader, {
        isOrdered: isReproducible(path),
        onProgress: () =>
          progress.update(Math.floor((before + file.bytesRead) / KIB), `KiB, ${basename(path)}`),
      });
      checks.push(check);
      before += sizes[at]!;
      if (options.quiet !== true) warn(path, reader.warnings);
    }
  });
  return {
    json: { schema: "tlbstorm.replay/1", recordings: checks },
    text: formatChecks(checks),
    found: options.check && checks.some(isMismatched),
  };
}

/** The devices and the protocol of a scenario beside a recording, in the place of its workload. */
async function runBeside(
  scenario: ReadScenario,
  paths: readonly string[],
  { check, quiet }: ReplayOptions,
): Promise<CommandResult> {
  const [path, ...others] = paths;
  if (check) {
    throw new UserError(
      "--scenario",
      "a recording is compared without devices",
      "leave out --check, or --scenario",
    );
  }
  if (path === undefined || others.length > 0) {
    throw new UserError(
      "--scenario",
      `devices are attached to one recording, not to ${paths.length}`,
      "name one; for many, vary workload.recording in a sweep",
    );
  }
  const { workload } = scenario.resolved;
  const speed = workload.kind === "recording" ? workload.speed : 1;
  const resolved: ResolvedScenario = {
    ...scenario.resolved,
    workload: { kind: "recording", recording: recordingName(path), speed },
  };
  return simulate({ ...scenario, resolved, recordingPath: path }, { quiet });
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

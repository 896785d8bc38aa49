/** What `tlbstorm sweep` does: the runs of one shard on all cores, and their results. */
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { Piscina } from "piscina";
import type { RunResult } from "../run/result.js";
import { formatScenarioError } from "../scenario/errors.js";
import type { PlannedRun } from "../sweep/plan.js";
import { isBroken, rowOf, type Row } from "../sweep/row.js";
import { runsOfShard } from "../sweep/shard.js";
import { tableOf } from "../sweep/table.js";
import type { SweepTask } from "../sweep/worker.js";
import type { SweepOptions } from "./commands/sweep.js";
import { checkOutputDirectory, writeOutputs } from "./files.js";
import { loadSweep, type LoadedSweep } from "./load_sweep.js";
import { paintError } from "./output.js";
import { withProgress, type Progress } from "./progress.js";
import type { CommandResult } from "./result.js";
import { SweepStore } from "./sweep_store.js";
import { formatSweep } from "./sweep_report.js";

export async function sweep(path: string, options: SweepOptions): Promise<CommandResult> {
  const loaded = await loadSweep(path, options);
  const { plan } = loaded;
  const { shard, out, format } = options;
  if (options.quiet !== true) {
    for (const warning of plan.warnings) {
      process.stderr.write(`${paintError.yellow("warning:")} ${formatScenarioError(warning)}\n`);
    }
  }
  await checkOutputDirectory(out);
  const store = new SweepStore(out, plan);
  await store.check();
  const { rows, resumed } = await completeShard(loaded, store, options);
  let results: string | null = null;
  if (shard.count === 1) {
    const name = `results.${format}`;
    await writeOutputs(out, [[name, tableOf(rows, format, { name: plan.name, plan: plan.hash })]]);
    results = join(out, name);
  }
  return {
    json: {
      schema: "tlbstorm.sweep/1",
      sweep: plan.name,
      plan: plan.hash,
      shard: shard.index,
      shards: shard.count,
      runs: rows.length,
      resumed,
      results,
    },
    text: formatSweep({ plan, shard, rows, resumed, results, out }),
    found: rows.some(isBroken),
  };
}

interface Completed {
  rows: readonly Row[];
  /** Runs that were finished before. */
  resumed: number;
}

async function completeShard(
  loaded: LoadedSweep,
  store: SweepStore,
  options: SweepOptions,
): Promise<Completed> {
  const finished = await store.finished(options.shard);
  if (finished !== null) return { rows: finished, resumed: finished.length };
  const runs = runsOfShard(loaded.plan, options.shard);
  const rows = await Promise.all(runs.map(async (run) => store.row(run)));
  const open = runs.filter((_, place) => rows[place] === null);
  const made = await runAll(open, loaded, store, options);
  const complete = runs.map((run, place) => rows[place] ?? made.get(run.run)!);
  await store.finish(options.shard, complete);
  return { rows: complete, resumed: runs.length - open.length };
}

/** Runs on worker threads; each result is kept as soon as it is there. */
async function runAll(
  runs: readonly PlannedRun[],
  { recordingOf }: LoadedSweep,
  store: SweepStore,
  { jobs, quiet }: SweepOptions,
): Promise<Map<number, Row>> {
  const made = new Map<number, Row>();
  if (runs.length === 0) return made;
  const threads = Math.min(jobs ?? availableParallelism(), runs.length);
  const pool = new Piscina<SweepTask, RunResult>({
    filename: new URL("../sweep/worker.js", import.meta.url).href,
    minThreads: threads,
    maxThreads: threads,
  });
  const waiting = [...runs];
  const work = async (progress: Pick<Progress, "update">): Promise<void> => {
    for (let run = waiting.shift(); run !== undefined; run = waiting.shift()) {
      const { scenario } = run;
      const result = await pool.run({ scenario, recordingPath: recordingOf(scenario) });
      const row = rowOf(run, result);
      await store.keep(run, row);
      made.set(run.run, row);
      await progress.update(made.size);
    }
  };
  try {
    await withProgress("sweep, runs", runs.length, { quiet }, (progress) =>
      Promise.all(Array.from({ length: threads }, () => work(progress))),
    );
  } finally {
    await pool.destroy();
  }
  return made;
}

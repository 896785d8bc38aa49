/**
 * Records a program with perf as a recording of this project's format. Node on Linux only.
 *
 * Models:     all that perf can see: calls, faults, CPU TLB flushes, tasks, migration, huge pages,
 *             KSM, and the vmas after each exec.
 * Simplifies: a notifier is seen only in a program that has a KVM virtual machine; page tables,
 *             frames and accesses that do not fault are not seen. Calls are told apart by their
 *             x86-64 numbers, so the program must not be a 32-bit one.
 *
 * The output appears whole or not at all: it is written beside its place under another name and
 * moved there at the end; what perf wrote is removed in any case.
 */
import { type ChildProcess, spawn } from "node:child_process";
import { createWriteStream } from "node:fs";
import { mkdtemp, rename, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { Readable } from "node:stream";
import type { ReadableStream as NodeReadableStream } from "node:stream/web";
import { pipeline } from "node:stream/promises";
import type { RecordedEvent } from "./events.js";
import type { LossReport } from "./loss_report.js";
import { machineSettings } from "./machine_settings.js";
import { importPerfScript } from "./perf_script.js";
import { eventArguments, missingRights, type PerfTool } from "./perf_tool.js";
import { RecordingError } from "./recording_error.js";
import { writeRecording } from "./write_recording.js";

export interface RecordOptions {
  /** Where the recording goes, such as `program.jsonl.gz`. */
  output: string;
  /** Ends the program and the recording; nothing is left. */
  signal?: AbortSignal;
  /** A file that the program's standard output goes to, by its number; left out: to ours. */
  programOutput?: number;
  /** The perf program, and where the kernel's file systems are. */
  tool?: Partial<PerfTool>;
}

export interface RecordOutcome {
  output: string;
  events: number;
  /** Records that perf lost: with any, the recording cannot be checked. */
  lost: number;
  /** Exit status of the program. */
  exitStatus: number;
  /** Lines of perf that were not understood. */
  report: LossReport;
}

/** Pages of each CPU's buffer: 16 MiB, so that bursts of faults are not lost. */
const BUFFER_PAGES = 4096;
const STDERR_KEPT = 2000;
const SIGNALLED = 128;
const DAEMON_PATIENCE_MS = 1000;
/** What perf says when it cannot execute the program (tools/perf/builtin-record.c). */
const NOT_STARTED = "Workload failed";

/** Runs a program and records it. What is missing for that is one `RecordingError`. */
export async function recordProgram(
  argv: readonly string[],
  { output, signal, tool = {}, programOutput }: RecordOptions,
): Promise<RecordOutcome> {
  const perf: PerfTool = { perf: "perf", root: "/", ...tool };
  if (argv.length === 0) throw new RecordingError(output, null, "no program is given", "Name one");
  const missing = await missingRights(perf);
  if (missing.length > 0) {
    throw new RecordingError(
      output,
      null,
      `recording is not possible here: ${missing.map(({ problem }) => problem).join("; ")}`,
      missing.map(({ hint }) => hint).join(". "),
    );
  }
  const directory = await mkdtemp(join(tmpdir(), "tlbstorm-record-"));
  const unfinished = `${output}.unfinished-${process.pid}`;
  try {
    const data = join(directory, "perf.data");
    const exitStatus = await runPerfRecord(perf, argv, { data, output, signal, programOutput });
    const outcome = await convert(perf, argv, data, { output, unfinished, exitStatus, signal });
    await rename(unfinished, output);
    return outcome;
  } finally {
    await rm(unfinished, { force: true });
    await rm(directory, { recursive: true, force: true });
  }
}

interface PerfRecording {
  data: string;
  output: string;
  signal: AbortSignal | undefined;
  programOutput: number | undefined;
}

/** Runs the program under perf; its exit status. */
async function runPerfRecord(
  perf: PerfTool,
  argv: readonly string[],
  { data, output, signal, programOutput }: PerfRecording,
): Promise<number> {
  const events = await eventArguments(perf);
  const options = ["--quiet", "--data", "--no-buildid", "--mmap-pages", String(BUFFER_PAGES)];
  const args = ["record", ...options, "--output", data, ...events, "--", ...argv];
  const child = spawn(perf.perf, args, {
    stdio: ["inherit", programOutput ?? "inherit", "pipe"],
    ...(signal === undefined ? {} : { signal }),
  });
  let said = "";
  child.stderr?.on("data", (chunk: Buffer) => {
    process.stderr.write(chunk);
    said = (said + chunk.toString()).slice(-STDERR_KEPT);
  });
  const status = await exitOf(child);
  const isRecorded = await stat(data).then(
    ({ size }) => size > 0,
    () => false,
  );
  if (isRecorded && !said.includes(NOT_STARTED)) return status;
  throw new RecordingError(
    output,
    null,
    `perf record failed with status ${status}: ${said.trim()}`,
    "Check that the program runs by itself, and what `perf record` says of it",
  );
}

interface Conversion {
  output: string;
  unfinished: string;
  exitStatus: number;
  signal: AbortSignal | undefined;
}

/** Turns perf's data into a recording, under its unfinished name. */
async function convert(
  perf: PerfTool,
  argv: readonly string[],
  data: string,
  { output, unfinished, exitStatus, signal }: Conversion,
): Promise<RecordOutcome> {
  const shown = ["--show-mmap-events", "--show-task-events", "--show-lost-events"];
  const settings = await machineSettings(perf.root);
  const fields = ["--ns", "--fields", "comm,pid,tid,cpu,time,event,trace"];
  const child = spawn(perf.perf, ["script", "--input", data, ...fields, ...shown], {
    stdio: ["ignore", "pipe", "ignore"],
    ...(signal === undefined ? {} : { signal }),
  });
  const status = exitOf(child);
  // Its failure is awaited below, after that of the pipeline.
  status.catch(() => undefined);
  // Reading begins at once: node discards the output of a child that has ended if nobody reads it.
  const workload = await importPerfScript(child.stdout, {
    file: output,
    startAtExec: true,
    header: {
      ...settings,
      name: basename(output).replace(/\.jsonl(\.gz)?$/, ""),
      program: argv.join(" "),
      note: "recorded with perf: no notifier unless the program has a KVM machine",
    },
  });
  const counter = { events: 0 };
  const bytes = writeRecording(workload.header, counted(workload.events, counter), () => ({
    lost: workload.lost(),
    exit_status: exitStatus,
  }));
  await pipeline(Readable.fromWeb(bytes as NodeReadableStream), createWriteStream(unfinished));
  const scriptStatus = await status;
  if (scriptStatus !== 0) {
    const problem = `perf script failed with status ${scriptStatus}`;
    throw new RecordingError(output, null, problem, "Is there space left for temporary files?");
  }
  const { events } = counter;
  return { output, events, lost: workload.lost(), exitStatus, report: workload.report };
}

async function* counted(
  events: AsyncIterable<RecordedEvent>,
  counter: { events: number },
): AsyncGenerator<RecordedEvent> {
  for await (const event of events) {
    counter.events++;
    yield event;
  }
}

/**
 * The exit status of a process; 128 when a signal ended it. A daemon that the program left behind
 * may hold its standard error open; that is waited for only a moment.
 */
function exitOf(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    let patience: NodeJS.Timeout | undefined;
    child.once("error", reject);
    child.once("exit", (code) => {
      patience = setTimeout(() => {
        child.stderr?.destroy();
        resolve(code ?? SIGNALLED);
      }, DAEMON_PATIENCE_MS);
    });
    child.once("close", (code) => {
      clearTimeout(patience);
      resolve(code ?? SIGNALLED);
    });
  });
}

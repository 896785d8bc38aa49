/**
 * Imports the text of `perf script` for the tracepoints that recordings are made of.
 *
 * Models:     page faults, CPU TLB flushes, system calls (syscalls:* or raw_syscalls:*), tasks,
 *             migration, huge pages, KSM, and, where the program has a KVM virtual machine, its
 *             notifier (kvm:kvm_unmap_hva_range). With `perf record --data` and `perf script
 *             --show-mmap-events --show-task-events` each exec is followed by a snapshot of the
 *             vmas it made.
 * Simplifies: without task:task_newtask the flags of a clone3 are not known; it counts as a thread.
 *
 * Best made with `perf script --ns -F comm,pid,tid,cpu,time,event,trace --show-mmap-events
 * --show-task-events --show-lost-events`. The default format, which has microseconds and no process
 * ids, is understood too.
 */
import { z } from "zod";
import { argumentsOf } from "../scenario/arguments.js";
import { bytesArgument, fileArgument } from "./arguments.js";
import type { ByteSource } from "./byte_source.js";
import type { RecordedEvent, RecordingHeader } from "./events.js";
import { type ImportedWorkload, importedHeader, type ImportOptions } from "./imported.js";
import { PerfImporter } from "./perf_importer.js";
import { RecordingError } from "./recording_error.js";
import { type TextLine, textLines } from "./text_lines.js";

export interface PerfScriptOptions extends ImportOptions {
  /**
   * Leave out what comes before the first exec (the work of perf itself), and count time from it.
   */
  startAtExec?: boolean;
}

export interface PerfWorkload extends ImportedWorkload {
  /** How many records perf lost; complete after the last event. */
  lost: () => number;
}

const checkArguments = argumentsOf("importPerfScript", {
  source: bytesArgument,
  options: z.strictObject({
    file: fileArgument,
    header: z.looseObject({}).optional(),
    startAtExec: z.boolean().optional(),
  }),
});

/** Imports perf script text; its comment lines (`perf script --header`) fill the header. */
export async function importPerfScript(
  source: ByteSource,
  options: PerfScriptOptions,
): Promise<PerfWorkload> {
  checkArguments({ source, options });
  const lines = textLines(source);
  const { comments, first } = await readComments(lines);
  const importer = new PerfImporter(options.startAtExec ?? false);
  return {
    header: importedHeader({ ...describedMachine(comments), ...options.header }),
    events: importLines(importer, first, lines, options.file),
    report: importer.report,
    lost: () => importer.lost,
  };
}

async function* importLines(
  importer: PerfImporter,
  first: TextLine | null,
  rest: AsyncIterable<TextLine>,
  file: string,
): AsyncGenerator<RecordedEvent, void> {
  if (first !== null) yield* importer.importLine(first);
  for await (const line of rest) yield* importer.importLine(line);
  if (importer.understood > 0) return;
  throw new RecordingError(
    file,
    null,
    "no line is an event of perf",
    "Give the text that `perf script` prints",
  );
}

/** The comment lines at the start, and the first line that is none. */
async function readComments(
  lines: AsyncIterator<TextLine, void>,
): Promise<{ comments: string[]; first: TextLine | null }> {
  const comments: string[] = [];
  for (;;) {
    const next = await lines.next();
    if (next.done === true) return { comments, first: null };
    const { text } = next.value;
    if (text.trim() !== "" && !text.startsWith("#")) return { comments, first: next.value };
    comments.push(text);
  }
}

function describedMachine(comments: readonly string[]): Partial<RecordingHeader> {
  const value = (name: string): string | undefined =>
    comments.find((text) => text.startsWith(`# ${name} :`))?.slice(name.length + 5);
  const kernel = value("os release");
  const machine = value("arch");
  // CPUs are numbered up to those that are there, of which some may be off.
  const cpus = value("nrcpus avail") ?? value("nrcpus online");
  return {
    ...(kernel === undefined ? {} : { kernel }),
    ...(machine === undefined ? {} : { machine }),
    ...(cpus === undefined ? {} : { cpus: Number(cpus) }),
  };
}

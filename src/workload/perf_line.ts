/**
 * One line of `perf script` text: `COMM PID[/TID] [CPU] TIME: SYSTEM:EVENT: FIELDS`.
 *
 * COMM may contain anything, spaces and brackets included, so the line is read from the first place
 * where all that follows it fits.
 */
import { parseSeconds } from "./imported.js";

export interface PerfLine {
  comm: string;
  /** null when the text gives thread ids only. */
  processId: number | null;
  threadId: number;
  cpu: number;
  seconds: number;
  ns: number;
  /** Such as `tlb:tlb_flush`, or `PERF_RECORD_MMAP2`. */
  event: string;
  fields: string;
}

const CONTEXT =
  /^\s*(?<comm>\S.*?)\s+(?:(?<pid>-?\d+)\/\s*)?(?<tid>-?\d+)\s+\[(?<cpu>\d+)\]\s+(?<time>\d+\.\d+):\s+(?<rest>\S.*)$/;
const TRACEPOINT = /^(?:\d+\s+)?(?<event>[\w-]+:[\w-]+)(?::[a-zA-Z]+)?:(?:\s+(?<fields>.*))?$/;
const SIDEBAND = /^(?<event>PERF_RECORD_\w+)(?<fields>.*)$/;

/** The parts of a line, or null when it does not have this shape. */
export function parsePerfLine(text: string): PerfLine | null {
  const context = CONTEXT.exec(text)?.groups;
  if (context === undefined) return null;
  const { comm = "", pid, tid, cpu, time = "", rest = "" } = context;
  const event = (TRACEPOINT.exec(rest) ?? SIDEBAND.exec(rest))?.groups;
  if (event === undefined) return null;
  return {
    comm,
    processId: pid === undefined ? null : Number(pid),
    threadId: Number(tid),
    cpu: Number(cpu),
    ...parseSeconds(time),
    event: event["event"] ?? "",
    fields: event["fields"] ?? "",
  };
}

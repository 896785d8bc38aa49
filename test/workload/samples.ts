/** Output of perf and strace for small programs on linux 6.18 (addresses not randomised). */
import { readFileSync } from "node:fs";
import type { RecordedEvent } from "../../src/workload/events.js";
import type { ImportedWorkload } from "../../src/workload/imported.js";
import type { LossReport } from "../../src/workload/loss_report.js";
import { importPerfScript, type PerfScriptOptions } from "../../src/workload/perf_script.js";
import { importStrace } from "../../src/workload/strace.js";

export interface Imported {
  events: RecordedEvent[];
  report: LossReport;
}

export function sampleBytes(name: string): Uint8Array<ArrayBuffer> {
  return new Uint8Array(readFileSync(new URL(`samples/${name}`, import.meta.url)));
}

export function textBytes(...lines: readonly string[]): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(lines.join("\n"));
}

export async function collect({ events, report }: ImportedWorkload): Promise<Imported> {
  const collected: RecordedEvent[] = [];
  for await (const event of events) collected.push(event);
  return { events: collected, report };
}

export async function fromPerf(
  bytes: Uint8Array,
  options: Partial<PerfScriptOptions> = {},
): Promise<Imported> {
  return collect(await importPerfScript(bytes, { file: "perf.txt", ...options }));
}

export function fromStrace(bytes: Uint8Array): Promise<Imported> {
  return collect(importStrace(bytes, { file: "strace.txt" }));
}

/** The calls of one task with arguments and results, each as soon as it is complete. */
export function callsOf(events: readonly RecordedEvent[], tid: number): CompletedCall[] {
  const calls: CompletedCall[] = [];
  let open: Pick<CompletedCall, "call" | "a"> | null = null;
  for (const event of events) {
    if (event.tid !== tid) continue;
    if (event.ev === "enter") open = { call: event.call, a: event.a };
    if (event.ev !== "exit" || open === null) continue;
    calls.push({ ...open, ret: event.ret });
    open = null;
  }
  return calls;
}

export interface CompletedCall {
  call: string;
  a: Record<string, number>;
  ret: number;
}

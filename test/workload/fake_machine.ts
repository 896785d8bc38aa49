/**
 * A machine for tests of the recorder: the kernel's file systems and perf, in a temporary
 * directory.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

const TRACEPOINTS = [
  "exceptions/page_fault_user",
  "exceptions/page_fault_kernel",
  "sched/sched_process_exec",
  "sched/sched_process_exit",
  "raw_syscalls/sys_enter",
  "raw_syscalls/sys_exit",
  "tlb/tlb_flush",
];

export class FakeMachine {
  readonly directory = mkdtempSync(join(tmpdir(), "tlbstorm-test-"));
  readonly root = join(this.directory, "root");
  /** Where recordings go. */
  readonly output = join(this.directory, "out");
  /** For temporary files. */
  readonly temporary = join(this.directory, "tmp");
  readonly perf = join(this.directory, "perf");

  constructor() {
    for (const directory of [this.output, this.temporary]) mkdirSync(directory);
    this.file("proc/self/status", "Name:\ttest\nCapEff:\t000001ffffffffff\n");
    this.file("proc/sys/kernel/perf_event_paranoid", "2\n");
    for (const event of TRACEPOINTS) this.file(`sys/kernel/tracing/events/${event}/format`, "");
  }

  file(path: string, text: string): void {
    const place = join(this.root, path);
    mkdirSync(dirname(place), { recursive: true });
    writeFileSync(place, text);
  }

  remove(path: string): void {
    rmSync(join(this.root, path), { recursive: true });
  }

  /** Makes a perf whose `record` and `script` do what these lines of shell say. */
  installPerf({ record, script }: { record: string; script: string }): void {
    const lines = [
      "#!/bin/sh",
      'case "$1" in',
      "--version) echo perf version 6.18 ;;",
      "list) ;;",
      // The data file is the argument after --output.
      `record) while [ "$1" != --output ]; do shift; done; data="$2"; ${record} ;;`,
      `script) ${script} ;;`,
      "esac",
    ];
    writeFileSync(this.perf, `${lines.join("\n")}\n`, { mode: 0o755 });
  }

  /** Every file below, but for the root of the kernel's file systems and perf. */
  leftovers(): string[] {
    return [...readdirSync(this.output), ...readdirSync(this.temporary)];
  }

  dispose(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

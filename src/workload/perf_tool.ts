/** The perf program: what it is asked to record, and what it needs for it. Node on Linux only. */
import { execFile } from "node:child_process";
import { access, constants, readFile } from "node:fs/promises";
import { join } from "node:path";
import { CALLS } from "./calls.js";

/** Something that recording needs and that is not there, and how to get it. */
export interface MissingRight {
  problem: string;
  hint: string;
}

/** What perf must be able to record, or nothing useful comes of it. */
const NEEDED = [
  "exceptions:page_fault_user",
  "exceptions:page_fault_kernel",
  "sched:sched_process_exec",
  "sched:sched_process_exit",
  "raw_syscalls:sys_enter",
  "raw_syscalls:sys_exit",
];

/** What a kernel may lack, by its configuration. */
const WANTED = [
  "tlb:tlb_flush",
  "task:task_newtask",
  "migrate:mm_migrate_pages",
  "migrate:set_migration_pte",
  "migrate:remove_migration_pte",
  "huge_memory:mm_collapse_huge_page",
  "huge_memory:mm_collapse_huge_page_isolate",
  "huge_memory:mm_collapse_huge_page_swapin",
  "huge_memory:mm_khugepaged_scan_pmd",
  "huge_memory:mm_khugepaged_scan_file",
  "huge_memory:mm_khugepaged_collapse_file",
  "ksm:ksm_merge_one_page",
  "ksm:ksm_merge_with_ksm_page",
  "kvm:kvm_unmap_hva_range",
  "kvm:kvm_age_hva",
  "kvm:kvm_test_age_hva",
];

const TRACEFS = ["sys/kernel/tracing/events", "sys/kernel/debug/tracing/events"];
const CAP_SYS_ADMIN = 21n;
const CAP_PERFMON = 38n;

export interface PerfTool {
  /** Program name or path. */
  perf: string;
  /** Where the kernel's file systems are found. */
  root: string;
}

/** All that keeps this user on this machine from recording; empty when nothing does. */
export async function missingRights({ perf, root }: PerfTool): Promise<MissingRight[]> {
  if (process.platform !== "linux" || process.arch !== "x64") {
    const here = `${process.platform} on ${process.arch}`;
    return [{ problem: `this is ${here}`, hint: "Record on Linux on x86-64" }];
  }
  const version = await run(perf, ["--version"]);
  if (version === null) {
    const hint = "Install the package linux-perf (Debian), linux-tools (Ubuntu) or perf (Fedora)";
    return [{ problem: `the program ${perf} does not run`, hint }];
  }
  const missing = await missingPrivilege(root);
  const events = await eventsDirectory({ perf, root });
  if (events === null) {
    missing.push({
      problem: "the kernel's tracepoints (tracefs) cannot be read",
      hint: "Run as root, or mount -t tracefs nodev /sys/kernel/tracing and make it readable",
    });
    return missing;
  }
  for (const event of NEEDED) {
    if (await hasTracepoint(events, event)) continue;
    const hint = "Use a kernel with CONFIG_FTRACE_SYSCALLS and CONFIG_PERF_EVENTS";
    missing.push({ problem: `the kernel has no tracepoint ${event}`, hint });
  }
  return missing;
}

/** The arguments of `perf record` that choose the events, as far as this kernel has them. */
export async function eventArguments(tool: PerfTool): Promise<string[]> {
  const events = await eventsDirectory(tool);
  if (events === null) throw new Error("the rights are checked before the events are chosen");
  const others: string[] = [];
  for (const event of [...NEEDED, ...WANTED]) {
    const isCall = event.startsWith("raw_syscalls:");
    if (!isCall && (await hasTracepoint(events, event))) others.push(event);
  }
  const numbers = CALLS.filter((call) => call.concernsMm).map((call) => `id == ${call.number}`);
  // One tracepoint for all calls: opening one for each of them takes perf seconds.
  const calls = ["raw_syscalls:sys_enter", "raw_syscalls:sys_exit"].flatMap((event) => [
    ...["-e", event],
    ...["--filter", numbers.join(" || ")],
  ]);
  return ["-e", others.join(","), ...calls];
}

async function missingPrivilege(root: string): Promise<MissingRight[]> {
  const status = await readFile(join(root, "proc/self/status"), "utf8").catch(() => "");
  const effective = BigInt(`0x${/^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? "0"}`);
  const isCapable = [CAP_SYS_ADMIN, CAP_PERFMON].some((cap) => ((effective >> cap) & 1n) === 1n);
  if (isCapable) return [];
  const text = await readFile(join(root, "proc/sys/kernel/perf_event_paranoid"), "utf8").catch(
    () => "2",
  );
  const paranoid = Number(text);
  if (paranoid < 0) return [];
  return [
    {
      problem: `kernel.perf_event_paranoid is ${paranoid} and this user lacks CAP_PERFMON`,
      hint: "Run as root, or sysctl kernel.perf_event_paranoid=-1",
    },
  ];
}

/** Where the tracepoints are; perf mounts tracefs when it may. */
async function eventsDirectory({ perf, root }: PerfTool): Promise<string | null> {
  const directories = TRACEFS.map((path) => join(root, path));
  const find = async (): Promise<string | null> => {
    for (const directory of directories) if (await isReadable(directory)) return directory;
    return null;
  };
  const found = await find();
  if (found !== null) return found;
  await run(perf, ["list", "tracepoint"]);
  return find();
}

function hasTracepoint(directory: string, event: string): Promise<boolean> {
  return isReadable(join(directory, ...event.split(":"), "format"));
}

async function isReadable(path: string): Promise<boolean> {
  return access(path, constants.R_OK).then(
    () => true,
    () => false,
  );
}

/** What a program prints, or null when it does not run or fails. */
function run(program: string, args: readonly string[]): Promise<string | null> {
  return new Promise((resolve) => {
    execFile(program, args, { maxBuffer: 64 * 1024 * 1024 }, (error, stdout) => {
      resolve(error === null ? stdout : null);
    });
  });
}

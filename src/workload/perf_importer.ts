/** Turns the lines of perf script into events; see perf_script.ts for what it models. */
import type { RecordedEvent } from "./events.js";
import { type EventBody, RelativeClock } from "./imported.js";
import { LossReport } from "./loss_report.js";
import {
  type CallFields,
  decimalField,
  hexadecimalField,
  isPageAddress,
  namedArguments,
  parseEnterFields,
  parseExitFields,
  parseHvaAddress,
  parseHvaRange,
  parseRawEnter,
  parseRawExit,
  parseTlbFlush,
  resultOf,
  wordField,
} from "./perf_fields.js";
import { parsePerfLine, type PerfLine } from "./perf_line.js";
import { ExecMappings, FileNumbers, parseMapping } from "./perf_mappings.js";
import { CLONE_THREAD, CLONE_VFORK, CLONE_VM, TaskNumbers } from "./task_numbers.js";
import type { TextLine } from "./text_lines.js";
import {
  FAULT_ERROR_BITS,
  FOLIO_ORDERS,
  KTHREAD_PREFIXES,
  MIGRATE_MODES,
  MIGRATE_REASONS,
  THP_STATUSES,
} from "./vocabulary.js";

/** What a line says: its events (perhaps none), or null when its fields are not understood. */
type Meaning = EventBody[] | null;

/** User addresses of x86-64 with four levels of page tables are below. */
const USER_ADDRESS_END = 2 ** 47;

/**
 * ioctl that makes a KVM virtual machine, which registers a notifier (linux/kvm.h,
 * virt/kvm/kvm_main.c).
 */
const KVM_CREATE_VM = 0xae01;

const UFFDIO = 0xaa;

const CLONE_CALLS: ReadonlySet<string> = new Set(["clone", "clone3", "fork", "vfork"]);
const CSIGNAL = 0xff;

/** A call that a task is in. */
interface OpenCall {
  readonly name: string;
  readonly a: Record<string, number>;
  /** The task that it made; 0: none. */
  child: number;
}

export class PerfImporter {
  readonly report = new LossReport();
  /** Lines that are events of perf. */
  understood = 0;
  /** Records that perf lost. */
  lost = 0;

  readonly #tasks = new TaskNumbers();
  readonly #clock = new RelativeClock();
  readonly #files = new FileNumbers();
  /** By thread id: the call it is in. */
  readonly #openCalls = new Map<number, OpenCall>();
  /** By thread id: what its execve has mapped so far. */
  readonly #execs = new Map<number, ExecMappings>();
  /** Forks are known from task:task_newtask, so sched:sched_process_fork says nothing new. */
  #hasNewtask = false;
  #isStarted: boolean;

  constructor(startAtExec: boolean) {
    this.#isStarted = !startAtExec;
  }

  /** The events of one line. */
  importLine({ line, text }: TextLine): RecordedEvent[] {
    if (text.trim() === "" || text.startsWith("#")) return [];
    const parsed = parsePerfLine(text);
    if (parsed === null) {
      this.report.lose(line, text, "not a line of perf script");
      return [];
    }
    this.understood++;
    if (parsed.event.startsWith("PERF_RECORD_")) {
      this.#importRecord(parsed, { line, text });
      return [];
    }
    if (!this.#mustImport(parsed)) return [];
    return this.#importTracepoint(parsed, { line, text });
  }

  #mustImport(parsed: PerfLine): boolean {
    if (parsed.event === "sched:sched_process_exec" && !this.#isStarted) {
      this.#isStarted = true;
      this.#clock.restart(parsed.seconds, parsed.ns);
    }
    if (!this.#isStarted) {
      this.#noteExecFault(parsed);
      this.report.ignore("before the first exec");
    } else if (parsed.threadId === 0) this.report.ignore("on an idle CPU");
    return this.#isStarted && parsed.threadId !== 0;
  }

  #importTracepoint(parsed: PerfLine, { line, text }: TextLine): RecordedEvent[] {
    const { comm, threadId, processId, cpu, seconds, ns } = parsed;
    const isKthread = KTHREAD_PREFIXES.some((prefix) => comm.startsWith(prefix));
    // The task gets its numbers before those that the event brings in; an exec gives it its first
    // mm.
    const isExec = parsed.event === "sched:sched_process_exec";
    if (!isKthread && !isExec) this.#tasks.get(threadId, processId ?? threadId);
    const meaning = this.#meaning(parsed);
    if (meaning === null) {
      this.report.lose(line, text, `the fields of ${parsed.event} are not understood`);
      return [];
    }
    if (meaning.length === 0) return [];
    const { t, isMoved } = this.#clock.at(seconds, ns);
    if (isMoved) {
      this.report.lose(line, text, "its time is before that of the line above, which is used");
    }
    const task = isKthread ? { p: 0, tid: 0, mm: 0 } : this.#tasks.get(threadId);
    const context = { line, t, ...task, cpu, kthread: isKthread ? comm : null };
    return meaning.map((body) => ({ ...body, ...context }));
  }

  #meaning(parsed: PerfLine): Meaning {
    const { event, fields } = parsed;
    const [system = "", name = ""] = event.split(":");
    switch (system) {
      case "exceptions":
        return this.#fault(parsed, name);
      case "syscalls":
        if (name.startsWith("sys_enter_")) {
          return this.#enter(parsed, parseEnterFields(name.slice("sys_enter_".length), fields));
        }
        return this.#exit(parsed, parseExitFields(name.slice("sys_exit_".length), fields));
      case "raw_syscalls":
        return name === "sys_enter"
          ? this.#enter(parsed, parseRawEnter(fields))
          : this.#exit(parsed, parseRawExit(fields));
      case "huge_memory":
        return hugePageStep(name, fields);
    }
    switch (event) {
      case "tlb:tlb_flush": {
        if (this.#execs.has(parsed.threadId)) {
          this.report.ignore("a flush of an exec, whose mm shows later");
          return [];
        }
        const flush = parseTlbFlush(fields);
        return flush && [{ ev: "tlb", ...flush }];
      }
      case "task:task_newtask":
        this.#hasNewtask = true;
        return this.#newtask(
          parsed,
          decimalField(fields, "pid"),
          hexadecimalField(fields, "clone_flags"),
        );
      case "sched:sched_process_fork":
        if (this.#hasNewtask) return [];
        return this.#newtask(parsed, decimalField(fields, "child_pid"), this.#flagsOfFork(parsed));
      case "sched:sched_process_exec":
        return this.#exec(parsed);
      case "sched:sched_process_exit":
        return [{ ev: "taskexit" }];
      case "migrate:set_migration_pte":
      case "migrate:remove_migration_pte":
        return migrationEntry(name, fields);
      case "migrate:mm_migrate_pages":
        return migration(fields);
      case "ksm:ksm_merge_one_page":
      case "ksm:ksm_merge_with_ksm_page": {
        const error = /error (-?\d+)/.exec(fields)?.[1];
        return error === undefined ? null : [{ ev: "ksm", what: name, err: Number(error) }];
      }
      case "kvm:kvm_unmap_hva_range": {
        const range = parseHvaRange(fields);
        return range && [{ ev: "inval", ...range }];
      }
      case "kvm:kvm_age_hva": {
        const range = parseHvaRange(fields);
        return range && [{ ev: "age", ...range }];
      }
      case "kvm:kvm_test_age_hva": {
        const addr = parseHvaAddress(fields);
        return addr === null ? null : [{ ev: "test_age", addr }];
      }
      default:
        this.report.ignore(event);
        return [];
    }
  }

  #fault(parsed: PerfLine, name: string): Meaning {
    const addr = hexadecimalField(parsed.fields, "address");
    const err = hexadecimalField(parsed.fields, "error_code");
    const isOfKernel = name === "page_fault_kernel";
    if (isOfKernel && (addr === null || addr >= USER_ADDRESS_END)) {
      this.report.ignore("a fault of the kernel on an address of its own");
      return [];
    }
    if (addr === null || err === null || (err & ~FAULT_ERROR_BITS) !== 0) return null;
    this.#noteExecFault(parsed);
    return [{ ev: "fault", addr, err, k: isOfKernel ? 1 : 0 }];
  }

  #enter({ threadId }: PerfLine, call: CallFields | null): Meaning {
    if (call === null) return null;
    if (call.call?.concernsMm !== true) {
      this.report.ignore(`call ${call.name}`);
      return [];
    }
    const a = namedArguments(call);
    if ([...call.call.requiredArgs].some((name) => a[name] === undefined)) return null;
    if (call.name === "ioctl" && !isMemoryIoctl(a["cmd"] ?? 0)) {
      this.report.ignore("call ioctl");
      return [];
    }
    this.#openCalls.set(threadId, { name: call.name, a, child: 0 });
    if (call.name === "execve" || call.name === "execveat") {
      this.#execs.set(threadId, new ExecMappings());
    }
    return [{ ev: "enter", call: call.name, a }];
  }

  #exit({ threadId }: PerfLine, call: CallFields | null): Meaning {
    if (call === null) return null;
    const open = this.#openCalls.get(threadId);
    if (open?.name !== call.name) {
      // A child returns from the fork that its parent entered.
      const isExpected = call.call?.concernsMm === true && call.name !== "ioctl";
      if (isExpected) this.report.ignore("a return without its call");
      return [];
    }
    this.#openCalls.delete(threadId);
    this.#execs.delete(threadId);
    const result = resultOf(call.values[0] ?? 0n);
    // What a clone returns is the child's id in the namespace of its parent.
    const isMaker = open.child !== 0 && result > 0;
    const exit: EventBody = { ev: "exit", call: call.name, ret: isMaker ? open.child : result };
    const isVm = call.name === "ioctl" && open.a["cmd"] === KVM_CREATE_VM && result >= 0;
    return isVm ? [exit, { ev: "notifier", on: true, forked: false }] : [exit];
  }

  #newtask({ threadId }: PerfLine, childId: number | null, flags: number | null): Meaning {
    if (childId === null || flags === null) return null;
    const child = this.#tasks.clone(this.#tasks.get(threadId), childId, flags);
    const open = this.#openCalls.get(threadId);
    if (open !== undefined && CLONE_CALLS.has(open.name)) open.child = child.tid;
    return [{ ev: "newtask", child: child.tid, flags, child_mm: child.mm }];
  }

  /**
   * CLONE_* flags of the fork that a task is in, when only sched:sched_process_fork tells of it.
   */
  #flagsOfFork({ threadId }: PerfLine): number {
    const open = this.#openCalls.get(threadId);
    switch (open?.name) {
      case "clone":
        return (open.a["flags"] ?? 0) & ~CSIGNAL;
      case "vfork":
        return CLONE_VM | CLONE_VFORK;
      case "clone3":
        return CLONE_VM | CLONE_THREAD;
      default:
        return 0;
    }
  }

  #exec({ threadId, fields }: PerfLine): Meaning {
    const oldThreadId = decimalField(fields, "old_pid") ?? threadId;
    this.#tasks.exec(threadId, oldThreadId);
    const open = this.#openCalls.get(oldThreadId);
    const mappings = this.#execs.get(oldThreadId) ?? this.#execs.get(threadId);
    this.#openCalls.delete(oldThreadId);
    this.#execs.delete(oldThreadId);
    this.#execs.delete(threadId);
    if (open !== undefined) this.#openCalls.set(threadId, open);
    if (mappings === undefined || mappings.isEmpty) return [{ ev: "exec" }];
    return [{ ev: "exec" }, { ev: "snap", vmas: mappings.vmas(), pages: mappings.pages() }];
  }

  /** A record of perf itself. */
  #importRecord({ event, fields, threadId }: PerfLine, { line, text }: TextLine): void {
    switch (event) {
      case "PERF_RECORD_COMM":
        if (fields.startsWith(" exec:")) this.#execs.set(threadId, new ExecMappings());
        return;
      case "PERF_RECORD_MMAP":
      case "PERF_RECORD_MMAP2": {
        const vma = parseMapping(fields, this.#files);
        if (vma === null && event === "PERF_RECORD_MMAP2") {
          this.report.lose(line, text, "the mapping is not understood");
        } else if (vma !== null) this.#execs.get(threadId)?.add(vma);
        return;
      }
      case "PERF_RECORD_LOST":
      case "PERF_RECORD_LOST_SAMPLES":
        this.lost += Number(/lost (\d+)/.exec(fields)?.[1] ?? 1);
        return;
      default:
        this.report.ignore(event);
    }
  }

  /** A page that the kernel touches while it sets up an exec is there when the program starts. */
  #noteExecFault({ threadId, event, fields }: PerfLine): void {
    if (event !== "exceptions:page_fault_kernel") return;
    const address = hexadecimalField(fields, "address");
    if (address !== null) this.#execs.get(threadId)?.touch(address);
  }
}

/**
 * An ioctl that makes a KVM machine, or one of userfaultfd (their type is 0xaa,
 * linux/userfaultfd.h).
 */
function isMemoryIoctl(command: number): boolean {
  return command === KVM_CREATE_VM || ((command >>> 8) & 0xff) === UFFDIO;
}

function hugePageStep(name: string, fields: string): Meaning {
  const status = wordField(fields, "status", THP_STATUSES);
  return status === null ? null : [{ ev: "thp", what: name.replace(/^mm_/, ""), status }];
}

function migrationEntry(name: string, fields: string): Meaning {
  const addr = hexadecimalField(fields, "addr");
  const order = decimalField(fields, "order");
  if (addr === null || order === null || !isPageAddress(addr)) return null;
  if (order < 0 || order >= FOLIO_ORDERS) return null;
  return [{ ev: name === "set_migration_pte" ? "mig_set" : "mig_clear", addr, order }];
}

function migration(fields: string): Meaning {
  const ok = decimalField(fields, "nr_succeeded");
  const failed = decimalField(fields, "nr_failed");
  const mode = wordField(fields, "mode", MIGRATE_MODES);
  const reason = wordField(fields, "reason", MIGRATE_REASONS);
  if (ok === null || failed === null || mode === null || reason === null) return null;
  return [{ ev: "migrate", ok, failed, mode, reason }];
}

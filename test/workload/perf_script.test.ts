import { describe, expect, test } from "vitest";
import { importPerfScript } from "../../src/workload/perf_script.js";
import { writeRecording } from "../../src/workload/write_recording.js";
import { readAll } from "./repository_recordings.js";
import { collect, fromPerf, sampleBytes, textBytes } from "./samples.js";

const AT = "small 7325/7325 [001]  1342.935833123:";

/** The events of tracepoint lines of one task. */
async function importLines(...lines: string[]) {
  return fromPerf(textBytes(...lines.map((line) => `${AT} ${line}`)));
}

describe("an import of perf script", () => {
  test.each<[name: string, line: string, event: object]>([
    [
      "a user's page fault",
      "exceptions:page_fault_user: address=0x7f62ad6e2b70 ip=0x7f62ad6e2b70 error_code=0x14",
      { ev: "fault", addr: 0x7f62ad6e2b70, err: 0x14, k: 0 },
    ],
    [
      "the kernel's page fault on a user address",
      "exceptions:page_fault_kernel: address=0x7ffc7861abb9 ip=_copy_to_user error_code=0x2",
      { ev: "fault", addr: 0x7ffc7861abb9, err: 2, k: 1 },
    ],
    [
      "a flush of everything",
      "tlb:tlb_flush: pages:-1 reason:local MM shootdown (3)",
      { ev: "tlb", reason: "local_mm", pages: -1 },
    ],
    [
      "a flush that another CPU asked for",
      "tlb:tlb_flush: pages:4 reason:remote shootdown (1)",
      { ev: "tlb", reason: "remote", pages: 4 },
    ],
    [
      "a call by register order, whatever its arguments are named",
      "syscalls:sys_enter_madvise: start: 0x7f62ad6be000, len_in: 0x00002000, behavior: 0x00000004",
      { ev: "enter", call: "madvise", a: { addr: 0x7f62ad6be000, len: 0x2000, advice: 4 } },
    ],
    [
      "a file descriptor of -1",
      "syscalls:sys_enter_mmap: addr: 0x00000000, len: 0x00002000, prot: 0x00000003, flags: 0x00000022, fd: 0xffffffff, off: 0x00000000",
      { a: { addr: 0, len: 0x2000, prot: 3, flags: 0x22, fd: -1, off: 0 } },
    ],
    [
      "a raw call by its number",
      "raw_syscalls:sys_enter: NR 11 (7f25acbb8000, 10000, 3, 1, 0, 7ffee093b8c7)",
      { ev: "enter", call: "munmap", a: { addr: 0x7f25acbb8000, len: 0x10000 } },
    ],
    [
      "a migration entry",
      "migrate:set_migration_pte: addr=7f25acbb8000, pte=7c00000000123456 order=0",
      { ev: "mig_set", addr: 0x7f25acbb8000, order: 0 },
    ],
    [
      "a batch of migration",
      "migrate:mm_migrate_pages: nr_succeeded=12 nr_failed=1 nr_thp_succeeded=0 nr_thp_failed=0 nr_thp_split=0 nr_split=0 mode=MIGRATE_SYNC reason=compaction",
      { ev: "migrate", ok: 12, failed: 1, mode: "MIGRATE_SYNC", reason: "compaction" },
    ],
    [
      "a collapse",
      "huge_memory:mm_collapse_huge_page: mm=0000000012345678, isolated=1, status=succeeded",
      { ev: "thp", what: "collapse_huge_page", status: "succeeded" },
    ],
    [
      "a KSM merge",
      "ksm:ksm_merge_with_ksm_page: pfn 1234 rmap_item 00000000aaaa mm 00000000bbbb error -14",
      { ev: "ksm", what: "ksm_merge_with_ksm_page", err: -14 },
    ],
    [
      "an invalidation that KVM's notifier received",
      "kvm:kvm_unmap_hva_range: mmu notifier unmap range: 0x7ffff7d55000 -- 0x7ffff7d56000",
      { ev: "inval", start: 0x7ffff7d55000, end: 0x7ffff7d56000 },
    ],
    [
      "an invalidation of everything",
      "kvm:kvm_unmap_hva_range: mmu notifier unmap range: 0000000000000000 -- 0xffffffffffffffff",
      { ev: "inval", start: 0, end: 2 ** 64 },
    ],
    [
      "ageing",
      "kvm:kvm_age_hva: mmu notifier age hva: 0x000000404000 -- 0x000000405000",
      { ev: "age", start: 0x404000, end: 0x405000 },
    ],
    [
      "a test of age",
      "kvm:kvm_test_age_hva: mmu notifier test age hva: 0x000000404000",
      { ev: "test_age", addr: 0x404000 },
    ],
  ])("reads %s", async (_, line, event) => {
    const { events, report } = await importLines(line);
    expect(report.losses).toEqual([]);
    expect(events).toEqual([expect.objectContaining(event)]);
    expect(events[0]).toMatchObject({ line: 1, t: 0, p: 1, tid: 1, mm: 1, cpu: 1 });
  });

  test.each([
    ["the default format", "small  7325 [001]  1342.935833: "],
    ["a comm with spaces, dashes and brackets", "a b-1 [2] 3  7325 [001]  1342.935833: "],
    ["a comm that looks like a place", "x 12 [003]  7325 [001]  1342.935833: "],
    ["nanoseconds and process ids", "small 7325/7325  [001]  1342.935833000: "],
    ["an event's modifiers", "small 7325 [001] 1342.935833: 1 "],
  ])("understands %s", async (_, place) => {
    const { events } = await fromPerf(
      textBytes(`${place}tlb:tlb_flush: pages:2 reason:local MM shootdown (3)`),
    );
    expect(events).toEqual([expect.objectContaining({ ev: "tlb", pages: 2, tid: 1, cpu: 1 })]);
  });

  test("counts time in nanoseconds from its first event", async () => {
    const flush = "tlb:tlb_flush: pages:1 reason:local MM shootdown (3)";
    const { events } = await fromPerf(
      textBytes(`small 1 [000] 99.999999998: ${flush}`, `small 1 [000] 100.000000001: ${flush}`),
    );
    expect(events.map((event) => event.t)).toEqual([0, 3]);
  });

  test("makes an error of a result in the top page", async () => {
    const { events } = await importLines(
      "syscalls:sys_enter_munmap: addr: 0xffffffffffffffff, len: 0x00020000",
      "syscalls:sys_exit_munmap: 0xffffffffffffffea",
    );
    expect(events).toMatchObject([{ a: { addr: 2 ** 64, len: 0x20000 } }, { ret: -22 }]);
  });

  test("names a fork's child by its number, and leaves out the child's own return", async () => {
    const { events } = await fromPerf(
      textBytes(
        "sh 10 [000] 1.0: syscalls:sys_enter_clone: clone_flags: 0x01200011, newsp: 0x00000000, parent_tidptr: 0x00000000, child_tidptr: 0x7f5dc9900a10, tls: 0x00000000",
        "sh 10 [000] 1.1: task:task_newtask: pid=12 comm=sh clone_flags=1200000 oom_score_adj=0",
        "sh 10 [000] 1.2: sched:sched_process_fork: comm=sh pid=10 child_comm=sh child_pid=12",
        "sh 12 [001] 1.3: syscalls:sys_exit_clone: 0x0",
        "sh 10 [000] 1.4: syscalls:sys_exit_clone: 0xc",
        "sh 12 [001] 1.5: sched:sched_process_exec: filename=/bin/ls pid=12 old_pid=12",
        "sh 12 [001] 1.6: sched:sched_process_exit: comm=ls pid=12 prio=120 group_dead=true",
      ),
    );
    expect(events).toMatchObject([
      { ev: "enter", p: 1, tid: 1, mm: 1 },
      { ev: "newtask", child: 2, flags: 0x1200000, child_mm: 2 },
      { ev: "exit", ret: 2 },
      { ev: "exec", p: 2, tid: 2, mm: 3 },
      { ev: "taskexit", p: 2, tid: 2, mm: 3 },
    ]);
  });

  test.each([
    ["fork", "", { p: 2, mm: 2 }],
    ["vfork", "", { p: 2, mm: 1 }],
    ["clone3", " cl_args: 0x7fffffffe4b0, size: 0x00000058", { p: 1, mm: 1 }],
  ])("knows without task_newtask which mm the child of %s runs on", async (call, args, child) => {
    const { events } = await fromPerf(
      textBytes(
        `sh 10 [000] 1.0: syscalls:sys_enter_${call}:${args}`,
        "sh 10 [000] 1.2: sched:sched_process_fork: comm=sh pid=10 child_comm=sh child_pid=12",
        "sh 12 [001] 1.3: tlb:tlb_flush: pages:1 reason:local MM shootdown (3)",
      ),
    );
    expect(events[2]).toMatchObject({ ev: "tlb", tid: 2, ...child });
  });

  test("names kernel threads in place of a task, and leaves out idle CPUs", async () => {
    const { events, report } = await fromPerf(
      textBytes(
        "swapper 0 [000] 1.0: tlb:tlb_flush: pages:-1 reason:remote shootdown (1)",
        "kworker/0:1-eve 31 [000] 1.1: tlb:tlb_flush: pages:-1 reason:local shootdown (2)",
      ),
    );
    expect(events).toEqual([
      expect.objectContaining({ kthread: "kworker/0:1-eve", p: 0, tid: 0, mm: 0 }),
    ]);
    expect(report.ignored).toEqual(new Map([["on an idle CPU", 1]]));
  });

  test("takes the machine from perf's comments", async () => {
    const workload = await importPerfScript(sampleBytes("shell.perf.txt"), { file: "shell" });
    expect(workload.header).toMatchObject({
      kernel: "6.18.44-fc-v595",
      machine: "x86_64",
      cpus: 2,
    });
    await collect(workload);
  });

  test("takes the start of a KVM machine for the registration of a notifier", async () => {
    const { events } = await importLines(
      "syscalls:sys_enter_ioctl: fd: 0x00000003, cmd: 0x0000ae01, arg: 0x00000000",
      "syscalls:sys_exit_ioctl: 0x4",
    );
    expect(events.map((event) => event.ev)).toEqual(["enter", "exit", "notifier"]);
  });
});

describe("the sample of a small program with all of perf's records", () => {
  const bytes = sampleBytes("small.perf.txt");

  test("is imported without a loss", async () => {
    const { events, report } = await fromPerf(bytes);
    expect(report.losses).toEqual([]);
    expect(events.length).toBeGreaterThan(250);
  });

  test("begins with its exec when the work of perf is left out", async () => {
    const { events } = await fromPerf(bytes, { startAtExec: true });
    expect(events[0]).toMatchObject({ ev: "exec", t: 0, p: 1, tid: 1, mm: 1 });
    expect(events.every((event) => event.t >= 0)).toBe(true);
  });

  test("shows the vmas of each exec in a snapshot", async () => {
    const { events } = await fromPerf(bytes, { startAtExec: true });
    const [first, second] = events.filter((event) => event.ev === "snap");
    expect(first?.mm).toBe(1);
    expect(first?.vmas.map(({ perm, name }) => name ?? perm)).toEqual([
      "r--p",
      "r-xp",
      "r--p",
      "rw-p",
      "[vvar]",
      "[vvar_vclock]",
      "[vdso]",
      "r--p",
      "r-xp",
      "r--p",
      "rw-p",
      "[stack]",
    ]);
    expect(first?.vmas.at(-1)).toMatchObject({ start: 0x7ffffffde000, end: 0x7ffffffff000 });
    expect(second?.mm).toBeGreaterThan(1);
  });

  test("has a thread in the mm of its process, a forked child in its own, a vfork child in its parent's", async () => {
    const { events } = await fromPerf(bytes, { startAtExec: true });
    const children = events.filter((event) => event.ev === "newtask");
    expect(children).toMatchObject([
      { child: 2, child_mm: 1 },
      { child: 3, child_mm: 2 },
      { child: 4, child_mm: 1 },
    ]);
    expect(new Set(events.map(({ p, tid, mm }) => `${p} ${tid} ${mm}`))).toEqual(
      new Set(["1 1 1", "1 2 1", "2 3 2", "3 4 1", "3 4 3"]),
    );
  });

  test("is a valid recording when it is written", async () => {
    const workload = await importPerfScript(bytes, { file: "small.perf.txt", startAtExec: true });
    const { events } = await collect(workload);
    const copy = await readAll(writeRecording(workload.header, events));
    const placed = events.map((event, i) => ({ ...event, line: i + 2 }));
    expect(copy.events).toEqual(placed);
  });
});

describe("perf script text that is not whole", () => {
  const flush = "small 1 [000] 1.0: tlb:tlb_flush: pages:1 reason:local MM shootdown (3)";

  test.each([
    [
      "a line that is cut off",
      "small 1 [000] 1.1: exceptions:page_fault_u",
      "not a line of perf script",
    ],
    [
      "fields that are cut off",
      "small 1 [000] 1.1: exceptions:page_fault_user: address=0x7f",
      "the fields of exceptions:page_fault_user are not understood",
    ],
    ...[
      ["exceptions:page_fault_user", "address=0x7f000 ip=0x1 error_code=0x100"],
      ["tlb:tlb_flush", "pages:7 reason:flush on task switch (0)"],
      ["tlb:tlb_flush", "pages:-2 reason:local MM shootdown (3)"],
      ["syscalls:sys_enter_munmap", "addr: 0x7f000"],
      ["raw_syscalls:sys_enter", "NR 11 (7f000)"],
      ["kvm:kvm_unmap_hva_range", "mmu notifier unmap range: 0x7f800 -- 0x80000"],
      ["kvm:kvm_unmap_hva_range", "mmu notifier unmap range: 0x80000 -- 0x7f000"],
      ["kvm:kvm_test_age_hva", "mmu notifier test age hva: 0x7f001"],
      ["migrate:set_migration_pte", "addr=7f001, pte=0 order=0"],
      ["migrate:set_migration_pte", "addr=7f000, pte=0 order=40"],
      ["migrate:mm_migrate_pages", "nr_succeeded=1 nr_failed=0 mode=MIGRATE_SYN reason=damon"],
      ["huge_memory:mm_collapse_huge_page", "mm=0, isolated=1, status=succeede"],
    ].map(([event = "", fields = ""]): [string, string, string] => [
      `${event} with ${fields}`,
      `small 1 [000] 1.1: ${event}: ${fields}`,
      `the fields of ${event} are not understood`,
    ]),
    [
      "a flush for an unknown reason",
      "small 1 [000] 1.1: tlb:tlb_flush: pages:1 reason:new (9)",
      "the fields of tlb:tlb_flush are not understood",
    ],
    [
      "a time that runs backwards",
      flush.replace("1.0", "0.9"),
      "its time is before that of the line above, which is used",
    ],
    ["another tool's line", "hello", "not a line of perf script"],
  ])("has %s in its report of losses, with its line", async (_, text, reason) => {
    const { report } = await fromPerf(textBytes(flush, text));
    expect(report.losses).toEqual([{ line: 2, text, reason }]);
  });

  test("never lets time run backwards", async () => {
    const { events } = await fromPerf(textBytes(flush, flush.replace("1.0", "0.9")));
    expect(events.map((event) => event.t)).toEqual([0, 0]);
  });

  test("counts the records that perf lost", async () => {
    const workload = await importPerfScript(
      textBytes(flush, "small 1/1 [000] 1.1: PERF_RECORD_LOST lost 57"),
      { file: "perf.txt" },
    );
    await collect(workload);
    expect(workload.lost()).toBe(57);
  });

  test("counts what it leaves out by what it is", async () => {
    const { report } = await fromPerf(textBytes(flush, "small 1 [000] 1.1: sched:sched_switch: x"));
    expect(report.ignored).toEqual(new Map([["sched:sched_switch", 1]]));
    expect(report.total).toBe(0);
  });

  test("is refused when not a line is perf's", async () => {
    await expect(fromPerf(textBytes("mmap(NULL, 8192) = 0"))).rejects.toThrow(
      "perf.txt: no line is an event of perf",
    );
  });
});

import { describe, expect, test } from "vitest";
import { callsOf, fromPerf, fromStrace, sampleBytes, textBytes } from "./samples.js";

describe("an import of strace", () => {
  test.each<[name: string, line: string, enter: object, ret: number]>([
    [
      "protection and flags by name",
      "mmap(NULL, 8192, PROT_READ|PROT_WRITE, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc0000",
      { call: "mmap", a: { addr: 0, len: 8192, prot: 3, flags: 0x22, fd: -1, off: 0 } },
      0x7ffff7fc0000,
    ],
    [
      "a shifted flag",
      "mmap(NULL, 2097152, PROT_READ, MAP_PRIVATE|MAP_HUGETLB|21<<MAP_HUGE_SHIFT, -1, 0) = -1 ENOMEM (Cannot allocate memory)",
      {
        a: { addr: 0, len: 2097152, prot: 1, flags: 0x2 + 0x40000 + 21 * 2 ** 26, fd: -1, off: 0 },
      },
      -12,
    ],
    [
      "the file behind a descriptor",
      "mmap(NULL, 65536, PROT_READ, MAP_SHARED, 3</memfd:a,b)>(deleted), 0x1000) = 0x7f3bf4312000",
      { a: { addr: 0, len: 65536, prot: 1, flags: 1, fd: 3, off: 0x1000 } },
      0x7f3bf4312000,
    ],
    [
      "a number that strace has no name for",
      "madvise(0x10000, 4096, 0x4d /* MADV_??? */) = -1 EINVAL (Invalid argument)",
      { call: "madvise", a: { addr: 0x10000, len: 4096, advice: 0x4d } },
      -22,
    ],
    [
      "an address of -1",
      "munmap(0xffffffffffffffff, 131072)      = -1 EINVAL (Invalid argument)",
      { a: { addr: 2 ** 64, len: 131072 } },
      -22,
    ],
    [
      "an octal number",
      "shmget(0x1, 4096, IPC_CREAT|0600) = 4",
      { a: { key: 1, size: 4096, flags: 0o1600 } },
      4,
    ],
    [
      "the time a call took",
      "brk(NULL) = 0x555555559000 <0.000008>",
      { a: { addr: 0 } },
      0x555555559000,
    ],
    [
      "only the arguments it prints as numbers",
      'prctl(PR_SET_VMA, PR_SET_VMA_ANON_NAME, 0x10000, 4096, "a, b)") = 0',
      { a: { option: 0x53564d41, arg2: 0, arg3: 0x10000, arg4: 4096 } },
      0,
    ],
    [
      "arguments that are structures",
      "process_madvise(3, [{iov_base=0x7f0000000000, iov_len=4096}], 1, MADV_COLD, 0) = 4096",
      { a: { pidfd: 3, vlen: 1, advice: 20, flags: 0 } },
      4096,
    ],
  ])("reads %s", async (_, line, enter, ret) => {
    const { events, report } = await fromStrace(textBytes(line));
    expect(report.losses).toEqual([]);
    expect(events).toMatchObject([
      { ev: "enter", tid: 1, ...enter },
      { ev: "exit", ret },
    ]);
  });

  test.each([
    ["without times, a microsecond a line", ["brk(NULL) = 0x1000", "brk(NULL) = 0x1000"], 1000],
    ["with -t", ["16:02:24 brk(NULL) = 0x1000", "16:02:25 brk(NULL) = 0x1000"], 1e9],
    ["with -tt", ["16:02:24.000001 brk(NULL) = 0x1", "16:02:24.000002 brk(NULL) = 0x1"], 1000],
    ["with -tt past midnight", ["23:59:59.9 brk(NULL) = 0x1", "00:00:00.1 brk(NULL) = 0x1"], 2e8],
    ["with -ttt", ["1795622317.355019 brk(NULL) = 0x1", "1795622317.355020 brk(NULL) = 0x1"], 1000],
    ["with -r", ["     0.000000 brk(NULL) = 0x1", "     0.000230 brk(NULL) = 0x1"], 230000],
    ["with -r and processes", ["7 0.000000 brk(NULL) = 0x1", "7 0.000230 brk(NULL) = 0x1"], 230000],
    [
      "with -n and -i",
      ["7 1.5 [   9] [00007f1b00e69000] brk(NULL) = 0x1", "7 0.5 brk(NULL) = 0x1"],
      5e8,
    ],
  ])("counts time %s", async (_, lines, elapsed) => {
    const { events, report } = await fromStrace(textBytes(...lines));
    expect(report.losses).toEqual([]);
    expect((events.at(-1)?.t ?? 0) - (events[0]?.t ?? 0)).toBe(elapsed);
  });

  test("joins a call that another task interrupted", async () => {
    const { events, report } = await fromStrace(
      textBytes(
        "7 1700000000.1 mmap(NULL, 258, PROT_READ, MAP_PRIVATE, 3, 0 <unfinished ...>",
        "8 1700000000.2 brk(NULL) = 0x55b5ae519000",
        "7 1700000000.3 <... mmap resumed>) = 0x7ff1a94af000",
      ),
    );
    expect(report.losses).toEqual([]);
    expect(events).toMatchObject([
      { ev: "enter", call: "mmap", tid: 1, line: 1, a: { len: 258, fd: 3 } },
      { ev: "enter", call: "brk", tid: 2, line: 2 },
      { ev: "exit", call: "brk", tid: 2, line: 2 },
      { ev: "exit", call: "mmap", tid: 1, line: 3, ret: 0x7ff1a94af000 },
    ]);
  });

  test("joins a call whose line a note of strace interrupted", async () => {
    const { events, report } = await fromStrace(
      textBytes(
        "clone(child_stack=NULL, flags=CLONE_CHILD_CLEARTID|CLONE_CHILD_SETTID|SIGCHLDstrace: Process 7306 attached",
        ", child_tidptr=0x7f4a30aa7a10) = 7306",
        "[pid  7303] brk(NULL) = 0x55b9f76b8000",
        "[pid  7306] brk(NULL) = 0x55b9f76b8000",
      ),
    );
    expect(report.losses).toEqual([]);
    expect(events).toMatchObject([
      { ev: "enter", call: "clone", a: { stack: 0, flags: 0x1200011 } },
      { ev: "newtask", child: 2, flags: 0x1200000, child_mm: 2 },
      { ev: "exit", call: "clone", ret: 2 },
      { ev: "enter", p: 1, tid: 1, mm: 1 },
      { ev: "exit", p: 1, tid: 1, mm: 1 },
      { ev: "enter", p: 2, tid: 2, mm: 2 },
      { ev: "exit", p: 2, tid: 2, mm: 2 },
    ]);
  });

  test("makes the child known before its first line, though its parent returns later", async () => {
    const { events } = await fromStrace(
      textBytes(
        "7 vfork( <unfinished ...>",
        "9 munmap(0x10000, 4096) = 0",
        "7 <... vfork resumed>) = 9",
      ),
    );
    expect(events).toMatchObject([
      { ev: "enter", call: "vfork", tid: 1 },
      { ev: "newtask", tid: 1, child: 2, child_mm: 1 },
      { ev: "enter", call: "munmap", p: 2, tid: 2, mm: 1 },
      { ev: "exit", call: "munmap", tid: 2 },
      { ev: "exit", call: "vfork", tid: 1, ret: 2 },
    ]);
  });

  test("gives a thread that executes a program the place of its process", async () => {
    const { events, report } = await fromStrace(
      textBytes(
        "7 clone3({flags=CLONE_VM|CLONE_THREAD|CLONE_SIGHAND, exit_signal=0} => {parent_tid=[8]}, 88) = 8",
        '8 execve("/bin/true", ["true"], 0x7ffe /* 5 vars */ <unfinished ...>',
        "7 +++ superseded by execve in pid 8 +++",
        "7 <... execve resumed>) = 0",
        "7 brk(NULL) = 0x1000",
      ),
    );
    expect(report.losses).toEqual([]);
    expect(events.slice(-4)).toMatchObject([
      { ev: "exec", p: 1, tid: 2, mm: 2 },
      { ev: "exit", call: "execve", tid: 2 },
      { ev: "enter", call: "brk", tid: 2 },
      { ev: "exit", call: "brk", tid: 2, mm: 2 },
    ]);
  });

  test("gives a process id that is used again new numbers", async () => {
    const { events } = await fromStrace(
      textBytes(
        "7 fork() = 9",
        "9 +++ exited with 0 +++",
        "7 fork() = 9",
        "9 +++ killed by SIGSEGV +++",
      ),
    );
    expect(events.filter((event) => event.ev === "taskexit")).toMatchObject([
      { p: 2, tid: 2, mm: 2 },
      { p: 3, tid: 3, mm: 3 },
    ]);
  });

  test("begins with the program's exec, not with the call that led to it", async () => {
    const { events } = await fromStrace(
      textBytes('execve("./small", ["./small"], 0x7ffd /* 5 vars */) = 0', "brk(NULL) = 0x1000"),
    );
    expect(events).toMatchObject([{ ev: "exec", mm: 1 }, { ev: "enter" }, { ev: "exit" }]);
  });

  test("has no end of a call that never returned", async () => {
    const { events } = await fromStrace(
      textBytes("exit_group(0)     = ?", "+++ exited with 0 +++"),
    );
    expect(events.map((event) => event.ev)).toEqual(["enter", "taskexit"]);
  });
});

describe("a sample of strace", () => {
  test.each([
    "small.strace.txt",
    "small_relative.strace.txt",
    "shell.strace.txt",
    "python.strace.txt",
  ])("%s is imported without a loss, and ends every task it begins", async (name) => {
    const { events, report } = await fromStrace(sampleBytes(name));
    expect(report.losses).toEqual([]);
    const begun = 1 + events.filter((event) => event.ev === "newtask").length;
    expect(events.filter((event) => event.ev === "taskexit")).toHaveLength(begun);
    expect(new Set(events.map((event) => event.tid)).size).toBe(begun);
  });

  test("agrees with perf about the calls of the same program", async () => {
    const strace = await fromStrace(sampleBytes("small.strace.txt"));
    const perf = await fromPerf(sampleBytes("small.perf.txt"), { startAtExec: true });
    const observed = callsOf(strace.events, 1).filter(({ call }) => call !== "arch_prctl");
    const traced = callsOf(perf.events, 1).filter(({ call }) => call !== "prctl");
    expect(observed.length).toBeGreaterThan(20);
    // strace leaves out the arguments that it shows as text or as a structure.
    expect(traced).toMatchObject(observed);
  });

  test("numbers tasks and mms as perf's records do", async () => {
    const strace = await fromStrace(sampleBytes("small.strace.txt"));
    const perf = await fromPerf(sampleBytes("small.perf.txt"), { startAtExec: true });
    const children = ({ events }: typeof perf) =>
      events.flatMap((event) =>
        event.ev === "newtask" ? [[event.tid, event.child, event.flags, event.child_mm]] : [],
      );
    expect(children(strace)).toEqual(children(perf));
  });
});

describe("strace output that is not whole", () => {
  test.each([
    ["a call that is cut off", "munmap(0x10000, 40", "the line is cut off"],
    ["a string that is cut off", 'execve("/bin/tr', "the line is cut off"],
    ["an end that is cut off", "+++ exited wi", "the line is cut off"],
    ["no result", "munmap(0x10000, 4096)", "the call has no result"],
    [
      "a result of another kind",
      "munmap(0x10000, 4096) = done",
      "the result done is not understood",
    ],
    [
      "an unknown error",
      "munmap(0x10000, 4096) = -1 EWHAT (?)",
      "the result -1 EWHAT (?) is not understood",
    ],
    [
      "an unknown flag",
      "madvise(0x10000, 4096, MADV_NEW) = 0",
      "not known, and left out: MADV_NEW",
    ],
    [
      "a resumption without a beginning",
      "<... mmap resumed>) = 0x1000",
      "resumes a call that did not begin",
    ],
    ["another tool's line", "small 1 [000] 1.0: tlb:tlb_flush: x", "not a line of strace"],
    ["a stack trace", " > /usr/bin/true() [0x1]", "not a line of strace"],
  ])("has %s in its report of losses, with its line", async (_, text, reason) => {
    const { report } = await fromStrace(textBytes("brk(NULL) = 0x1000", text));
    expect(report.losses).toEqual([{ line: 2, text, reason }]);
  });

  test("counts the calls that do not concern memory", async () => {
    const { events, report } = await fromStrace(
      textBytes("getpid() = 7", 'read(3, "x", 1) = 1', "ioctl(1, TCGETS, {...}) = 0"),
    );
    expect(events).toEqual([]);
    expect(report.ignored).toEqual(
      new Map([
        ["call getpid", 1],
        ["call read", 1],
        ["call ioctl", 1],
      ]),
    );
    expect(report.losses).toEqual([]);
  });

  test("is refused when not a line is strace's", async () => {
    await expect(fromStrace(textBytes("hello", "world"))).rejects.toThrow(
      "strace.txt: no line is a line of strace",
    );
  });
});

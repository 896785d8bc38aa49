/** Which events can follow each other in a recording. */
import { describe, expect, test } from "vitest";
import { LineCore } from "../../src/workload/line_core.js";
import { readRecording, RecordingError } from "../../src/workload/recording.js";
import { bytesOf } from "./repository_recordings.js";

const HEADER =
  '{"ev":"header","format":1,"name":"x","program":"x","kernel":"6.18","machine":"x86_64","cpus":2,"page":4096,"pmd":2097152,"flush_ceiling":33}';

/** The line of an event of a task, whose process and mm have its number by default. */
function of(task: number, ev: string, more = "", { p = task, mm = task } = {}): string {
  const rest = more === "" ? "" : `,${more}`;
  return `{"t":7,"p":${p},"tid":${task},"mm":${mm},"cpu":0,"ev":"${ev}"${rest}}`;
}

const EXEC = of(1, "exec");
const ENTER = of(1, "enter", '"call":"munmap","a":{"addr":"0x1000","len":4096}');
const EXIT = of(1, "exit", '"call":"munmap","ret":0');
const HUGE = ENTER.replace("4096", "-4096");
const FAILS = EXIT.replace('"ret":0', '"ret":-22');
const FORK = of(1, "enter", '"call":"fork","a":{}');
const CHILD = of(1, "newtask", '"child":2,"flags":"0x0","child_mm":2');
const THREAD = of(1, "newtask", '"child":2,"flags":"0x10100","child_mm":1');
const FORKED = of(1, "exit", '"call":"fork","ret":2');
const OP = of(1, "op", '"op":"read","addr":"0x1000","n":1,"step":0');
const SIGNAL = of(1, "signal", '"addr":"0x1000","sig":"SEGV"');
const TEXT = of(1, "text", '"text":"compact"');
const DONE = of(1, "done");
const END = of(1, "taskexit");
const FAULT = of(1, "fault", '"addr":"0x1000","err":6,"k":0');
const EXECVE = of(1, "enter", '"call":"execve","a":{}');

/** What the events of a recording are refused for, and where; null: they are a recording. */
async function refusal(events: readonly string[], core: LineCore | null): Promise<string | null> {
  const counts: Record<string, number> = {};
  for (const event of events) {
    const { ev } = JSON.parse(event) as { ev: string };
    counts[ev] = (counts[ev] ?? 0) + 1;
  }
  const trailer = JSON.stringify({ ev: "end_of_trace", events: counts, lost: 0 });
  try {
    const reader = await readRecording(bytesOf(HEADER, ...events, trailer), { file: "x" });
    for await (const part of reader.parts(core)) expect(part.length).toBeGreaterThan(0);
    return null;
  } catch (error) {
    if (error instanceof RecordingError) return `${error.line ?? ""}: ${error.problem}`;
    throw error;
  }
}

async function outcome(...events: readonly string[]): Promise<string | null> {
  const [fast, slow] = [
    await refusal(events, await LineCore.create()),
    await refusal(events, null),
  ];
  expect(fast).toBe(slow);
  return fast;
}

describe("a recording is refused when", () => {
  test.each<[what: string, problem: string, events: string[]]>([
    ["a task calls in a call", "4: the task calls munmap in the call of", [EXEC, ENTER, ENTER]],
    ["a call returns twice", "5: a return from munmap, which was not", [EXEC, ENTER, EXIT, EXIT]],
    [
      "another call returns",
      "4: a return from brk in the call of munmap at line 3",
      [EXEC, ENTER, of(1, "exit", '"call":"brk","ret":"0x1000"')],
    ],
    [
      "a call with a negative length succeeds",
      "4: the call of munmap at line 3",
      [EXEC, HUGE, EXIT],
    ],
    [
      "a fork returns none, but has made a task",
      "5: fork returns 0, but it has made a task",
      [EXEC, FORK, CHILD, FORKED.replace('"ret":2', '"ret":0')],
    ],
    [
      "a fork returns, but has made none",
      "4: fork returns task 2, but it has made none",
      [EXEC, FORK, FORKED],
    ],
    ["nothing made a task", "3: there is no task 2: no newtask made it", [EXEC, of(2, "taskexit")]],
    [
      "a task is made that is there",
      "3: task 1 is there already",
      [EXEC, CHILD.replace('"child":2', '"child":1')],
    ],
    [
      "a task changes its process",
      "3: task 1 is in process 1, not in 2",
      [EXEC, of(1, "fault", '"addr":"0x1000","err":6,"k":0', { p: 2, mm: 1 })],
    ],
    [
      "a process changes its mm without an exec",
      "3: process 1 is on mm 1, not on 2",
      [EXEC, of(1, "fault", '"addr":"0x1000","err":6,"k":0', { mm: 2 })],
    ],
    ["an exec keeps its mm", "3: the exec makes a new mm, but mm 1 is there", [EXEC, EXEC]],
    [
      "a copy of an mm is one that is there",
      "3: task 2 has a copy of mm 1 by its flags",
      [EXEC, CHILD.replace('"child_mm":2', '"child_mm":1')],
    ],
    [
      "a thread has an mm of its own",
      "3: task 2 shares mm 1 by its flags",
      [EXEC, THREAD.replace('"child_mm":1', '"child_mm":2')],
    ],
    [
      "a child process is in its parent's",
      "4: task 2 is a new process, not in process 1",
      [EXEC, CHILD, of(2, "taskexit", "", { p: 1 })],
    ],
    ["an ended task calls", "4: a task that has ended calls munmap", [EXEC, END, ENTER]],
    ["a task ends twice", "4: task 1 has ended, and causes no taskexit", [EXEC, END, END]],
    ["an op begins in a call", "4: the task begins an op in the call of munmap", [EXEC, ENTER, OP]],
    ["an op begins in an op", "4: the task begins an op in the op at line 3", [EXEC, OP, OP]],
    ["a call begins in an op", "4: the task calls munmap in the op at line 3", [EXEC, OP, ENTER]],
    ["nothing is done", "3: a done, but neither an op nor a text", [EXEC, DONE]],
    ["a signal ends no op", "3: a signal, but no op is under way", [EXEC, SIGNAL]],
    [
      "it is measured twice",
      "4: the begin of the measured part comes when",
      [EXEC, of(1, "begin"), of(1, "begin")],
    ],
    [
      "the measured part only ends",
      "3: the end of the measured part comes when",
      [EXEC, of(1, "end")],
    ],
    [
      "a CPU is none of the header's",
      "3: there is no CPU 7: the header has 2",
      [EXEC, FAULT.replace('"cpu":0', '"cpu":7')],
    ],
  ])("%s", async (_, problem, events) => {
    expect(await outcome(...events)).toContain(problem);
  });
});

describe("a recording is read where", () => {
  test.each<[what: string, events: string[]]>([
    ["a call with a negative length fails", [EXEC, HUGE, FAILS]],
    [
      "a child returns from the call that made it",
      [EXEC, FORK, CHILD, of(2, "exit", '"call":"fork","ret":0'), FORKED],
    ],
    [
      "a child faults before it returns",
      [
        EXEC,
        FORK,
        CHILD,
        of(2, "fault", '"addr":"0x1000","err":3,"k":1'),
        of(2, "exit", '"call":"fork","ret":0'),
        FORKED,
      ],
    ],
    ["a fork fails", [EXEC, FORK, FORKED.replace('"ret":2', '"ret":-11')]],
    ["a task ends in a call", [EXEC, ENTER, END]],
    ["an mm is torn down in a task that has ended", [EXEC, END, FAULT]],
    ["a signal ends an op, which is done then", [EXEC, OP, SIGNAL, DONE, ENTER]],
    ["a signal ends an op, and another begins", [EXEC, OP, SIGNAL, OP, DONE]],
    ["a text announces an op and both are done", [EXEC, TEXT, OP, DONE, DONE]],
    [
      "a process executes a program",
      [
        EXEC,
        EXECVE,
        of(1, "exec", "", { mm: 2 }),
        of(1, "exit", '"call":"execve","ret":0', { mm: 2 }),
      ],
    ],
    [
      "a thread executes a program as the leader",
      [
        EXEC,
        THREAD,
        of(2, "enter", '"call":"execve","a":{}', { p: 1, mm: 1 }),
        END,
        of(1, "exec", "", { mm: 2 }),
        of(1, "exit", '"call":"execve","ret":0', { mm: 2 }),
      ],
    ],
    [
      "it begins in the middle of a program",
      [FAULT, EXIT, of(2, "exit", '"call":"brk","ret":"0x0"')],
    ],
  ])("%s", async (_, events) => {
    expect(await outcome(...events)).toBeNull();
  });
});

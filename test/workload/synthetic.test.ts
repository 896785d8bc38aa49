import { describe, expect, test } from "vitest";
import { WORKLOAD_OPERATIONS, wordsOf } from "../../src/scenario/vocabulary.js";
import type { ResolvedWorkloadOperation } from "../../src/scenario/resolved.js";
import type { RecordedEvent } from "../../src/workload/events.js";
import { emitSyntheticEvents } from "../../src/workload/synthetic.js";

const MUNMAP = { kind: "munmap", pages: 2, periodNs: 1000, repeat: 2 } as const;

function syntheticEvents(operations: readonly ResolvedWorkloadOperation[]): RecordedEvent[] {
  const events: RecordedEvent[] = [];
  const steps = emitSyntheticEvents(operations, (event) => events.push(event));
  while (steps.next().done !== true) continue;
  return events;
}

function briefly(events: readonly RecordedEvent[]): string[] {
  return events.map((event) => {
    if (event.ev === "enter") return event.call;
    return event.ev === "fault" ? `fault ${event.err}` : event.ev;
  });
}

describe("a synthetic workload", () => {
  test("maps and writes its vma, then does its operation at each period", () => {
    const events = syntheticEvents([MUNMAP]);
    const once = ["munmap", "exit", "mmap", "exit", "fault 6", "fault 6"];
    expect(briefly(events)).toEqual([
      ...["exec", "snap", "notifier", "mmap", "exit", "fault 6", "fault 6"],
      ...once,
      ...once,
      ...["exit_group", "taskexit"],
    ]);
    const times = events.flatMap((event) =>
      event.ev === "enter" && event.call === "munmap" ? [event.t] : [],
    );
    expect(times).toEqual([0, 1000]);
  });

  test("gives every operation a vma of its own", () => {
    const events = syntheticEvents([MUNMAP, { ...MUNMAP, kind: "dontneed" }]);
    const mapped = events.flatMap((event) =>
      event.ev === "enter" && event.call === "mmap" ? [event.a.addr!] : [],
    );
    expect(new Set(mapped).size).toBe(2);
  });

  test("does what is due first, and what is listed first when two are due at once", () => {
    const rest = { pages: 1, repeat: 2 };
    const events = syntheticEvents([
      { kind: "dontneed", periodNs: 3000, ...rest },
      { kind: "mprotect", periodNs: 1000, ...rest },
    ]);
    const calls = briefly(events).filter((call) => call === "madvise" || call === "mprotect");
    expect(calls).toEqual(["madvise", "mprotect", "mprotect", "mprotect", "mprotect", "madvise"]);
  });

  test("breaks the sharing of a fork while the child lives", () => {
    const [operation] = [{ kind: "fork", pages: 1, periodNs: 0, repeat: 1 } as const];
    expect(briefly(syntheticEvents([operation])).slice(6)).toEqual([
      ...["fork", "newtask", "exit", "fault 7", "exit_group", "taskexit"],
      ...["exit_group", "taskexit"],
    ]);
  });

  test.each(wordsOf(WORKLOAD_OPERATIONS))("counts lines and time upward: %s", (kind) => {
    const events = syntheticEvents([{ kind, pages: 512, periodNs: 10, repeat: 3 }]);
    expect(events.map(({ line }) => line)).toEqual(events.map((_, at) => at + 2));
    const times = events.map(({ t }) => t);
    expect(times.slice(0, -2)).toEqual([...times.slice(0, -2)].sort((a, b) => a - b));
  });
});

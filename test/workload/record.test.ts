import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { machineSettings } from "../../src/workload/machine_settings.js";
import { missingRights } from "../../src/workload/perf_tool.js";
import { recordProgram } from "../../src/workload/record.js";
import { RecordingError } from "../../src/workload/recording_error.js";
import { FakeMachine } from "./fake_machine.js";
import { readAll } from "./repository_recordings.js";

const SAMPLE = new URL("samples/small.perf.txt", import.meta.url).pathname;
const WRITES_DATA = 'echo data > "$data"; exit 3';
const REAL_TOOL = { perf: "perf", root: "/" };
const isRecordingPossible = (await missingRights(REAL_TOOL)).length === 0;

let machine: FakeMachine;

beforeEach(() => {
  machine = new FakeMachine();
  vi.stubEnv("TMPDIR", machine.temporary);
});

afterEach(() => {
  vi.unstubAllEnvs();
  machine.dispose();
});

function record(signal?: AbortSignal) {
  return recordProgram(["small", "--fast"], {
    output: join(machine.output, "small.jsonl.gz"),
    tool: machine,
    ...(signal === undefined ? {} : { signal }),
  });
}

async function problemsOf(recording: Promise<unknown>): Promise<RecordingError> {
  const error: unknown = await recording.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof RecordingError) return error;
  throw new Error("the recording was not refused", { cause: error });
}

describe.runIf(process.platform === "linux")("the recorder", () => {
  test("writes what perf saw as a recording, from the program's exec to its exit status", async () => {
    machine.installPerf({ record: WRITES_DATA, script: `cat ${SAMPLE}` });
    const outcome = await record();
    expect(outcome).toMatchObject({ lost: 0, exitStatus: 3 });
    const { reader, events } = await readAll(new Uint8Array(readFileSync(outcome.output)));
    expect(reader.header).toMatchObject({ name: "small", program: "small --fast", pmd: 2097152 });
    expect(reader.trailer).toMatchObject({ lost: 0, exit_status: 3 });
    expect(events).toHaveLength(outcome.events);
    expect(events.slice(0, 2).map((event) => event.ev)).toEqual(["exec", "snap"]);
  });

  test("leaves nothing but the recording", async () => {
    machine.installPerf({ record: WRITES_DATA, script: `cat ${SAMPLE}` });
    await record();
    expect(machine.leftovers()).toEqual(["small.jsonl.gz"]);
  });

  test("says in the recording how many records perf lost", async () => {
    const loss = "echo 'small 1/1 [000] 9999.0: PERF_RECORD_LOST lost 57'";
    machine.installPerf({ record: WRITES_DATA, script: `cat ${SAMPLE}; ${loss}` });
    const { lost, output } = await record();
    expect(lost).toBe(57);
    await expect(readAll(new Uint8Array(readFileSync(output)))).rejects.toThrow("lost 57 events");
  });

  test.each([
    [
      "perf cannot record",
      "echo permission denied >&2; exit 1",
      "true",
      "perf record failed with status 1: permission denied",
    ],
    [
      "the program does not start",
      `echo "Workload failed: No such file" >&2; ${WRITES_DATA}`,
      "true",
      "Workload failed: No such file",
    ],
    ["perf reads back nothing", WRITES_DATA, "true", "no line is an event of perf"],
    [
      "perf fails in the middle",
      WRITES_DATA,
      `head -c 9999 ${SAMPLE}; exit 1`,
      "perf script failed with status 1",
    ],
  ])("leaves nothing when %s", async (_, recordLines, script, problem) => {
    machine.installPerf({ record: recordLines, script });
    expect((await problemsOf(record())).problem).toContain(problem);
    expect(machine.leftovers()).toEqual([]);
  });

  test("keeps an older recording when the new one fails", async () => {
    const older = join(machine.output, "small.jsonl.gz");
    writeFileSync(older, "older");
    machine.installPerf({ record: WRITES_DATA, script: "exit 1" });
    await problemsOf(record());
    expect(readFileSync(older, "utf8")).toBe("older");
    expect(machine.leftovers()).toEqual(["small.jsonl.gz"]);
  });

  test.each([
    ["the program", 'echo data > "$data"; exec sleep 60', "true"],
    ["the conversion", WRITES_DATA, `cat ${SAMPLE}; exec sleep 60`],
  ])("leaves nothing when it is interrupted during %s", async (_, recordLines, script) => {
    machine.installPerf({ record: recordLines, script });
    const interruption = new AbortController();
    const recording = record(interruption.signal);
    setTimeout(() => {
      interruption.abort();
    }, 300);
    await expect(recording).rejects.toThrow("aborted");
    expect(machine.leftovers()).toEqual([]);
  });

  test("does not wait for a daemon that the program leaves behind", async () => {
    const daemon = `sleep 60 > /dev/null & echo $! > "${machine.directory}/pid"`;
    machine.installPerf({ record: `${daemon}; ${WRITES_DATA}`, script: `cat ${SAMPLE}` });
    const { exitStatus } = await record();
    process.kill(Number(readFileSync(join(machine.directory, "pid"), "utf8")));
    expect(exitStatus).toBe(3);
  });

  test("refuses to record no program", async () => {
    const recording = recordProgram([], { output: "x", tool: machine });
    expect((await problemsOf(recording)).problem).toBe("no program is given");
  });

  test.runIf(isRecordingPossible)("records a real program", async () => {
    const output = join(machine.output, "true.jsonl.gz");
    const { events, exitStatus } = await recordProgram(["/bin/true"], { output });
    const recording = await readAll(new Uint8Array(readFileSync(output)), { acceptLost: true });
    expect(exitStatus).toBe(0);
    expect(recording.events).toHaveLength(events);
    const kinds = new Set(recording.events.map((event) => event.ev));
    expect([...kinds]).toEqual(expect.arrayContaining(["exec", "snap", "fault", "enter", "exit"]));
  });
});

describe.runIf(process.platform === "linux")("what keeps a user from recording", () => {
  beforeEach(() => {
    machine.installPerf({ record: WRITES_DATA, script: `cat ${SAMPLE}` });
  });

  test("is nothing on a machine that has all", async () => {
    expect(await missingRights(machine)).toEqual([]);
  });

  test("is a perf that is not installed", async () => {
    const missing = await missingRights({
      perf: join(machine.directory, "none"),
      root: machine.root,
    });
    expect(missing).toEqual([
      {
        problem: expect.stringMatching(/the program .*none does not run/) as string,
        hint: expect.stringContaining("linux-perf") as string,
      },
    ]);
  });

  test.each([
    ["4", "kernel.perf_event_paranoid is 4 and this user lacks CAP_PERFMON"],
    ["0", "kernel.perf_event_paranoid is 0 and this user lacks CAP_PERFMON"],
  ])("is perf_event_paranoid at %s without the capability", async (paranoid, problem) => {
    machine.file("proc/self/status", "CapEff:\t0000000000000000\n");
    machine.file("proc/sys/kernel/perf_event_paranoid", `${paranoid}\n`);
    expect(await missingRights(machine)).toMatchObject([{ problem }]);
  });

  test.each([
    ["perf_event_paranoid at -1", "0000000000000000", "-1"],
    ["CAP_PERFMON", "0000004000000000", "4"],
    ["CAP_SYS_ADMIN", "0000000000200000", "4"],
  ])("is nothing with %s", async (_, capabilities, paranoid) => {
    machine.file("proc/self/status", `CapEff:\t${capabilities}\n`);
    machine.file("proc/sys/kernel/perf_event_paranoid", `${paranoid}\n`);
    expect(await missingRights(machine)).toEqual([]);
  });

  test("is a kernel without a tracepoint that is needed", async () => {
    machine.remove("sys/kernel/tracing/events/raw_syscalls/sys_exit");
    expect(await missingRights(machine)).toMatchObject([
      { problem: "the kernel has no tracepoint raw_syscalls:sys_exit" },
    ]);
  });

  test("is all that is missing, said at once", async () => {
    machine.file("proc/self/status", "CapEff:\t0000000000000000\n");
    machine.remove("sys/kernel/tracing");
    const error = await problemsOf(record());
    expect(error.problem).toContain("perf_event_paranoid is 2");
    expect(error.problem).toContain("tracefs");
    expect(error.hint).toContain("mount -t tracefs");
    expect(machine.leftovers()).toEqual([]);
  });
});

describe("the settings of a machine", () => {
  test("are read from the kernel's files", async () => {
    const thp = "sys/kernel/mm/transparent_hugepage";
    machine.file(`${thp}/enabled`, "always [madvise] never\n");
    machine.file(`${thp}/shmem_enabled`, "always within_size [advise] never deny force\n");
    machine.file(`${thp}/hpage_pmd_size`, "2097152\n");
    machine.file(`${thp}/hugepages-64kB/enabled`, "[always] inherit madvise never\n");
    machine.file(`${thp}/hugepages-32kB/enabled`, "always inherit madvise [never]\n");
    machine.file("proc/swaps", "Filename Type Size Used Priority\n/swap file 1 0 -2\n");
    machine.file("sys/kernel/mm/ksm/run", "1\n");
    machine.file("sys/kernel/debug/x86/tlb_single_page_flush_ceiling", "12\n");
    expect(await machineSettings(machine.root)).toMatchObject({
      page: 4096,
      pmd: 2097152,
      thp: "madvise",
      shmem_thp: "advise",
      thp_sizes: { "64kB": "always" },
      swap: true,
      ksm: "1",
      flush_ceiling: 12,
    });
  });

  test("are the kernel's defaults where its files cannot be read", async () => {
    expect(await machineSettings(join(machine.directory, "none"))).toMatchObject({
      thp: "never",
      thp_sizes: {},
      swap: false,
      flush_ceiling: 33,
    });
  });
});

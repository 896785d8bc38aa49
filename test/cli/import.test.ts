import { mkdtempSync, readdirSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, test } from "vitest";
import { projectRoot, tlbstorm } from "./run_cli.js";

const SAMPLES = join(projectRoot, "test/workload/samples");

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "tlbstorm-import-test-"));
});

describe("tlbstorm import", () => {
  test.each(readdirSync(SAMPLES))("makes a recording of %s that replay takes", (name) => {
    const out = join(directory, "out.jsonl.gz");
    const imported = tlbstorm(["import", join(SAMPLES, name), "--out", out, "--json"]);
    expect({ exitCode: imported.exitCode, stderr: imported.stderr }).toEqual({
      exitCode: 0,
      stderr: "",
    });
    const { format, events, notUnderstood } = JSON.parse(imported.stdout) as {
      format: string;
      events: number;
      notUnderstood: { count: number };
    };
    expect(format).toBe(name.includes(".perf") ? "perf" : "strace");
    expect(notUnderstood.count).toBe(0);
    const replayed = tlbstorm(["replay", out, "--json", "--quiet"]);
    expect({ exitCode: replayed.exitCode, stderr: replayed.stderr }).toEqual({
      exitCode: 0,
      stderr: "",
    });
    const { recordings } = JSON.parse(replayed.stdout) as { recordings: { events: number }[] };
    expect(recordings[0]?.events).toBe(events);
  });

  test("names the recording after the text, and tells what it did not understand", () => {
    const text = join(directory, "mine.strace.txt");
    const lines = [
      '10.000001 execve("./a", ["./a"], 0x7ffe) = 0',
      "10.000002 mmap(NULL, 8192, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7ffff7fc0000",
      "10.000003 munmap(0x7ffff7fc0000",
      "10.000004 munmap(0x7ffff7fc0000, 8192) = 0",
    ];
    writeFileSync(text, `${lines.join("\n")}\n`);
    const { exitCode, stdout } = tlbstorm(["import", text], "", directory);
    expect({ exitCode, files: readdirSync(directory).sort() }).toEqual({
      exitCode: 0,
      files: ["mine.jsonl.gz", "mine.strace.txt"],
    });
    expect(stdout).toMatch(/^mine\.jsonl\.gz: \d+ events of strace\n/);
    expect(stdout).toMatch(/not understood: 1 line\n {2}3: \S/);
  });

  test("refuses a text of another kind, and leaves nothing behind", () => {
    const text = join(directory, "notes.txt");
    writeFileSync(text, "nothing of a tracer\n");
    const { exitCode, stderr } = tlbstorm(["import", text], "", directory);
    expect(stderr).toBe(
      `error: ${text}: none of its first lines is one of perf script or strace\n` +
        "  give what `perf script` or `strace -f -ttt -o FILE` wrote, or say which with --format\n",
    );
    expect({ exitCode, files: readdirSync(directory) }).toEqual({
      exitCode: 2,
      files: ["notes.txt"],
    });
  });

  test("refuses a text that is of another tool than it is told, and leaves nothing behind", () => {
    const out = join(directory, "out.jsonl.gz");
    const text = join(SAMPLES, "small.strace.txt");
    const { exitCode, stderr } = tlbstorm(["import", "--format", "perf", text, "--out", out]);
    expect(stderr).toContain("no line is an event of perf");
    expect({ exitCode, files: readdirSync(directory) }).toEqual({ exitCode: 2, files: [] });
  });

  test("refuses a file that there is not", () => {
    const { exitCode, stderr } = tlbstorm(["import", "no-such.strace"]);
    expect(stderr).toContain("error: no-such.strace: cannot be read: there is no such file");
    expect(exitCode).toBe(2);
  });
});

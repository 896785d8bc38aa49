import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { describe, expect, test } from "vitest";
import { countsOf, InvalidArgument } from "../../src/index.js";
import { judge, UserError } from "../../src/cli/errors.js";
import { writeOutput, writeOutputs } from "../../src/cli/files.js";
import { formatTable, formatTree, toJson } from "../../src/cli/output.js";
import { withProgress } from "../../src/cli/progress.js";
import { findRecording } from "../../src/cli/recordings.js";

describe("an exception that reaches the top", () => {
  test("ends with 2 and a hint when it is the user's mistake", () => {
    const error = new UserError("a.yaml", "cannot be read", "look for it");
    expect(judge(error, "")).toEqual({
      exitCode: 2,
      text: "error: a.yaml: cannot be read\n  look for it\n",
    });
  });

  test("ends with 3 and asks for a report when nobody expected it", () => {
    const { exitCode, text } = judge(new TypeError("x is undefined"), "  tlbstorm run s.yaml");
    expect(exitCode).toBe(3);
    expect(text).toMatch(/defect of tlbstorm.*x is undefined.*report it.*tlbstorm run s\.yaml/s);
  });
});

describe("a function of the library that the command line calls wrongly", () => {
  test("is a defect, and no mistake of the user's", () => {
    const call = () => countsOf("nothing" as "munmap", 1);
    expect(call).toThrow(InvalidArgument);
    try {
      call();
    } catch (error) {
      expect(judge(error, "").exitCode).toBe(3);
    }
  });
});

describe("an output file", () => {
  test("keeps its old contents when the new ones cannot be written", async () => {
    const directory = mkdtempSync(join(tmpdir(), "tlbstorm-"));
    const path = join(directory, "result.json");
    await writeOutput(path, "old");
    await expect(writeOutput(path, 5 as unknown as string)).rejects.toThrow();
    expect(readFileSync(path, "utf8")).toBe("old");
    expect(readdirSync(directory)).toEqual(["result.json"]);
  });

  test("may lie in directories that are not there yet", async () => {
    const directory = join(mkdtempSync(join(tmpdir(), "tlbstorm-")), "out");
    await writeOutputs(directory, [["charts/a.svg", "<svg/>"]]);
    expect(readFileSync(join(directory, "charts/a.svg"), "utf8")).toBe("<svg/>");
  });
});

describe("JSON output", () => {
  test("writes 64-bit numbers as decimal strings", () => {
    expect(JSON.parse(toJson({ seed: 2n ** 64n - 1n }))).toEqual({ seed: "18446744073709551615" });
  });
});

describe("text output", () => {
  test("aligns a table without escape codes or trailing blanks", () => {
    const columns = [{ head: "name" }, { head: "count", align: "right" as const }];
    expect(
      formatTable(columns, [
        ["a", 1],
        ["long", 200],
      ]),
    ).toBe("name  count\na         1\nlong    200");
  });

  test("draws a tree", () => {
    const tree = {
      label: "a",
      children: [{ label: "b", children: [{ label: "c" }] }, { label: "d" }],
    };
    expect(formatTree(tree)).toBe("a\n├─ b\n│  └─ c\n└─ d");
  });
});

describe("progress in a pipe", () => {
  async function linesAt(...times: number[]): Promise<string> {
    const stream = new PassThrough();
    let now = 0;
    const options = {
      stream: stream as unknown as NodeJS.WriteStream,
      clock: () => now,
    };
    await withProgress("exploring", 100, options, async (progress) => {
      for (const [done, time] of times.entries()) {
        now = time;
        await progress.update(done);
      }
    });
    return String(stream.read() ?? "");
  }

  test("stays silent for work of less than a second", async () => {
    expect(await linesAt(0, 500, 999)).toBe("");
  });

  test("is one line after a second and one every ten", async () => {
    expect(await linesAt(0, 1000, 2000, 11_000)).toBe("exploring: 1 of 100\nexploring: 3 of 100\n");
  });
});

describe("progress on a terminal", () => {
  /** What a terminal is told to do with its cursor. */
  const HIDDEN = "\u001b[?25l";
  const SHOWN = "\u001b[?25h";

  test("is taken away when the work fails", async () => {
    const stream = Object.assign(new PassThrough(), { isTTY: true, columns: 80 });
    let now = 0;
    const options = { stream: stream as unknown as NodeJS.WriteStream, clock: () => now };
    const work = withProgress("exploring", 100, options, async (progress) => {
      now = 1000;
      await progress.update(1);
      throw new UserError("a.yaml", "cannot be read");
    });
    await expect(work).rejects.toThrow(UserError);
    const shown = String(stream.read());
    expect(shown).toContain(HIDDEN);
    expect(shown.lastIndexOf(SHOWN)).toBeGreaterThan(shown.lastIndexOf(HIDDEN));
  });
});

describe("a recording", () => {
  const recordings = [{ name: "git_gc", path: "/r/real/git_gc.jsonl.gz" }];

  test("is found by its name", () => {
    expect(findRecording("git_gc", { recordings })).toBe("/r/real/git_gc.jsonl.gz");
  });

  test("is refused with what was probably meant", () => {
    expect(() => findRecording("gitgc", { recordings })).toThrow(UserError);
  });
});

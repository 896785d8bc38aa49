import { spawnSync } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { buildProgram } from "../../src/cli/program.js";
import { mainPath, startTlbstorm, tlbstorm } from "./run_cli.js";

describe("tlbstorm", () => {
  test.each([
    { because: "the command is unknown", args: ["lst"], says: "Did you mean list?" },
    { because: "an option is unknown", args: ["list", "eras", "--jsn"], says: "mean --json?" },
    { because: "an argument is missing", args: ["describe"], says: "missing required argument" },
    { because: "an argument is too much", args: ["list", "eras", "x"], says: "too many arguments" },
    { because: "no command is given", args: [], says: "Usage: tlbstorm" },
  ])("ends with 2 when $because", ({ args, says }) => {
    const { exitCode, stdout, stderr } = tlbstorm(args);
    expect(stderr).toContain(says);
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });

  test("ends with 0 after printing its version or its help", () => {
    expect(tlbstorm(["--version"])).toMatchObject({ exitCode: 0, stderr: "" });
    expect(tlbstorm(["--help"]).stdout).toContain("Exit codes:");
  });

  test.each(buildProgram().commands.map((command) => command.name()))(
    "shows examples in the help of %s",
    (name) => {
      const { exitCode, stdout } = tlbstorm([name, "--help"]);
      expect(stdout).toMatch(new RegExp(`Examples:\n +\\$ tlbstorm ${name}`));
      expect(exitCode).toBe(0);
    },
  );
});

describe("tlbstorm list", () => {
  test("prints plain text into a pipe", () => {
    const { exitCode, stdout } = tlbstorm(["list", "operations"]);
    expect(stdout).toMatch(/^id +what it is\n.*\nmunmap_late /s);
    expect(stdout).not.toContain("\u001b");
    expect(exitCode).toBe(0);
  });

  test("prints the same entries as JSON", () => {
    const { stdout } = tlbstorm(["list", "eras", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: "tlbstorm.list/1",
      kind: "eras",
      entries: [{ id: "3.17" }, { id: "3.19" }, { id: "4.15" }, { id: "6.4" }, { id: "6.19" }],
    });
  });

  test("refuses a kind it does not know, and says what was probably meant", () => {
    expect(tlbstorm(["list", "protocol"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("Did you mean protocols?") as string,
    });
  });
});

describe("tlbstorm describe", () => {
  test("draws the wiring and names the origin of every value", () => {
    const { exitCode, stdout } = tlbstorm(["describe", "examples/gpu_munmap.yaml"]);
    expect(stdout).toContain("└─ device gpu0: gpu, PASID 1");
    expect(stdout).toMatch(/machine\.flushCeiling +33 pages +default +source +linux arch\/x86/);
    expect(exitCode).toBe(0);
  });

  test("prints 64-bit numbers as decimal strings in JSON", () => {
    const { stdout } = tlbstorm(["describe", "examples/mirror_two_devices.json", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: "tlbstorm.describe/1",
      scenario: { seed: "18446744073709551615" },
    });
  });

  test("prints every error of a scenario with its line and ends with 2", () => {
    const text = "name: n\nprotocol: nono\nmachine:\n  cores: many\n";
    const { exitCode, stdout, stderr } = tlbstorm(["describe", "-"], text);
    expect(stderr).toBe(
      'standard input:2:11: protocol: "nono" is not known here\n  did you mean none?\n' +
        'standard input:4:10: machine.cores: expected a number, found "many"\n' +
        "  write digits, without quotes or unit\n",
    );
    expect({ exitCode, stdout }).toEqual({ exitCode: 2, stdout: "" });
  });

  test("writes no colours into a pipe, on a machine that builds too", () => {
    const env = { ...process.env, CI: "true" };
    const input = "name: n\nprotocol: none\n";
    const outcome = spawnSync(process.execPath, [mainPath, "describe", "-"], { env, input });
    expect(outcome.stderr.toString()).toMatch(/^warning: standard input:1:1:/);
  });

  test("warns on standard error unless it is asked to be quiet", () => {
    const text = "name: n\nprotocol: none\n";
    expect(tlbstorm(["describe", "-"], text).stderr).toContain("warning: standard input:1:1:");
    expect(tlbstorm(["describe", "-", "--quiet"], text).stderr).toBe("");
  });

  test("refuses a workload whose recording is not there, and says which was probably meant", () => {
    const text = "name: n\nprotocol: none\nworkload: { recording: git_cg }\n";
    expect(tlbstorm(["describe", "-"], text)).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("did you mean git_gc?") as string,
    });
  });

  test("refuses a file that is not there", () => {
    expect(tlbstorm(["describe", "nowhere.yaml"])).toMatchObject({
      exitCode: 2,
      stderr:
        "error: nowhere.yaml: cannot be read: there is no such file or directory\n" +
        "  check the path; it is looked for from where you are\n",
    });
  });
});

describe("tlbstorm schema", () => {
  test("writes the schema under its name and leaves nothing else behind", () => {
    const directory = mkdtempSync(join(tmpdir(), "tlbstorm-"));
    expect(tlbstorm(["schema", "--out", join(directory, "s.json")]).exitCode).toBe(0);
    expect(readdirSync(directory)).toEqual(["s.json"]);
    expect(JSON.parse(readFileSync(join(directory, "s.json"), "utf8"))).toHaveProperty(
      "properties",
    );
  });

  test("refuses to write into a directory that is not there", () => {
    expect(tlbstorm(["schema", "--out", "/nowhere/s.json"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("/nowhere/s.json: cannot be written") as string,
    });
  });
});

describe("an interruption", () => {
  test("ends with 130, even while the command waits for its input", async () => {
    const child = startTlbstorm(["describe", "-"]);
    const exit = once(child, "exit");
    // More than a pipe holds: written means that the command is reading.
    await new Promise((resolve) => child.stdin.write("#".repeat(1 << 20), resolve));
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
  });

  test("ends with 130 while a long workload is prepared, of which progress tells", async () => {
    const child = startTlbstorm(["run", "-"]);
    const exit = once(child, "exit");
    child.stdin.end(
      "name: long\nprotocol: none\n" +
        "workload: { operations: [{ kind: munmap, pages: 64, period: 1us, repeat: 150000 }] }\n",
    );
    const [progress] = (await once(child.stderr, "data")) as [Buffer];
    expect(progress.toString()).toMatch(/^preparing the workload, events: \d+\n/);
    child.kill("SIGINT");
    expect(await exit).toEqual([130, null]);
  });
});

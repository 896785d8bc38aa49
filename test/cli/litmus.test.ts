import { mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { tlbstorm } from "./run_cli.js";

const kept = "test/litmus/flush_at_end_of_munmap.yaml";
const directory = mkdtempSync(join(tmpdir(), "tlbstorm-litmus-"));

describe("tlbstorm explore --litmus-check", () => {
  test("ends with 0 if every file says what is so", () => {
    const { exitCode, stdout } = tlbstorm(["explore", "--litmus-check", kept, kept, "--quiet"]);
    expect({ exitCode, lines: stdout.trim().split("\n") }).toEqual({
      exitCode: 0,
      lines: Array(2).fill(`${kept}: ok: Sometimes: flush-at-end munmap stale-read`),
    });
  });

  test("ends with 1 and says what is so if one does not", () => {
    const changed = join(directory, "changed.yaml");
    writeFileSync(
      changed,
      readFileSync(kept, "utf8").replace("Sometimes\nbecause", "Never\nbecause"),
    );
    const { exitCode, stdout } = tlbstorm(["explore", "--litmus-check", kept, changed, "--json"]);
    expect(exitCode).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: "tlbstorm.litmus-check/1",
      files: [
        { holds: true, differences: [] },
        {
          holds: false,
          differences: [{ what: "result", claimed: "Never", found: "Sometimes" }],
        },
      ],
    });
  });

  test("accepts what --litmus has written", () => {
    const written = join(directory, "written.yaml");
    const cell = ["--protocol", "leaf-only", "--operation", "munmap_late"];
    expect(tlbstorm(["explore", ...cell, "--litmus", written]).exitCode).toBe(1);
    expect(tlbstorm(["explore", "--litmus-check", written]).exitCode).toBe(0);
  });

  test("ends with 2 and names the line where a file is wrong", () => {
    const wrong = join(directory, "wrong.yaml");
    writeFileSync(
      wrong,
      readFileSync(kept, "utf8").replace("operation: munmap", "operation: mumap"),
    );
    const { exitCode, stderr } = tlbstorm(["explore", "--litmus-check", wrong]);
    expect(exitCode).toBe(2);
    expect(stderr).toMatch(
      /wrong\.yaml:7:14: world\.operation: "mumap" is not known here\n.*munmap/,
    );
  });
});

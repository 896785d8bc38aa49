import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ROOT } from "./sources.js";

/** Runs a tool of the project; what it says and how it ends. */
function run(tool: string, ...args: string[]): { said: string; status: number | null } {
  const bin = join(ROOT, "node_modules", ...tool.split("/"));
  const { stdout, stderr, status } = spawnSync(process.execPath, [bin, ...args], {
    cwd: ROOT,
    encoding: "utf8",
  });
  return { said: stdout + stderr, status };
}

describe("every file", { timeout: 600_000 }, () => {
  test("is as the formatter leaves it, in the core as in the host", () => {
    const outcome = run("prettier/bin/prettier.cjs", "--list-different", ".");
    expect(outcome).toEqual({ said: "", status: 0 });
  });

  test("passes the type checker, tests included", () => {
    expect(run("typescript/bin/tsc", "-p", "tsconfig.json")).toEqual({ said: "", status: 0 });
  });

  test("passes the linter", () => {
    expect(run("eslint/bin/eslint.js", ".")).toEqual({ said: "", status: 0 });
  });
});

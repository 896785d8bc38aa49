import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "vite";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const PROGRAM = `
import { explore, formatTimeline, replayToken } from "tlbstorm";

const { properties } = await explore({ protocol: "flush-at-end", operation: "munmap" });
const token = properties["stale-read"]?.token ?? null;
if (token !== null) console.log(formatTimeline(await replayToken(token)));
`;

/** Somebody else's project: below node_modules, so that the dependencies are found, and no more. */
let project: string;

beforeAll(() => {
  const cache = join(ROOT, "node_modules", ".cache");
  mkdirSync(cache, { recursive: true });
  project = mkdtempSync(join(cache, "project-"));
  const installed = join(project, "node_modules", "tlbstorm");
  mkdirSync(installed, { recursive: true });
  const packing = ["pack", "--ignore-scripts", "--silent", "--pack-destination", project];
  const tarball = execFileSync("npm", packing, { cwd: ROOT, encoding: "utf8" }).trim();
  execFileSync("tar", ["xzf", join(project, tarball), "-C", installed, "--strip-components=1"]);
  writeFileSync(join(project, "package.json"), '{ "type": "module" }');
  writeFileSync(join(project, "program.ts"), PROGRAM);
  writeFileSync(join(project, "program.js"), PROGRAM);
  writeFileSync(join(project, "page.js"), 'import "tlbstorm/element";\n');
});

afterAll(() => {
  rmSync(project, { recursive: true });
});

function run(program: string, ...args: string[]): string {
  return execFileSync(process.execPath, [program, ...args], { cwd: project, encoding: "utf8" });
}

describe("the package that npm makes", () => {
  test("is imported by a program in Node", () => {
    expect(run("program.js")).toContain("stale-read, violated at 8");
  });

  test("has types for a strict program", () => {
    const compilerOptions = { strict: true, noEmit: true, module: "nodenext", target: "es2022" };
    const config = JSON.stringify({ compilerOptions, files: ["program.ts"] });
    writeFileSync(join(project, "tsconfig.json"), config);
    const tsc = join(ROOT, "node_modules", "typescript", "bin", "tsc");
    expect(spawnSync(process.execPath, [tsc], { cwd: project, encoding: "utf8" }).stdout).toBe("");
  });

  test("has a command that finds the recordings that come with it", () => {
    const main = join(project, "node_modules", "tlbstorm", "build", "cli", "main.js");
    expect(run(main, "list", "recordings")).toContain("git_gc");
  });

  test.each(["program.js", "page.js"])(
    "is bundled for a browser with its core: %s",
    async (input) => {
      const output = await build({
        root: project,
        configFile: false,
        logLevel: "error",
        build: {
          write: false,
          assetsInlineLimit: 0,
          rolldownOptions: { input: join(project, input) },
        },
      });
      const files = Array.isArray(output) ? output : "output" in output ? [output] : [];
      const names = files.flatMap((one) => one.output.map(({ fileName }) => fileName));
      expect(names).toContainEqual(expect.stringMatching(/release-.*\.wasm$/));
      const code = files.flatMap((one) =>
        one.output.map((file) => (file.type === "chunk" ? file.code : "")),
      );
      expect(code.join("")).not.toMatch(/["']node:/);
    },
  );
});

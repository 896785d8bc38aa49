import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
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

/** What the types promise of the study and of the costs. */
const TYPED = `
import {
  calibrate,
  calibration,
  countsOf,
  modelledCost,
  runStudy,
  studyAnswers,
  studyResult,
  studySummary,
  type Answer,
  type Costs,
  type Observation,
  type RunResult,
  type StudyOptions,
  type StudyResult,
} from "tlbstorm";

export async function study(open: StudyOptions["open"]): Promise<StudyResult> {
  const data = await runStudy({ recording: "git_gc", seed: 1n, open });
  const run: RunResult | undefined = data.protocols.get("secondary-flush");
  if (run === undefined || run.counts.ipisSent < studySummary(data).length) throw run;
  const answers: readonly Answer[] = studyAnswers(data);
  return studyResult(data, answers, null);
}

export function price(own: readonly Observation[]): number {
  const costs: Costs = calibrate(own).costs;
  return modelledCost(countsOf("munmap", 1), costs, "none").totalUs;
}

export const residual: number = calibration().residual;
// @ts-expect-error nobody has measured this one
countsOf("juggle", 1);
// @ts-expect-error a study needs somebody who opens its recording
void runStudy({ recording: "git_gc", seed: 1n });
// @ts-expect-error results are not to be written to
calibration().residual = 0;
`;

/** The programs that README.md shows. */
const SHOWN = [...readFileSync(join(ROOT, "README.md"), "utf8").matchAll(/```ts\n(.*?)```/gs)].map(
  ([, text]) => text!,
);

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
  writeFileSync(join(project, "typed.ts"), TYPED);
  SHOWN.forEach((text, at) => {
    writeFileSync(join(project, `shown${at}.ts`), text);
    writeFileSync(join(project, `shown${at}.js`), text);
  });
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

  test("runs what its README shows of it", () => {
    const [timeline, price] = SHOWN.map((_, at) => run(`shown${at}.js`));
    expect(timeline).toContain("stale-read, violated at 8");
    expect(Number(price)).toBeGreaterThan(1);
  });

  test("has types for strict programs, for exploration, the study and the costs", () => {
    const compilerOptions = { strict: true, noEmit: true, module: "nodenext", target: "es2022" };
    const shown = SHOWN.map((_, at) => `shown${at}.ts`);
    const files = ["program.ts", "typed.ts", ...shown];
    const config = JSON.stringify({ compilerOptions, files });
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

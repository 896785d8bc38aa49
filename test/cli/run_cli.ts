import { spawn, spawnSync, type ChildProcessWithoutNullStreams } from "node:child_process";
import { fileURLToPath } from "node:url";

/** The built command line. */
export const mainPath = fileURLToPath(new URL("../../build/cli/main.js", import.meta.url));

export const projectRoot = fileURLToPath(new URL("../../", import.meta.url));

export interface Outcome {
  exitCode: number | null;
  stdout: string;
  stderr: string;
}

/** Runs the built command line, in the project's root if not elsewhere, after `npm run build`. */
export function tlbstorm(args: readonly string[], input = "", cwd = projectRoot): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [mainPath, ...args], {
    cwd,
    encoding: "utf8",
    input,
  });
  return { exitCode: status, stdout, stderr };
}

export function startTlbstorm(args: readonly string[]): ChildProcessWithoutNullStreams {
  return spawn(process.execPath, [mainPath, ...args], { cwd: projectRoot });
}

/**
 * A headless Chromium that needs nothing of the system: binary and libraries come with a package
 * and are unpacked once, below node_modules. It is built for Linux on x86-64; elsewhere
 * TLBSTORM_CHROMIUM names another one.
 */
import { execFile } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, renameSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { chromium, type Browser } from "playwright-core";

const run = promisify(execFile);

const CACHE = fileURLToPath(new URL("../../node_modules/.cache/", import.meta.url));
const UNPACKED = join(CACHE, "chromium");
/** The container that tests run in may not allow user namespaces. */
const ARGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"];

export async function launchChromium(): Promise<Browser> {
  const named = process.env["TLBSTORM_CHROMIUM"];
  if (named !== undefined) return chromium.launch({ executablePath: named, args: ARGS });
  if (!existsSync(UNPACKED)) await unpack();
  const executablePath = join(UNPACKED, "chromium");
  return chromium.launch({ executablePath, args: ARGS, env: await environment(executablePath) });
}

/** Unpacks beside the place and moves it there as a whole, so that no half of it is ever used. */
async function unpack(): Promise<void> {
  mkdirSync(CACHE, { recursive: true });
  const fresh = mkdtempSync(join(CACHE, "unpacking-"));
  // The package unpacks into the directory of temporary files, and its libraries only where it
  // believes to be in a container of this kind.
  const env = { ...process.env, TMPDIR: fresh, AWS_EXECUTION_ENV: "AWS_Lambda_nodejs20.x" };
  const script = 'await (await import("@sparticuz/chromium")).default.executablePath()';
  await run(process.execPath, ["--input-type=module", "--eval", script], { env, cwd: CACHE });
  renameSync(fresh, UNPACKED);
}

/** The system's own libraries where they suffice, else those of the package. */
async function environment(executable: string): Promise<Record<string, string | undefined>> {
  const env = { ...process.env, FONTCONFIG_PATH: join(UNPACKED, "fonts") };
  try {
    await run(executable, ["--version", "--no-sandbox"], { env });
    return env;
  } catch {
    return { ...env, LD_LIBRARY_PATH: join(UNPACKED, "al2023", "lib") };
  }
}

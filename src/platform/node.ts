/** What the host asks of Node. The browser has a file beside this one with the same functions. */
import { readFile } from "node:fs/promises";

/** The bytes of a file that belongs to this package. */
export async function readPackageFile(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(url));
}

/** Milliseconds that only rise; for progress and for what a result says about itself. */
export function clockMs(): number {
  return performance.now();
}

/** Lets events, interruptions and timers through. */
export function pause(): Promise<void> {
  return new Promise((resume) => setImmediate(resume));
}

import { readFile } from "node:fs/promises";

/** The bytes of a file that belongs to this package. */
export async function readPackageFile(url: URL): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await readFile(url));
}

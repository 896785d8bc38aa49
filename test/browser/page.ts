/** A page with the library in it, bundled as an application would and served from memory. */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Browser, Page } from "playwright-core";
import { build } from "vite";

const ORIGIN = "http://tlbstorm.test";
const ROOT = fileURLToPath(new URL("../../", import.meta.url));

const TYPES: readonly (readonly [RegExp, string])[] = [
  [/\.html$|\/$/, "text/html"],
  [/\.js$/, "text/javascript"],
  [/\.wasm$/, "application/wasm"],
];

/** The files of a bundle, by their path. */
export type Bundle = ReadonlyMap<string, string | Uint8Array>;

/** Bundles a module of the built package, such as `index.js`, with everything that it needs. */
export async function bundle(module: string): Promise<Bundle> {
  const output = await build({
    root: ROOT,
    configFile: false,
    logLevel: "error",
    publicDir: false,
    build: {
      write: false,
      minify: false,
      target: "es2022",
      // The core stays a file of its own, as it does in an application.
      assetsInlineLimit: 0,
      rolldownOptions: {
        input: { library: `${ROOT}build/${module}` },
        preserveEntrySignatures: "strict",
        output: { entryFileNames: "[name].js" },
      },
    },
  });
  const outputs = Array.isArray(output) ? output : [output];
  const files = outputs.flatMap((one) => ("output" in one ? one.output : []));
  return new Map(
    files.map((file) => [`/${file.fileName}`, file.type === "chunk" ? file.code : file.source]),
  );
}

/** Opens a page that serves the bundle and, below /recordings, the recordings; no other network. */
export async function openPage(browser: Browser, files: Bundle, html: string): Promise<Page> {
  const page = await browser.newPage();
  await page.route("**/*", async (route) => {
    const { origin, pathname } = new URL(route.request().url());
    const body = origin === ORIGIN ? fileAt(pathname, files, html) : undefined;
    if (body === undefined) return route.fulfill({ status: 404, body: pathname });
    const contentType = TYPES.find(([ending]) => ending.test(pathname))?.[1];
    return route.fulfill({
      body: typeof body === "string" ? body : Buffer.from(body),
      contentType: contentType ?? "application/octet-stream",
    });
  });
  await page.goto(`${ORIGIN}/`);
  return page;
}

function fileAt(path: string, files: Bundle, html: string): string | Uint8Array | undefined {
  if (path === "/") return html;
  if (path.startsWith("/recordings/")) return readFileSync(`${ROOT}${path.slice(1)}`);
  return files.get(path);
}

/** Where the built core lies when the sources run in place, under test. */
export function wasmUrl(name: "release" | "trace" | "debug"): URL {
  return new URL(`../../build/${name}.wasm`, import.meta.url);
}

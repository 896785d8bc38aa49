/** Where the built core lies, beside the compiled host. */
export function wasmUrl(name: "release" | "trace" | "debug"): URL {
  switch (name) {
    case "release":
      return new URL("../release.wasm", import.meta.url);
    case "trace":
      return new URL("../trace.wasm", import.meta.url);
    case "debug":
      return new URL("../debug.wasm", import.meta.url);
  }
}

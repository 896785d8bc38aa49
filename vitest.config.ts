import { defineConfig } from "vitest/config";

const results = process.env["TEST_RESULTS"];

export default defineConfig({
  resolve: {
    alias: [
      // Under test the sources run in place, so the core's binary is found through a file of the tests.
      {
        find: /^\.\/wasm_url\.js$/,
        replacement: new URL("./test/support/wasm_url.ts", import.meta.url).pathname,
      },
      {
        find: "#platform",
        replacement: new URL("./src/platform/node.ts", import.meta.url).pathname,
      },
    ],
  },
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // .ci/run counts the tests in a JSON report; people read the usual one.
    ...(results === undefined
      ? {}
      : { reporters: ["default", "json"], outputFile: { json: results } }),
  },
});

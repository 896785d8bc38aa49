import { describe, expect, test } from "vitest";
import { memoryAccesses } from "./rules/abi_only.js";
import { readSources, report, sample } from "./sources.js";

describe("the memory of the core", () => {
  test("is touched by src/abi only", () => {
    expect(report(memoryAccesses(readSources(["src"], [".ts"])))).toEqual([]);
  });

  test.each([
    ["await WebAssembly.compile(bytes)", "WebAssembly is known to src/abi only: use Core"],
    [
      "new Uint8Array(core.exports.memory.buffer)",
      "the core's memory is read by src/abi only: use Core.bytes or Core.view",
    ],
    [
      "view.getUint32(12, true)",
      "records are read and written by src/abi/records.ts: add a record to assembly/abi",
    ],
  ])("is touched by %s", (line, problem) => {
    expect(report(memoryAccesses([sample("src/run/a.ts", line)]))).toEqual([
      `src/run/a.ts:1: ${problem}`,
    ]);
  });

  test("may be spoken of, and touched where it belongs", () => {
    const comment = sample("src/run/a.ts", "/** WebAssembly is hidden by src/abi. */");
    const home = sample("src/abi/core.ts", "new DataView(memory.buffer)");
    expect(memoryAccesses([comment, home])).toEqual([]);
  });
});

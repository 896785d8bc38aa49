import { describe, expect, test } from "vitest";
import { Arch, Era } from "../../src/abi/vocabulary.generated.js";
import { archOf, eraOf } from "../../src/replay/kernel_of_recording.js";
import { Program, R } from "../support/program.js";

describe("the kernel of a recording", () => {
  test.each([
    { kernel: "3.13.0-24-generic", era: Era.Linux3_17 },
    { kernel: "3.19.0", era: Era.Linux3_19 },
    { kernel: "4.14.336", era: Era.Linux3_19 },
    { kernel: "4.15.18", era: Era.Linux4_15 },
    { kernel: "5.15.0-91-generic", era: Era.Linux4_15 },
    { kernel: "6.5.13", era: Era.Linux6_4 },
    { kernel: "6.6.1", era: Era.Linux6_19 },
    { kernel: "6.18", era: Era.Linux6_19 },
    { kernel: "7.0", era: Era.Linux6_19 },
    { kernel: "unknown", era: Era.Linux6_19 },
  ])("$kernel is taken for the era $era", ({ kernel, era }) => {
    expect(eraOf({ kernel })).toBe(era);
  });

  test("is on arm64 where the machine is aarch64, else on x86", () => {
    expect(archOf({ machine: "aarch64" })).toBe(Arch.Arm64);
    expect(archOf({ machine: "x86_64" })).toBe(Arch.X86);
  });

  test("decides what a replay predicts: mprotect begins at a populated block in 6.4", async () => {
    const predicted = async (kernel: string) => {
      const program = await Program.start({ kernel });
      program.map(0, 2048).write(1100, 1);
      return program.predict((p) => p.protect(0, 2048, R))[0];
    };
    expect(await predicted("6.18")).toBe("[0, 2048)");
    expect(await predicted("6.4.6")).toBe("[1024, 2048)");
  });
});

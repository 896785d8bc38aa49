/**
 * The version and the architecture that a recording was made on, as members of the era table.
 *
 * Simplifies: a kernel between two eras counts as the older one, except that 6.6 moved the
 *             secondary flush and so begins the newest; a release that cannot be read counts as the
 *             newest.
 */
import { Arch, Era } from "../abi/vocabulary.generated.js";
import type { RecordingHeader } from "../workload/recording.js";

/** The first release that each era stands for, newest first. */
const FIRST_RELEASES: readonly (readonly [major: number, minor: number, era: Era])[] = [
  [6, 6, Era.Linux6_19],
  [6, 4, Era.Linux6_4],
  [4, 15, Era.Linux4_15],
  [3, 19, Era.Linux3_19],
  [0, 0, Era.Linux3_17],
];

export function eraOf({ kernel }: Pick<RecordingHeader, "kernel">): Era {
  const [, major, minor] = /^(\d+)\.(\d+)/.exec(kernel) ?? [];
  if (major === undefined || minor === undefined) return Era.Linux6_19;
  const isAtLeast = (a: number, b: number) => +major > a || (+major === a && +minor >= b);
  return FIRST_RELEASES.find(([a, b]) => isAtLeast(a, b))![2];
}

export function archOf({ machine }: Pick<RecordingHeader, "machine">): Arch {
  return machine === "aarch64" || machine === "arm64" ? Arch.Arm64 : Arch.X86;
}

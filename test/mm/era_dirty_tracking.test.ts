/** Drivers that track writes to what they have mapped (mapping_dirty_helpers). */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { type ArchName, type EraName, KernelProbe } from "../support/kernel_probe.js";
import { type Program, R, RW } from "../support/program.js";

const SHARED_FILE = 1;
const PRIVATE_FILE = 2;
const FD = 10;

const track = (first: number, end: number) => (p: Program) =>
  p.act(ReplayAction.TrackWrites, FD, first, end);
const clean = (first: number, end: number) => (p: Program) =>
  p.act(ReplayAction.TrackDirty, FD, first, end);

/** Eight pages of shared memory, of which pages 2 to 4 were written. */
async function shared(era: EraName = "6.19", arch: ArchName = "x86") {
  const probe = await KernelProbe.boot(era, arch);
  const p = probe.program.file(FD, "memfd", 8, 0).map(0, 8, RW, SHARED_FILE, FD);
  p.read(0, 1).write(2, 3).touch(2, 3).drain();
  return probe;
}

describe("a driver that write-protects what it has mapped", () => {
  test("has a pair of its range in a vma, and flushes from the first entry that it changes to the last inside it (wp_clean_post_vma)", async () => {
    const probe = await shared();
    probe.tell(track(0, 8));
    probe.program.write(2, 1).write(4, 1).drain();
    expect(probe.tell(track(1, 8))).toEqual(["S PROTECTION_PAGE 1-8", "Fc 3", "Fs 2-5", "E"]);
  });

  test("flushes nothing, and still has the pair, where nothing may be written", async () => {
    const probe = await shared();
    probe.tell(track(0, 8));
    expect(probe.tell(track(0, 8))).toEqual(["S PROTECTION_PAGE 0-8", "E"]);
  });

  test("has a pair for each vma, and none for private ones (wp_clean_test_walk)", async () => {
    const probe = await shared();
    probe.program.map(16, 8, RW, SHARED_FILE, FD).map(32, 8, R, PRIVATE_FILE, FD).read(32, 1);
    const starts = probe.tell(track(0, 4)).filter((line) => line.startsWith("S "));
    expect(starts).toEqual(["S PROTECTION_PAGE 0-4", "S PROTECTION_PAGE 16-20"]);
  });

  test("is flushed to secondary TLBs at the end of the pair in 6.4", async () => {
    const probe = await shared("6.4");
    const told = probe.tell(track(0, 8));
    expect(told[0]).toBe("S PROTECTION_PAGE 0-8");
    expect(told.slice(-2)).toEqual(["Fs 0-8", "E"]);
  });

  test("flushes inside the pair on arm64 too (flush_tlb_range)", async () => {
    const probe = await shared("6.19", "arm64");
    const told = probe.tell(track(2, 5));
    expect(told).toEqual(["S PROTECTION_PAGE 2-5", "TLBI 3", "Fs 2-5", "DSB", "E"]);
  });
});

describe("a driver that collects what was written", () => {
  test("takes the dirty bits, and lets writing go on (clean_record_pte)", async () => {
    const probe = await shared();
    expect(probe.tell(clean(0, 8))).toEqual(["S PROTECTION_PAGE 0-8", "Fc 3", "Fs 2-5", "E"]);
    expect(probe.tell(clean(0, 8))).toEqual(["S PROTECTION_PAGE 0-8", "E"]);
    probe.program.touch(3, 1);
    expect(probe.tell(clean(0, 8))).toEqual(["S PROTECTION_PAGE 0-8", "Fc 1", "Fs 3-4", "E"]);
  });
});

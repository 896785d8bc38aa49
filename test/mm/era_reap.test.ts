/** The OOM reaper and process_mrelease: ranges whose notifiers may not block. */
import { describe, expect, test } from "vitest";
import { ReplayAction } from "../../src/abi/recording.generated.js";
import { type ArchName, type EraName, KernelProbe } from "../support/kernel_probe.js";
import { at, type Program, R, RW, type Task } from "../support/program.js";

const SHARED_FILE = 1;
const PRIVATE_FILE = 2;
const HUGETLB = 0x40022;
const reap = (p: Program) => p.act(ReplayAction.ReapMm, 0);

/** Two anonymous vmas, apart so that they stay two; nothing else is mapped. */
async function victim(era: EraName, arch: ArchName = "x86") {
  const probe = await KernelProbe.boot(era, arch, {}, false);
  probe.program.map(0, 2).map(16, 2).write(0, 2).write(16, 2);
  return probe;
}

describe("the OOM reaper", () => {
  test("has a pair that may not block and a gather of its own for each vma, from the last on (__oom_reap_task_mm)", async () => {
    const probe = await victim("6.19");
    expect(probe.tell(reap)).toEqual([
      "S UNMAP 16-18 nonblock",
      "E",
      "Fc 2",
      "Fs 16-18",
      "free 2 pages",
      "S UNMAP 0-2 nonblock",
      "E",
      "Fc 2",
      "Fs 0-2",
      "free 2 pages",
    ]);
  });

  test("begins at the first vma in 6.4, and flushes at the end of each pair as well", async () => {
    const probe = await victim("6.4");
    const told = probe.tell(reap).filter((line) => /^(S|E|Fs)/.test(line));
    expect(told.slice(0, 4)).toEqual(["S UNMAP 0-2 nonblock", "Fs 0-2", "E", "Fs 0-2"]);
    expect(told[4]).toBe("S UNMAP 16-18 nonblock");
  });

  test("flushes inside the pair on arm64 (tlb_end_vma)", async () => {
    const probe = await victim("6.19", "arm64");
    const told = ["S UNMAP 16-18 nonblock", "TLBI 2", "Fs 16-18", "DSB", "E", "free 2 pages"];
    expect(probe.tell(reap).slice(0, 6)).toEqual(told);
  });

  test.each(["3.17", "3.19", "4.15"] as const)(
    "leaves an mm with a notifier alone in %s: notifiers could block (mm_has_notifiers)",
    async (era) => {
      expect((await victim(era)).tell(reap)).toEqual([]);
    },
  );

  test("passes over a vma for which a notifier refuses: no start is heard, and no end comes (mmu_notifier_invalidate_range_start_nonblock)", async () => {
    const probe = await victim("6.19");
    const told = probe.tell((p) => p.act(ReplayAction.ReapMm, at(17)));
    expect(told).toEqual(["S UNMAP 0-2 nonblock", "E", "Fc 2", "Fs 0-2", "free 2 pages"]);
  });

  test("takes what was refused in a later attempt (oom_reap_task)", async () => {
    const probe = await victim("6.19");
    probe.tell((p) => p.act(ReplayAction.ReapMm, at(17)));
    const told = probe.tell(reap);
    expect(told.slice(0, 5)).toEqual([
      "S UNMAP 16-18 nonblock",
      "E",
      "Fc 2",
      "Fs 16-18",
      "free 2 pages",
    ]);
    expect(told.slice(5)).toEqual(["S UNMAP 0-2 nonblock", "E"]);
  });

  test("leaves shared files and hugetlb memory, and takes private copies of files (vma_is_anonymous, VM_SHARED)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", {}, false);
    const p = probe.program;
    p.file(10, "memfd", 4).map(0, 4, RW, SHARED_FILE, 10).write(0, 1);
    p.map(512, 512, RW, HUGETLB).write(512, 1);
    p.map(2048, 4, R, PRIVATE_FILE, 10).read(2048, 1);
    const starts = probe.tell(reap).filter((line) => line.startsWith("S "));
    expect(starts).toEqual(["S UNMAP 2048-2052 nonblock"]);
  });

  test("keeps page tables and vmas, and what was there does not come back (check_stable_address_space)", async () => {
    const probe = await victim("6.19");
    expect(probe.tell(reap).join()).not.toContain("table");
    probe.program.write(0, 2).drain();
    const told = ["S UNMAP 0-2", "E"];
    expect(probe.tell((p) => p.unmap(0, 2)).slice(0, 2)).toEqual(told);
    expect(probe.tell((p) => p.unmap(16, 2)).join()).not.toContain("page");
    expect(probe.program.audit()).toBe(0);
  });

  test("leaves shared memory to be faulted in as before (finish_fault)", async () => {
    const probe = await KernelProbe.boot("6.19", "x86", {}, false);
    probe.program.file(10, "memfd", 4).map(0, 4, RW, SHARED_FILE, 10);
    probe.tell(reap);
    probe.program.write(0, 1).touch(0, 1);
    expect(probe.tell((p) => p.unmap(0, 4))).toContain("Fc 1");
  });
});

describe("process_mrelease", () => {
  const release =
    (result: number, fd = 5) =>
    (p: Program, child: Task) =>
      p
        .call("pidfd_open", { pid: 1 }, 5, child)
        .call("process_mrelease", { pidfd: fd }, result, child);

  /** A child calls it for its parent, whose mm has the notifier. */
  async function released(act: (p: Program, child: Task) => Program) {
    const probe = await victim("6.19");
    const child = probe.program.fork();
    return probe.tell((p) => act(p, child)).filter((line) => /^(S|E)/.test(line));
  }

  test("reaps the mm of the process that its pidfd stands for, in the task that calls", async () => {
    const told = ["S UNMAP 16-18 nonblock", "E", "S UNMAP 0-2 nonblock", "E"];
    expect(await released(release(0))).toEqual(told);
  });

  test.each([
    ["a process that is not about to die (EINVAL)", -22, 5],
    ["a notifier that refuses, somewhere (EAGAIN)", -11, 5],
    ["a descriptor that nothing is known of", 0, 6],
  ])("is not carried out for %s", async (_, result, fd) => {
    expect(await released(release(result, fd))).toEqual([]);
  });

  test("leaves nothing for the exit of the process but its tables (exit_mmap)", async () => {
    const probe = await victim("6.19");
    const child = probe.program.fork();
    probe.tell((p) => release(0)(p, child));
    probe.program.exit(child);
    expect(probe.program.audit()).toBe(0);
  });
});

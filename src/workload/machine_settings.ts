/**
 * The settings of the running kernel that a recording's header names. Node on Linux only.
 *
 * Source: linux 6.18 Documentation/admin-guide/mm/transhuge.rst, ksm.rst,
 *         Documentation/arch/x86/tlb.rst.
 */
import { readdir, readFile } from "node:fs/promises";
import { cpus, machine, release } from "node:os";
import { join } from "node:path";
import type { RecordingHeader } from "./events.js";

/** The kernel's default where debugfs cannot be read (arch/x86/mm/tlb.c). */
const FLUSH_CEILING_DEFAULT = 33;
const THP = "sys/kernel/mm/transparent_hugepage";

export type MachineSettings = Omit<
  RecordingHeader,
  "format" | "name" | "program" | "window" | "needs" | "note"
>;

/** Reads the settings; `root` is where the file systems of the kernel are found. */
export async function machineSettings(root = "/"): Promise<MachineSettings> {
  const read = (path: string): Promise<string | null> => readIfPossible(join(root, path));
  const thp = selected(await read(`${THP}/enabled`));
  const shmem = selected(await read(`${THP}/shmem_enabled`));
  const pmd = Number(await read(`${THP}/hpage_pmd_size`));
  const swaps = (await read("proc/swaps")) ?? "";
  const ceiling = await read("sys/kernel/debug/x86/tlb_single_page_flush_ceiling");
  return {
    kernel: release(),
    machine: machine(),
    cpus: cpusUpTo(await read("sys/devices/system/cpu/online")) ?? cpus().length,
    page: 4096,
    pmd: pmd === 0 ? 2 * 1024 * 1024 : pmd,
    thp: thp ?? "never",
    shmem_thp: shmem ?? "never",
    thp_sizes: await folioSizes(root),
    swap: swaps.trim().split("\n").length > 1,
    ksm: (await read("sys/kernel/mm/ksm/run"))?.trim() ?? "0",
    flush_ceiling: ceiling === null ? FLUSH_CEILING_DEFAULT : Number(ceiling),
  };
}

/** How many CPUs there are up to the last of a list such as `0-3,6`; null without a list. */
function cpusUpTo(list: string | null): number | null {
  const last = /(\d+)\s*$/.exec(list ?? "")?.[1];
  return last === undefined ? null : Number(last) + 1;
}

/** The folio sizes that are in use, with their setting. */
async function folioSizes(root: string): Promise<Record<string, string>> {
  const sizes: [string, string][] = [];
  const names = await readdir(join(root, THP)).catch(() => []);
  for (const name of names.toSorted()) {
    const size = /^hugepages-(\d+kB)$/.exec(name)?.[1];
    if (size === undefined) continue;
    const setting = selected(await readIfPossible(join(root, THP, name, "enabled")));
    if (setting !== null && setting !== "never") sizes.push([size, setting]);
  }
  return Object.fromEntries(sizes);
}

/** The word in brackets of a line such as `always [madvise] never`. */
function selected(text: string | null): string | null {
  return /\[(\w+)\]/.exec(text ?? "")?.[1] ?? null;
}

async function readIfPossible(path: string): Promise<string | null> {
  return readFile(path, "utf8").catch(() => null);
}

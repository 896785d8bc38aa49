/**
 * The vmas that an execve made, from the mapping records perf keeps (PERF_RECORD_MMAP2).
 *
 * Models:     later mappings replace what they overlap, as the loader of the kernel maps them.
 * Simplifies: a hole between two segments of a program keeps the protection of the first one.
 * Source:     linux 6.18 fs/binfmt_elf.c (elf_load), kernel/events/core.c (perf_event_mmap).
 */
import type { SnapPages, SnapVma } from "./events.js";

/** `PID/TID: [START(LENGTH) @ OFFSET MAJOR:MINOR INODE GENERATION]: PROT NAME` */
const MAPPING =
  /^ (?<pid>-?\d+)\/\d+: \[(?<start>0x[0-9a-f]+)\((?<length>0x[0-9a-f]+|0)\) @ (?<off>0x[0-9a-f]+|0) [^\]]*\]: (?<perm>[r-][w-][x-][ps]) (?<name>.*)$/;

const PAGE = 4096;

/** Numbers of files, equal for equal paths. */
export class FileNumbers {
  readonly #numbers = new Map<string, number>();

  of(path: string): number {
    const number = this.#numbers.get(path) ?? this.#numbers.size + 1;
    this.#numbers.set(path, number);
    return number;
  }
}

/** The vma of a PERF_RECORD_MMAP2, or null when its fields are not understood. */
export function parseMapping(fields: string, files: FileNumbers): SnapVma | null {
  const match = MAPPING.exec(fields)?.groups;
  if (match === undefined) return null;
  const { start = "", length = "", off = "", perm = "", name = "" } = match;
  const isFile = name.startsWith("/") && !name.startsWith("//");
  return {
    start: Number(start),
    end: Number(start) + Number(length),
    perm,
    file: isFile ? files.of(name) : null,
    off: isFile ? Number(off) : 0,
    name: name.startsWith("[") ? name : null,
  };
}

/** The mappings of one execve, and the pages it touched while it ran. */
export class ExecMappings {
  #vmas: SnapVma[] = [];
  readonly #pages = new Set<number>();

  add(vma: SnapVma): void {
    this.#vmas = [...this.#vmas.flatMap((old) => outside(old, vma)), vma];
  }

  touch(address: number): void {
    this.#pages.add(address - (address % PAGE));
  }

  get isEmpty(): boolean {
    return this.#vmas.length === 0;
  }

  vmas(): SnapVma[] {
    return this.#vmas.toSorted((a, b) => a.start - b.start);
  }

  /** The touched pages that lie in a vma. */
  pages(): SnapPages[] {
    const isMapped = (page: number): boolean =>
      this.#vmas.some(({ start, end }) => start <= page && page < end);
    return [...this.#pages]
      .filter(isMapped)
      .toSorted((a, b) => a - b)
      .map((start) => ({ start, count: 1, flags: "Px", frame: null }));
  }
}

/** What is left of a vma when another one is mapped over it. */
function outside(old: SnapVma, over: SnapVma): SnapVma[] {
  if (old.end <= over.start || over.end <= old.start) return [old];
  const below = { ...old, end: over.start };
  const above = {
    ...old,
    start: over.end,
    off: old.file === null ? 0 : old.off + (over.end - old.start),
  };
  return [below, above].filter(({ start, end }) => start < end);
}

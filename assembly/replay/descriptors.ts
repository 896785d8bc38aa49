/**
 * Which file a descriptor of a process is, as far as the recording tells.
 *
 * Simplifies: open and close are not recorded; a descriptor of a real program is one file until the
 *             recording names another.
 */
import { Arena } from "../base/arena";
import { LongMap } from "../base/long_map";
import { Kernel } from "../kernel/kernel";
import { FileKind } from "../kernel/mm/files";

/** Files of real programs have no known size. */
const UNKNOWN_SIZE: u64 = 1 << 50;

export class Descriptors {
  /** Bytes of the next System V segment that is attached; told by the host. */
  sharedSegmentSize: u64 = 0;
  private readonly files: LongMap;
  /** The process that a descriptor stands for, by the number of its first task, plus one. */
  private readonly processes: LongMap;
  /** The process whose descriptors a forked process began with. */
  private readonly parents: LongMap;

  constructor(arena: Arena) {
    this.files = new LongMap(arena);
    this.processes = new LongMap(arena);
    this.parents = new LongMap(arena);
  }

  inherit(child: u32, parent: u32): void {
    if (child != parent) this.parents.set(child, parent);
  }

  set(process: u32, fd: u32, file: u32): void {
    this.files.set(key(process, fd), file);
  }

  find(process: u32, fd: u32): u32 {
    return this.look(this.files, process, fd);
  }

  /** pidfd_open of the process whose first task is `tid`. */
  setProcess(process: u32, fd: u32, tid: u32): void {
    this.processes.set(key(process, fd), tid + 1);
  }

  /** The first task of the process that a pidfd stands for, plus one; 0 when that is unknown. */
  findProcess(process: u32, fd: u32): u32 {
    return this.look(this.processes, process, fd);
  }

  private look(map: LongMap, process: u32, fd: u32): u32 {
    let owner = process;
    while (owner != 0) {
      const found = map.get(key(owner, fd));
      if (found != 0) return found;
      owner = this.parents.get(owner);
    }
    return 0;
  }

  findOrMake(kernel: Kernel, process: u32, fd: u32): u32 {
    const known = this.find(process, fd);
    if (known != 0) return known;
    const file = kernel.files.make(FileKind.Unknown, UNKNOWN_SIZE);
    this.set(process, fd, file);
    return file;
  }

  /** The file behind a System V segment. */
  segment(kernel: Kernel, id: u32, size: u64): u32 {
    const at = ((<u64>1) << 63) | id;
    const known = this.files.get(at);
    if (known != 0) return known;
    const file = kernel.files.make(FileKind.SysV, size);
    this.files.set(at, file);
    return file;
  }
}

// @ts-ignore: decorator
@inline
function key(process: u32, fd: u32): u64 {
  return ((<u64>process) << 32) | fd;
}

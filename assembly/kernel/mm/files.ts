/**
 * Files and their page cache.
 *
 * Models:     size, folios of any order in the cache, dirty folios; shared anonymous memory is a
 *             file too.
 * Simplifies: a file whose making the recording does not show counts as cached wherever it is read.
 * Source:     linux 6.18 mm/filemap.c, mm/shmem.c
 */
import { Arena } from "../../base/arena";
import { LongMap } from "../../base/long_map";
import { WordList } from "../../base/word_list";

export const enum FileKind {
  None = 0,
  Ext4 = 1,
  Tmpfs = 2,
  Memfd = 3,
  Hugetlb = 4,
  /** mmap(MAP_SHARED | MAP_ANONYMOUS). */
  SharedAnon = 5,
  /** A file of a real program: its kind, size and cached pages are not recorded. */
  Unknown = 6,
  SysV = 7,
  /** [vdso] and its kin: pages of the kernel. */
  Special = 8,
  /** Memory of a device: frames without a struct page. */
  Device = 9,
}


@unmanaged
export class File {
  kind: FileKind;
  /** In pages, rounded up. */
  pages: u64;
  cached: u32;
  /** Bytes that a partial last page leaves, for truncation. */
  size: u64;
  maps: u32;
  /** One past the last page that was ever cached. */
  cachedEnd: u64;
}

export class Files {
  private readonly records: WordList;
  private readonly cache: LongMap;

  constructor(private readonly arena: Arena) {
    const records = new WordList(arena);
    records.push(0);
    this.records = records;
    this.cache = new LongMap(arena);
  }

  make(kind: FileKind, size: u64): u32 {
    const file = changetype<File>(this.arena.take(offsetof<File>()));
    file.kind = kind;
    file.size = size;
    file.pages = (size + 4095) >> 12;
    this.records.push(<u32>changetype<usize>(file));
    return this.records.length - 1;
  }

  get count(): u32 {
    return this.records.length;
  }

  at(id: u32): File {
    return changetype<File>(<usize>this.records.at(id));
  }

  /** The frame that caches page `index`, or 0. */
  cachedPage(id: u32, index: u64): u32 {
    return this.cache.get(key(id, index));
  }

  addToCache(id: u32, index: u64, pfn: u32): void {
    this.cache.set(key(id, index), pfn);
    const file = this.at(id);
    file.cached++;
    file.cachedEnd = max(file.cachedEnd, index + 1);
  }

  dropFromCache(id: u32, index: u64): void {
    this.cache.remove(key(id, index));
    this.at(id).cached--;
  }

  /**
   * Writes are tracked through faults (vma_wants_writenotify): a clean page is mapped read-only.
   */
  isTracked(id: u32): bool {
    const kind = this.at(id).kind;
    return kind == FileKind.Ext4 || kind == FileKind.Unknown;
  }

  /** Memory without a disk behind it: tmpfs, memfd, shared anonymous, SysV. */
  isShmem(id: u32): bool {
    const kind = this.at(id).kind;
    return (
      kind == FileKind.Tmpfs ||
      kind == FileKind.Memfd ||
      kind == FileKind.SharedAnon ||
      kind == FileKind.SysV
    );
  }
}

// @ts-ignore: decorator
@inline
function key(id: u32, index: u64): u64 {
  return ((<u64>id) << 40) | (index + 1);
}

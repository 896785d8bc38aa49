/**
 * The locks that decide who may run beside whom.
 *
 * Models:     mmap_lock as readers and writer, one page-table lock, one reverse-map lock, and the
 *             lock of the driver; each held across steps by one task, or by several readers.
 * Simplifies: no fairness between readers and writers; a waiting writer stops nobody.
 * Source:     linux include/linux/mmap_lock.h, mm/rmap.c (lock ordering)
 */
export const NOBODY: u32 = 0;

export class Locks {
  mmapReaders: u32 = 0;
  mmapWriter: u32 = NOBODY;
  pageTable: u32 = NOBODY;
  rmap: u32 = NOBODY;
  driver: u32 = NOBODY;

  canRead(): bool {
    return this.mmapWriter == NOBODY;
  }

  canWrite(): bool {
    return this.mmapWriter == NOBODY && this.mmapReaders == 0;
  }
}

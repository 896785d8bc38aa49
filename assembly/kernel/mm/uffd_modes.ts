/**
 * How a VMA is registered with userfaultfd.
 *
 * Models:     faults on missing pages, and write protection that somebody resolves or that
 *             resolves itself.
 * Source:     linux 6.18 include/linux/userfaultfd_k.h, fs/userfaultfd.c
 */
export const UFFD_MISSING: u32 = 1;
export const UFFD_WP: u32 = 2;
/** Write-protection that resolves itself, as PAGEMAP_SCAN uses it. */
export const UFFD_WP_ASYNC: u32 = 4;

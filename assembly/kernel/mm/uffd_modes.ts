/** How a VMA is registered with userfaultfd. Source: linux 6.18 fs/userfaultfd.c */
export const UFFD_MISSING: u32 = 1;
export const UFFD_WP: u32 = 2;
/** Write-protection that resolves itself, as PAGEMAP_SCAN uses it. */
export const UFFD_WP_ASYNC: u32 = 4;

/** Where the parts of every instance lie: its address space, its page and its table frames. */
export const ASID: u32 = 1;
export const FIRST_VPN: u64 = 0x40000;
export const TABLE_FRAMES: u32 = 8;
export const PGD: u32 = 0;
export const PUD: u32 = 1;
export const PMD: u32 = 2;
export const PTP: u32 = 3;
/** The table that an empty-table protocol installs. */
export const EMPTY: u32 = 4;

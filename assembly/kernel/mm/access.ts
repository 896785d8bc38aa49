/**
 * What a program wants of a page.
 *
 * Models:     the access of a fault.
 * Source:     linux 6.18 include/linux/mm_types.h (enum fault_flag)
 */
export const enum Access {
  Read = 0,
  Write = 1,
  Execute = 2,
}

/**
 * What operations of an mm cost on a real kernel, with and without a registered notifier.
 *
 * Measured on Linux 6.18 in a virtual machine with 2 AMD CPUs and no tracing: 16 rounds, in each
 * the three states of the notifier list one after the other, 200 samples a figure (25 to 60 for the
 * long ones). Memory is virtualised, so faults and flushes cost more than on bare metal: take
 * ratios and shapes, not microseconds.
 */

/**
 * Microseconds: the median over the rounds of the rounds' medians, and the quartiles over the
 * rounds.
 */
export type Quartiles = readonly [median: number, lower: number, upper: number];

export const MEASURED_ON = "Linux 6.18 in a virtual machine, AMD, 2 CPUs";

/** What the measured process had registered. */
export const MEASURED_STATES = {
  none: "no notifier is registered",
  bare: "a KVM VM without memory slot: its callbacks find nothing to do, the bare price of the call",
  slot: "a KVM VM with a memory slot over the range: its callbacks take KVM's lock and walk its tables",
} as const;

export type MeasuredState = keyof typeof MEASURED_STATES;

/**
 * `fault_*` and `cow_fault` are per page; `fork` populates `pages` in one vma, `fork_vmas`
 * populates one page in each of `pages` vmas; `fault_zero_cow` writes to a zero page, `cow_fault`
 * to a page that a living child shares.
 */
export const MEASURED_OPERATIONS = [
  "munmap",
  "mprotect_ro",
  "mprotect_rw",
  "dontneed",
  "mremap",
  "fault_write",
  "fault_read",
  "fault_zero_cow",
  "fault_file_read",
  "fork",
  "cow_fault",
  "fork_vmas",
] as const;

export type MeasuredOperation = (typeof MEASURED_OPERATIONS)[number];

export interface OneCpuRow extends Readonly<Record<MeasuredState, Quartiles>> {
  readonly operation: MeasuredOperation;
  readonly pages: number;
}

/** The second CPU spins in user mode in the same mm, so that each flush has to be sent to it. */
export interface TwoCpuRow {
  readonly operation: MeasuredOperation;
  readonly pages: number;
  /** Without the second thread and without a notifier. */
  readonly alone: Quartiles;
  readonly spinning: Quartiles;
  /** The same with a KVM VM without memory slot. */
  readonly spinningBare: Quartiles;
}

type Row = readonly [MeasuredOperation, number, Quartiles, Quartiles, Quartiles];

/** Operation, pages, and the three states of the notifier list. */
const ONE_CPU_ROWS: readonly Row[] = [
  ["munmap", 1, [3.15, 3.11, 3.25], [3.62, 3.54, 3.63], [3.96, 3.84, 4.01]],
  ["mprotect_ro", 1, [1.27, 1.23, 1.28], [1.72, 1.68, 1.72], [2.07, 2.01, 2.11]],
  ["mprotect_rw", 1, [0.98, 0.97, 1], [1.33, 1.32, 1.38], [1.67, 1.65, 1.71]],
  ["dontneed", 1, [1.24, 1.22, 1.25], [1.7, 1.68, 1.76], [2.05, 2.01, 2.11]],
  ["mremap", 1, [5.82, 5.75, 5.94], [6.64, 6.6, 6.85], [7.35, 7.22, 7.75]],
  ["munmap", 8, [4.81, 4.72, 4.93], [5.3, 5.21, 5.39], [5.64, 5.49, 5.85]],
  ["mprotect_ro", 8, [2.16, 2.14, 2.19], [2.61, 2.61, 2.66], [2.96, 2.9, 3.08]],
  ["mprotect_rw", 8, [1.98, 1.93, 2.01], [2.33, 2.29, 2.39], [2.66, 2.58, 2.74]],
  ["dontneed", 8, [2.98, 2.9, 3.04], [3.46, 3.4, 3.52], [3.82, 3.73, 3.93]],
  ["mremap", 8, [6.38, 6.13, 6.61], [7.07, 7.03, 7.18], [7.84, 7.67, 7.99]],
  ["munmap", 33, [12.19, 12.08, 12.44], [12.64, 12.56, 12.87], [13.05, 12.77, 13.39]],
  ["mprotect_ro", 33, [5.3, 5.21, 5.43], [5.74, 5.66, 5.82], [6.09, 5.95, 6.35]],
  ["mprotect_rw", 33, [5.48, 5.28, 5.68], [5.76, 5.61, 5.9], [6.11, 5.9, 6.3]],
  ["dontneed", 33, [10.31, 10.21, 10.46], [10.75, 10.58, 10.85], [11.04, 10.89, 11.25]],
  ["mremap", 33, [8.02, 7.77, 8.32], [8.71, 8.54, 8.78], [9.47, 9.17, 9.62]],
  ["munmap", 34, [11.09, 11.03, 11.25], [11.53, 11.41, 11.9], [11.82, 11.72, 11.94]],
  ["mprotect_ro", 34, [4.01, 3.97, 4.04], [4.49, 4.41, 4.59], [4.76, 4.72, 4.83]],
  ["mprotect_rw", 34, [4.09, 4.04, 4.14], [4.43, 4.38, 4.49], [4.75, 4.67, 4.84]],
  ["dontneed", 34, [9.24, 9.06, 9.33], [9.72, 9.64, 10.05], [9.99, 9.93, 10.11]],
  ["mremap", 34, [6.58, 6.38, 6.92], [7.38, 7.28, 7.47], [8.02, 7.97, 8.14]],
  ["munmap", 128, [35.27, 34.43, 35.59], [35.58, 35.13, 36.09], [35.7, 35.52, 36.12]],
  ["mprotect_ro", 128, [11.21, 10.95, 11.35], [11.64, 11.47, 11.81], [12.04, 11.86, 12.07]],
  ["mprotect_rw", 128, [12.22, 12.05, 12.28], [12.57, 12.42, 12.98], [12.92, 12.79, 13.11]],
  ["dontneed", 128, [33.09, 32.87, 33.4], [33.6, 33.24, 34.57], [34.01, 33.64, 34.17]],
  ["mremap", 128, [7.66, 7.37, 7.91], [8.43, 8.35, 8.64], [9.17, 8.99, 9.3]],
  ["munmap", 512, [135, 133, 136], [137, 134, 143], [135, 133, 137]],
  ["mprotect_ro", 512, [40.97, 40.59, 41.67], [42.09, 41.06, 42.42], [42.31, 41.81, 42.87]],
  ["mprotect_rw", 512, [45.62, 44.52, 45.83], [45.92, 45.2, 47.43], [46.41, 45.65, 46.69]],
  ["dontneed", 512, [132, 130, 134], [133, 132, 136], [134, 132, 135]],
  ["mremap", 512, [6.54, 6.17, 6.72], [7.23, 7.02, 7.43], [8.4, 8.23, 8.66]],
  ["munmap", 4096, [1132, 1113, 1153], [1153, 1116, 1175], [1152, 1106, 1165]],
  ["mprotect_ro", 4096, [367, 354, 378], [368, 359, 383], [374, 361, 383]],
  ["mprotect_rw", 4096, [357, 355, 362], [357, 351, 364], [361, 354, 366]],
  ["dontneed", 4096, [1134, 1110, 1140], [1137, 1122, 1165], [1144, 1129, 1178]],
  ["mremap", 4096, [41.15, 39.19, 42.68], [44.53, 41.03, 46.45], [52.61, 50.2, 57.46]],
  ["fault_write", 1, [1.35, 1.33, 1.36], [1.34, 1.33, 1.36], [1.35, 1.33, 1.36]],
  ["fault_read", 1, [0.7, 0.69, 0.71], [0.7, 0.69, 0.71], [0.7, 0.7, 0.71]],
  ["fault_zero_cow", 1, [1.64, 1.63, 1.65], [2.09, 2.08, 2.13], [2.63, 2.59, 2.66]],
  ["fault_file_read", 1, [0.29, 0.28, 0.29], [0.28, 0.28, 0.29], [0.29, 0.28, 0.29]],
  ["fork", 16, [48.92, 48.26, 49.84], [56.75, 55.99, 57.34], [57.39, 56.05, 58.63]],
  ["cow_fault", 16, [1.86, 1.82, 1.92], [2.53, 2.47, 2.55], [2.9, 2.85, 2.93]],
  ["fork", 512, [101, 99.68, 104], [108, 106, 109], [109, 108, 111]],
  ["cow_fault", 512, [1.8, 1.74, 1.86], [2.37, 2.31, 2.43], [2.82, 2.8, 2.89]],
  ["fork", 8192, [939, 911, 949], [943, 932, 955], [950, 944, 1010]],
  ["cow_fault", 8192, [2.03, 1.99, 2.07], [2.56, 2.5, 2.62], [3.03, 3.01, 3.08]],
  ["fork_vmas", 10, [58.01, 56.93, 58.69], [67.97, 66.96, 68.41], [70.8, 69.31, 72.48]],
  ["fork_vmas", 100, [144, 143, 146], [181, 180, 199], [205, 202, 208]],
  ["fork_vmas", 1000, [1153, 1138, 1170], [1479, 1439, 1506], [1719, 1682, 1749]],
];

/** Operation, pages, alone, with the second CPU spinning, and the same with a KVM VM. */
const TWO_CPU_ROWS: readonly Row[] = [
  ["munmap", 1, [3.14, 3.06, 3.2], [15.45, 15.03, 16.34], [16.02, 15.83, 16.18]],
  ["mprotect_ro", 1, [1.25, 1.24, 1.28], [13.4, 12.95, 13.74], [13.85, 13.64, 14.02]],
  ["mprotect_rw", 1, [0.97, 0.95, 0.99], [13.63, 13.09, 14.09], [13.9, 13.72, 14.2]],
  ["dontneed", 1, [1.25, 1.23, 1.27], [13.37, 13.08, 13.8], [13.79, 13.49, 13.94]],
  ["munmap", 8, [4.94, 4.84, 5.07], [17.28, 16.92, 18.29], [17.86, 17.53, 18.08]],
  ["mprotect_ro", 8, [2.16, 2.1, 2.18], [14.44, 13.94, 14.85], [14.86, 14.48, 15.02]],
  ["mprotect_rw", 8, [1.97, 1.91, 1.99], [14.48, 14.14, 15.26], [15.01, 14.73, 15.16]],
  ["dontneed", 8, [3.02, 2.98, 3.06], [16.07, 15.25, 16.39], [15.97, 15.73, 16.61]],
  ["munmap", 33, [12.25, 12.02, 12.53], [25.22, 24.75, 26.85], [25.9, 25.64, 26.73]],
  ["mprotect_ro", 33, [5.34, 5.17, 5.44], [17.87, 17.51, 18.33], [18.46, 18.3, 18.66]],
  ["mprotect_rw", 33, [5.44, 5.32, 5.61], [18.1, 17.9, 18.71], [18.65, 18.48, 18.88]],
  ["dontneed", 33, [10.22, 10.06, 10.44], [23.66, 23.11, 24.87], [23.95, 23.55, 24.62]],
  ["munmap", 34, [11.17, 11, 11.33], [24.35, 23.68, 25.38], [24.52, 23.9, 24.68]],
  ["mprotect_ro", 34, [3.97, 3.92, 4.02], [16.57, 16.3, 17.23], [17.13, 16.73, 17.32]],
  ["mprotect_rw", 34, [4.08, 4.07, 4.13], [16.51, 16.03, 17.35], [17.2, 16.82, 17.71]],
  ["dontneed", 34, [9.24, 9.04, 9.46], [22.47, 21.83, 23.45], [22.46, 22.22, 23.04]],
  ["munmap", 128, [35.04, 34.61, 35.21], [50.01, 47.79, 53.73], [50.54, 48.9, 53.71]],
  ["mprotect_ro", 128, [11.09, 11, 11.22], [24.67, 23.69, 25.72], [25.52, 24.49, 26.25]],
  ["mprotect_rw", 128, [12.28, 12.18, 12.43], [25.23, 24.36, 25.94], [25.54, 25.39, 25.83]],
  ["dontneed", 128, [33.45, 32.99, 35.46], [47.74, 46.13, 49.36], [47.52, 46.63, 48.36]],
  ["munmap", 512, [133, 132, 135], [155, 148, 159], [152, 148, 155]],
  ["mprotect_ro", 512, [40.91, 40.3, 41.27], [57.92, 55.77, 62.19], [58.4, 56.12, 60.49]],
  ["mprotect_rw", 512, [45.42, 45.06, 45.96], [58.63, 57.34, 65.96], [60.16, 59.41, 60.93]],
  ["dontneed", 512, [132, 131, 133], [148, 147, 167], [152, 149, 167]],
];

export const ONE_CPU: readonly OneCpuRow[] = ONE_CPU_ROWS.map(
  ([operation, pages, none, bare, slot]) => ({ operation, pages, none, bare, slot }),
);

export const TWO_CPUS: readonly TwoCpuRow[] = TWO_CPU_ROWS.map(
  ([operation, pages, alone, spinning, spinningBare]) => ({
    operation,
    pages,
    alone,
    spinning,
    spinningBare,
  }),
);

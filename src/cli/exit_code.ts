/** What a command tells the shell. */
export const ExitCode = {
  /** Done, and nothing was found. */
  Done: 0,
  /** Done, and something was found: a violation, a mismatch, a device failure. */
  Found: 1,
  /**
   * The input is wrong, or its limits leave the answer open; running again will not help.
   */
  InputWrong: 2,
  /** A defect of tlbstorm. */
  Defect: 3,
  Interrupted: 130,
} as const;

export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

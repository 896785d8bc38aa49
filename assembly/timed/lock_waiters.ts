/** Who waits for locks and looks again when one is released; implemented by the workers. */
export abstract class LockWaiters {
  /**
   * The holder of the driver's lock will never release it while the program waits for it: it waits
   * itself, for what only the program can end, or it has no work left.
   */
  abstract keepsDriverLock(holder: u32): bool;

  /** Somebody waits for the driver's lock. */
  abstract wantsDriverLock(): bool;

  /** A lock was released: whoever waits looks again. */
  abstract wake(): void;
}

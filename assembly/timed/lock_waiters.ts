/** Who waits for locks and looks again when one is released; implemented by the workers. */
export abstract class LockWaiters {
  /** A lock was released: whoever waits looks again. */
  abstract wake(): void;
}

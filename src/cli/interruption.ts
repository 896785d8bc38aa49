/** Work that tidies up after itself when the user interrupts; other work just ends. */
const running = new Set<AbortController>();

/** The user ended the work before it was done. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Does work that ends soon after its signal, and leaves nothing half done. */
export async function interruptible<Result>(
  work: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const controller = new AbortController();
  running.add(controller);
  try {
    return await work(controller.signal);
  } catch (error) {
    throw controller.signal.aborted ? new Interrupted("interrupted", { cause: error }) : error;
  } finally {
    running.delete(controller);
  }
}

/** Asks such work to end; false: there is none, or it was asked before. */
export function interruptWork(): boolean {
  const asked = [...running].filter(({ signal }) => !signal.aborted);
  for (const controller of asked) controller.abort();
  return asked.length > 0;
}

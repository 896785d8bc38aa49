/** A recording that cannot be used: what is wrong, where, and what to try. */
export class RecordingError extends Error {
  override readonly name = "RecordingError";

  constructor(
    readonly file: string,
    /** Line counted from 1; null when the file as a whole is meant. */
    readonly line: number | null,
    readonly problem: string,
    readonly hint: string,
    options?: ErrorOptions,
  ) {
    super(`${file}${line === null ? "" : `:${line}`}: ${problem}. ${hint}.`, options);
  }
}

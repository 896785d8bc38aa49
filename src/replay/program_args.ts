/**
 * The arguments of a small program, as its recording's header has them: NAME key=value...
 */

const PAGE = 4096;
const UNITS: Record<string, number> = { p: PAGE, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

export class ProgramArgs {
  readonly name: string;
  readonly #values = new Map<string, number>();

  constructor(program: string | readonly string[]) {
    const words = typeof program === "string" ? [program] : program;
    this.name = words[0] ?? "";
    for (const word of words.slice(1)) {
      const [key, value] = word.split("=");
      if (key !== undefined && value !== undefined) this.#values.set(key, parseNumber(value));
    }
  }

  /** The value of `key`, or the program's own default. */
  get(key: string, otherwise: number): number {
    return this.#values.get(key) ?? otherwise;
  }
}

/** Decimal or hexadecimal, with a suffix for pages or a power of 1024. */
function parseNumber(text: string): number {
  const unit = UNITS[text.at(-1) ?? ""];
  return unit === undefined ? Number(text) : Number(text.slice(0, -1)) * unit;
}

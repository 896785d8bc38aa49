/** Numbers as people read them; the same in every locale. */

/** `12,345` */
export function grouped(value: number): string {
  const [whole, rest] = String(value).split(".");
  const digits = whole!.replace(/\B(?=(\d{3})+$)/g, ",");
  return rest === undefined ? digits : `${digits}.${rest}`;
}

/** Three digits that count, without a tail of zeros: `0.0312`, `4.5`, `1,230`. */
export function rounded(value: number): string {
  if (value === 0) return "0";
  const exponent = Math.floor(Math.log10(Math.abs(value)));
  const decimals = Math.max(0, 2 - exponent);
  const text = value.toFixed(Math.min(decimals, 9));
  return grouped(Number(text));
}

/** Nanoseconds in the largest unit that leaves a number above 1. */
export function duration(ns: number): string {
  if (Math.abs(ns) >= 1e9) return `${rounded(ns / 1e9)} s`;
  if (Math.abs(ns) >= 1e6) return `${rounded(ns / 1e6)} ms`;
  if (Math.abs(ns) >= 1e3) return `${rounded(ns / 1e3)} us`;
  return `${rounded(ns)} ns`;
}

export function percent(share: number): string {
  return `${rounded(100 * share)} %`;
}

/** `1 fault`, `2 faults` */
export function counted(count: number, what: string, many = `${what}s`): string {
  return `${grouped(count)} ${count === 1 ? what : many}`;
}

/** `a`, `a and b`, `a, b and c` */
export function listed(words: readonly string[]): string {
  if (words.length <= 1) return words.join("");
  return `${words.slice(0, -1).join(", ")} and ${words.at(-1)!}`;
}

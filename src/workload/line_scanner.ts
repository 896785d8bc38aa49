/**
 * Reads numbers and fixed text from the bytes of one line, for the fast path of the reader.
 *
 * Hot: a recording has millions of lines. Every method answers "not as expected" with false or NaN,
 * and the caller then gives the line to JSON.parse.
 */
export class LineScanner {
  bytes = new Uint8Array(0) as Uint8Array;
  position = 0;

  /** Steps over this text if it comes next. */
  skip(text: Uint8Array): boolean {
    const { bytes, position } = this;
    for (let i = 0; i < text.length; i++) {
      if (bytes[position + i] !== text[i]) return false;
    }
    this.position = position + text.length;
    return true;
  }

  /** A decimal number without sign, as JSON writes it, of at most 15 digits. */
  natural(): number {
    const { bytes } = this;
    const start = this.position;
    let position = start;
    let value = 0;
    for (;;) {
      const digit = bytes[position]! - 48;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      position++;
    }
    const length = position - start;
    if (length === 0 || length > 15 || (length > 1 && bytes[start] === 48)) return NaN;
    this.position = position;
    return value;
  }

  /** A decimal number that may be negative. */
  integer(): number {
    if (this.bytes[this.position] !== 45) return this.natural();
    this.position++;
    // -0 is left to JSON.parse, so that both paths agree on it.
    const value = this.natural();
    return value === 0 ? NaN : -value;
  }

  /** The digits of a hexadecimal number below 2^52; the caller has stepped over its 0x. */
  hexDigits(): number {
    const { bytes } = this;
    const start = this.position;
    let position = start;
    let value = 0;
    for (;;) {
      const byte = bytes[position]!;
      if (byte >= 48 && byte <= 57) value = value * 16 + (byte - 48);
      else if (byte >= 97 && byte <= 102) value = value * 16 + (byte - 87);
      else break;
      position++;
    }
    const length = position - start;
    if (length === 0 || length > 13) return NaN;
    this.position = position;
    return value;
  }

  /**
   * A hash of the lower-case name up to the next quote, which is stepped over; 0 if there is none.
   */
  nameHash(): number {
    const { bytes } = this;
    let position = this.position;
    let hash = 0;
    for (;;) {
      const byte = bytes[position]!;
      if (byte === 34) break;
      if (!(byte >= 48 && byte <= 122)) return 0;
      hash = (Math.imul(hash, 31) + byte) | 0;
      position++;
    }
    this.position = position + 1;
    return hash;
  }
}

/** The bytes of an ASCII text. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (letter) => letter.charCodeAt(0));
}

/** Looks names up by the hash that `LineScanner.nameHash` computes. */
export class NameTable<T> {
  readonly #byHash = new Map<number, { bytes: Uint8Array; value: T }>();

  constructor(entries: Iterable<readonly [name: string, value: T]>) {
    for (const [name, value] of entries) {
      const scanner = new LineScanner();
      scanner.bytes = ascii(`${name}"`);
      const hash = scanner.nameHash();
      // Of two names with one hash the later is simply not found, and its lines take the slow path.
      if (!this.#byHash.has(hash)) this.#byHash.set(hash, { bytes: scanner.bytes, value });
    }
  }

  /** Reads a name and its closing quote; undefined when the table does not have it. */
  read(scanner: LineScanner): T | undefined {
    const start = scanner.position;
    const entry = this.#byHash.get(scanner.nameHash());
    if (entry === undefined) return undefined;
    scanner.position = start;
    return scanner.skip(entry.bytes) ? entry.value : undefined;
  }
}

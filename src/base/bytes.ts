/** Numbers and texts as a row of bytes: what tokens are made of. */

export class ByteWriter {
  private readonly bytes: number[] = [];

  byte(value: number): this {
    this.bytes.push(value & 0xff);
    return this;
  }

  /** A whole number of any size: seven bits a byte, the low ones first. */
  number(value: number): this {
    let rest = value;
    while (rest >= 0x80) {
      this.byte((rest % 0x80) | 0x80);
      rest = Math.floor(rest / 0x80);
    }
    return this.byte(rest);
  }

  word(value: number): this {
    for (let shift = 0; shift < 32; shift += 8) this.byte(value >>> shift);
    return this;
  }

  block(block: Uint8Array): this {
    this.number(block.length);
    for (const byte of block) this.bytes.push(byte);
    return this;
  }

  text(text: string): this {
    return this.block(new TextEncoder().encode(text));
  }

  finish(): Uint8Array {
    return Uint8Array.from(this.bytes);
  }
}

/** Reads what a ByteWriter wrote; throws RangeError where it ends too early. */
export class ByteReader {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  byte(): number {
    const value = this.bytes[this.at++];
    if (value === undefined) throw new RangeError("the bytes end too early");
    return value;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; factor <= 2 ** 42; factor *= 0x80) {
      const byte = this.byte();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
    throw new RangeError("a number is longer than any that was written");
  }

  word(): number {
    let value = 0;
    for (let shift = 0; shift < 32; shift += 8) value |= this.byte() << shift;
    return value >>> 0;
  }

  block(): Uint8Array {
    const length = this.number();
    if (length > this.bytes.length - this.at) throw new RangeError("the bytes end too early");
    this.at += length;
    return this.bytes.slice(this.at - length, this.at);
  }

  text(): string {
    return new TextDecoder("utf-8", { fatal: true }).decode(this.block());
  }
}

/** The 32-bit FNV-1a hash. Source: draft-eastlake-fnv. */
export function fnv1a(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  // By index: a program's records are megabytes, and an iterator takes three times as long.
  for (let at = 0; at < bytes.length; at++) hash = Math.imul(hash ^ bytes[at]!, 0x01000193);
  return hash >>> 0;
}

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

/** Base64 of the URL alphabet without padding (RFC 4648, section 5). */
export function toBase64Url(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 3) {
    const [a, b = 0, c = 0] = bytes.subarray(at, at + 3);
    const group = (a! << 16) | (b << 8) | c;
    const digits = Math.min(bytes.length - at, 3) + 1;
    for (let digit = 0; digit < digits; digit++)
      text += ALPHABET[(group >> (18 - 6 * digit)) & 63]!;
  }
  return text;
}

/** The bytes behind a text of toBase64Url, or null if it is none. */
export function fromBase64Url(text: string): Uint8Array | null {
  if (text.length % 4 === 1) return null;
  const bytes: number[] = [];
  for (let at = 0; at < text.length; at += 4) {
    const digits = Array.from(text.slice(at, at + 4), (digit) => ALPHABET.indexOf(digit));
    if (digits.includes(-1)) return null;
    const [a, b, c = 0, d = 0] = digits;
    const group = (a! << 18) | (b! << 12) | (c << 6) | d;
    for (let byte = 0; byte < digits.length - 1; byte++)
      bytes.push((group >> (16 - 8 * byte)) & 255);
  }
  return Uint8Array.from(bytes);
}

/** Reads the fields of one JSON object of a recording and refuses what is missing or mistyped. */
import { type Address, ADDRESS_MAX } from "./events.js";
import { RecordingError } from "./recording_error.js";

const DAMAGED =
  "The file is damaged or not in recording format 1; take a fresh copy or record again";
const PAGE = 4096;
/** Results of a call from -4095 to -1 are errors (include/linux/err.h, MAX_ERRNO). */
const ERRNO_MAX = 4095;
const HEXADECIMAL = /^0x[0-9a-f]{1,16}$/i;

export type JsonObject = Record<string, unknown>;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The number of a hexadecimal text, or NaN; see `Address` for what happens above 2^53. */
export function parseHexadecimal(text: string): number {
  if (!HEXADECIMAL.test(text)) return NaN;
  const value = Number(text);
  if (Number.isSafeInteger(value)) return value;
  const bits = BigInt(text);
  return bits === 0xffff_ffff_ffff_ffffn ? ADDRESS_MAX : Number(bits & ~2047n);
}

export class Fields {
  constructor(
    readonly object: JsonObject,
    /** What the object is, for messages: `the fault`, `the header`. */
    readonly subject: string,
    readonly file: string,
    readonly line: number,
  ) {}

  fail(problem: string, hint: string = DAMAGED): never {
    throw new RecordingError(this.file, this.line, problem, hint);
  }

  require(name: string): void {
    this.#required(name);
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  /** An integer that a number holds exactly, at least `min` and below `limit`. */
  integer(name: string, min = Number.MIN_SAFE_INTEGER, limit = 2 ** 53): number {
    const value = this.#required(name);
    const isInteger = typeof value === "number" && Number.isSafeInteger(value);
    if (!isInteger) return this.#mistyped(name, value, "an integer");
    if (value < min || value >= limit) this.#mistyped(name, value, `in [${min}, ${limit})`);
    return value;
  }

  boolean(name: string): boolean {
    const value = this.#required(name);
    return typeof value === "boolean" ? value : this.#mistyped(name, value, "true or false");
  }

  text(name: string): string {
    const value = this.#required(name);
    return typeof value === "string" ? value : this.#mistyped(name, value, "a text");
  }

  /** One of a closed set of words. */
  word<T extends string>(name: string, words: readonly T[]): T {
    const value = this.#required(name);
    const found = words.find((word) => word === value);
    return found ?? this.#mistyped(name, value, `one of ${words.join(", ")}`);
  }

  address(name: string): Address {
    const value = this.#required(name);
    const address = typeof value === "string" ? parseHexadecimal(value) : NaN;
    if (Number.isNaN(address)) this.#mistyped(name, value, "a hexadecimal address such as 0x1000");
    return address;
  }

  /** An address where a page begins, or 2^64-1. */
  pageAddress(name: string): Address {
    const address = this.address(name);
    if (address % PAGE !== 0) {
      this.#mistyped(name, this.#get(name), `a multiple of the page size, ${PAGE}`);
    }
    return address;
  }

  /** `start` and `end` of a range of whole pages that is not empty. */
  range(): { start: Address; end: Address } {
    const start = this.pageAddress("start");
    const end = this.pageAddress("end");
    if (start >= end) this.fail(`"start" of ${this.subject} is not below its "end"`);
    return { start, end };
  }

  /** A register's value: an integer, or a hexadecimal text. */
  register(name: string): number {
    const value = this.#required(name);
    const number = typeof value === "string" ? parseHexadecimal(value) : value;
    const isValid =
      typeof number === "number" &&
      Number.isInteger(number) &&
      number >= -(2 ** 63) &&
      number <= ADDRESS_MAX;
    return isValid ? number : this.#mistyped(name, value, "an integer or a hexadecimal text");
  }

  /** An address, or a negative errno. */
  addressOrError(name: string): number {
    if (typeof this.#get(name) !== "string") return this.integer(name, -ERRNO_MAX, 0);
    return this.address(name);
  }

  /** A number that is not negative, or a negative errno. */
  numberOrError(name: string): number {
    return this.integer(name, -ERRNO_MAX);
  }

  array(name: string): unknown[] {
    const value = this.#required(name);
    return Array.isArray(value) ? (value as unknown[]) : this.#mistyped(name, value, "an array");
  }

  /** An object inside this one. */
  nested(name: string, subject = `"${name}" of ${this.subject}`): Fields {
    const value = this.#required(name);
    if (!isJsonObject(value)) return this.#mistyped(name, value, "an object");
    return new Fields(value, subject, this.file, this.line);
  }

  /** The elements of an array of objects. */
  nestedArray(name: string, subject: string): Fields[] {
    return this.array(name).map((value) => {
      if (!isJsonObject(value)) return this.#mistyped(name, value, "an array of objects");
      return new Fields(value, subject, this.file, this.line);
    });
  }

  #get(name: string): unknown {
    return Object.hasOwn(this.object, name) ? this.object[name] : undefined;
  }

  #required(name: string): unknown {
    const value = this.#get(name);
    if (value === undefined) this.fail(`the field "${name}" of ${this.subject} is missing`);
    return value;
  }

  #mistyped(name: string, value: unknown, expected: string): never {
    const shown = JSON.stringify(value).slice(0, 60);
    return this.fail(`the field "${name}" of ${this.subject} is ${shown}, not ${expected}`);
  }
}

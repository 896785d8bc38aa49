/**
 * Turns a world into a short string and back, so that visited worlds are keys of a Map.
 *
 * Models:     one character for each number or boolean, in the order of the fields.
 * Simplifies: no compression; numbers stay between -8 and 240, which is asserted.
 */
type Plain = number | boolean | Plain[] | { [key: string]: Plain };

const OFFSET = 8;

function write(value: unknown, out: number[]): void {
  if (typeof value === "number") {
    if (value < -OFFSET || value > 240) throw new Error("a number of the world fits one character");
    out.push(value + OFFSET);
  } else if (typeof value === "boolean") out.push(value ? 1 : 0);
  else if (Array.isArray(value)) for (const item of value) write(item, out);
  else for (const key in value as object) write((value as Record<string, unknown>)[key], out);
}

function read(shape: Plain, text: string, cursor: { at: number }): Plain {
  if (typeof shape === "number") return text.charCodeAt(cursor.at++) - OFFSET;
  if (typeof shape === "boolean") return text.charCodeAt(cursor.at++) === 1;
  if (Array.isArray(shape)) return shape.map((item) => read(item, text, cursor));
  const result: Record<string, Plain> = {};
  for (const key in shape) result[key] = read(shape[key]!, text, cursor);
  return result;
}

export function encode(world: object): string {
  const out: number[] = [];
  write(world, out);
  return String.fromCharCode(...out);
}

/** The world that `text` stands for; `shape` is any world of the same instance. */
export function decode<T extends object>(shape: T, text: string): T {
  return read(shape as unknown as Plain, text, { at: 0 }) as unknown as T;
}

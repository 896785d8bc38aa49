/**
 * Sets values inside a scenario by path, written as in messages: `devices[0].atc.entries`. An empty
 * index means every element: `devices[].lanes`.
 */
import type { Json } from "./schema.js";

/** Every element of a list. */
const EACH = null;
type Segment = string | number | typeof EACH;

/** A path that leads nowhere. */
export class WrongPath extends Error {
  override readonly name = "WrongPath";

  constructor(
    problem: string,
    /** What to try. */
    readonly hint: string,
  ) {
    super(problem);
  }
}

/** The segments of a path; throws WrongPath when it is not one. */
export function parsePath(path: string): Segment[] {
  const segments = segmentsIn(path);
  if (segments !== null) return segments;
  throw new WrongPath(
    "this is not a path",
    "write keys with points between them, and brackets for elements: devices[0].atc.entries",
  );
}

/** The segments of a path; null: it is none. */
export function segmentsIn(path: string): Segment[] | null {
  if (!/^[$\w-]+(\[\d*\])*(\.[\w-]+(\[\d*\])*)*$/.test(path)) return null;
  return [...path.matchAll(/([$\w-]+)|\[(\d*)\]/g)].map(([, key, index]) => {
    if (key !== undefined) return key;
    return index === "" || index === undefined ? EACH : Number(index);
  });
}

/** A copy of the scenario with the value at the path. Blocks on the way are made. */
export function withValue(scenario: Json, path: string, value: Json): Json {
  return set(scenario, parsePath(path), value, "");
}

function set(node: Json | undefined, path: readonly Segment[], value: Json, above: string): Json {
  const [segment, ...rest] = path;
  if (segment === undefined) return structuredClone(value);
  if (typeof segment === "string") {
    if (node !== undefined && !isBlock(node)) {
      throw new WrongPath(`${above} is not a block of keys`, `write ${above} out in the scenario`);
    }
    const child = node?.[segment];
    const name = above === "" ? segment : `${above}.${segment}`;
    return { ...node, [segment]: set(child, rest, value, name) };
  }
  if (!Array.isArray(node)) {
    throw new WrongPath(`the scenario has no list ${above}`, `write ${above} out in the scenario`);
  }
  if (segment === EACH) return node.map((child) => set(child, rest, value, `${above}[]`));
  if (segment >= node.length) {
    const count = `${node.length} ${node.length === 1 ? "element" : "elements"}`;
    throw new WrongPath(
      `${above} has ${count}, counted from 0`,
      `${above}[] is each of them; or write more of them in the scenario`,
    );
  }
  return node.map((child, index) =>
    index === segment ? set(child, rest, value, `${above}[${segment}]`) : child,
  );
}

function isBlock(node: Json): node is { [key: string]: Json } {
  return typeof node === "object" && node !== null && !Array.isArray(node);
}

/** Whether a path of the grid is that of a message, or leads to it. */
export function leadsTo(path: string, message: string): boolean {
  const escaped = path.replaceAll(/[.[\]-]/g, "\\$&").replaceAll("\\[\\]", "\\[\\d+\\]");
  return new RegExp(`^${escaped}(?![\\w-])`).test(message);
}

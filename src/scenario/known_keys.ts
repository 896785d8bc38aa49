/** Which keys may stand at a path; read off the JSON Schema, so that it cannot differ. */
import { valueAt } from "./explain.js";
import { bareJsonSchema, branchesOf, type JsonSchema } from "./json_schema.js";

/** Of a scenario. */
export function knownKeysAt(path: readonly PropertyKey[], root: unknown): string[] {
  return knownKeysOf(bareJsonSchema(), path, root);
}

/** `root` is the value as written; what it says decides between alternatives. */
export function knownKeysOf(
  schema: JsonSchema,
  path: readonly PropertyKey[],
  root: unknown,
): string[] {
  let nodes: JsonSchema[] = branchesOf(schema);
  for (const segment of path) nodes = nodes.flatMap((node) => childrenOf(node, segment));
  const block = valueAt(root, path);
  const keys = nodes
    .filter((node) => agrees(node, block))
    .flatMap((node) => Object.keys(node.properties ?? {}));
  return [...new Set(keys)];
}

/** What a scenario may have at a path, whatever it says elsewhere. */
export function fieldsAt(path: readonly PropertyKey[]): { keys: string[]; isList: boolean } {
  let nodes: JsonSchema[] = branchesOf(bareJsonSchema());
  for (const segment of path) nodes = nodes.flatMap((node) => childrenOf(node, segment));
  const keys = nodes.flatMap((node) => Object.keys(node.properties ?? {}));
  return { keys: [...new Set(keys)], isList: nodes.some(({ items }) => items !== undefined) };
}

function childrenOf(node: JsonSchema, segment: PropertyKey): JsonSchema[] {
  const child = typeof segment === "number" ? node.items : node.properties?.[String(segment)];
  if (typeof child !== "object" || Array.isArray(child)) return [];
  return branchesOf(child).flatMap(branchesOf);
}

/** Whether no key that tells the alternatives apart says that another one is meant. */
function agrees(node: JsonSchema, block: unknown): boolean {
  return Object.entries(node.properties ?? {}).every(([key, child]) => {
    const wanted = typeof child === "object" ? child.const : undefined;
    return wanted === undefined || valueAt(block, [key]) === wanted;
  });
}

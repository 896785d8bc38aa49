/** The properties, where they apply, and the judgement of an access that reaches memory. */
import type { Instance } from "./instance.js";
import type { OperationId } from "./operations.js";
import { Access, F0, Owner, type World } from "./world.js";

/** Properties that one step violates. `served` is about infinite runs and is searched apart. */
export const STEP_PROPERTIES = [
  "stale-read",
  "stale-write",
  "readonly-write",
  "lost-write",
  "split-brain",
  "stale-walk",
  "device-failure",
] as const;

export type StepProperty = (typeof STEP_PROPERTIES)[number];

const ONLY_FOR: Partial<Record<StepProperty, readonly OperationId[]>> = {
  "readonly-write": ["mprotect", "cow", "ksm"],
  "lost-write": ["migrate", "collapse"],
  "split-brain": ["cow", "migrate", "collapse"],
  "stale-walk": ["munmap", "munmap_late", "collapse"],
};

export function applies(
  property: StepProperty,
  { protocol, operation, retryLimit }: Instance,
): boolean {
  if (property === "stale-walk" && protocol.reads === "mirror") return false;
  if (property === "device-failure" && retryLimit === Infinity) return false;
  return ONLY_FOR[property]?.includes(operation) ?? true;
}

/** What an access violates at the moment it reaches the frame. */
export function judgeAccess(world: World, access: Access, frame: number): StepProperty[] {
  const { owner, promisedReadOnly } = world.frames[frame]!;
  const isWrite = access === Access.Write;
  if (owner === Owner.Reused) return [isWrite ? "stale-write" : "stale-read"];
  const violated: StepProperty[] = [];
  if (isWrite && promisedReadOnly) violated.push("readonly-write");
  if (isWrite && frame === F0 && world.copied) violated.push("lost-write");
  if (frame === F0 && world.replacementVisible) violated.push("split-brain");
  return violated;
}

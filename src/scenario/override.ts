/** What the command line says instead of the scenario. */
import type { Scenario } from "./schema.js";
import { parseDurationNs } from "./units.js";

export type Overrides = {
  [Key in "seed" | "era" | "arch" | "protocol" | "until"]?: Scenario[Key] | undefined;
};

/** The scenario with the overrides in it, and the paths that they set. */
export function applyOverrides(
  scenario: Scenario,
  overrides: Overrides,
): { scenario: Scenario; overridden: Set<string> } {
  const given = Object.entries(overrides).filter(([, value]) => value !== undefined);
  const overridden = new Set(given.map(([key]) => key));
  if (typeof overrides.until === "object") overridden.add("until.events");
  return { scenario: { ...scenario, ...Object.fromEntries(given) }, overridden };
}

/** Reads "10ms" or "5000events"; null if it is neither. */
export function parseUntil(text: string): NonNullable<Scenario["until"]> | null {
  const events = /^(\d+)\s*events?$/.exec(text);
  if (events === null) {
    const ns = parseDurationNs(text);
    return ns === Infinity || ns === 0 ? null : ns;
  }
  const count = Number(events[1]);
  return Number.isSafeInteger(count) && count > 0 ? { events: count } : null;
}

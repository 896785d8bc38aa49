/**
 * A counterexample as a table: rows are time, columns are actors, the violated rule comes last.
 *
 * Source: the races in linux Documentation/mm/mmu_notifier.rst are drawn like this.
 */
import { z } from "zod";
import { columns } from "../base/columns.js";
import { argumentsOf } from "../scenario/arguments.js";
import { exampleArgument } from "./arguments.js";
import type { Counterexample } from "./counterexample.js";
import { entryText, OWNER_TEXTS } from "./narrate.js";
import { PROPERTIES } from "./properties.js";
import { allowedWindow } from "./window.js";
import type { DeviceState, Entry, WorldState } from "./world_state.js";

export interface TimelineOptions {
  /** Page table, caches and owners of frames beside each step. */
  states?: boolean | undefined;
}

const checkTimeline = argumentsOf("formatTimeline", {
  example: exampleArgument,
  options: z.strictObject({ states: z.boolean().optional() }),
});

export function formatTimeline(example: Counterexample, options: TimelineOptions = {}): string {
  checkTimeline({ example, options });
  return [...table(example, options.states === true), "", ...closing(example)].join("\n");
}

function table({ steps, initial }: Counterexample, states: boolean): string[] {
  const actors = timelineActors(steps);
  const head = ["time", ...actors, ...(states ? STATE_HEADS : [])];
  const first = states ? [["0", ...actors.map(() => ""), ...stateTexts(initial)]] : [];
  const rows = steps.map(({ actor, text, state }, at) => [
    String(at + 1),
    ...actors.map((column) => (column === actor ? text : "")),
    ...(states ? stateTexts(state) : []),
  ]);
  return columns(
    [head, ...first, ...rows].map(([time, ...cells]) => [time!.padStart(4), ...cells]),
  );
}

const RANKS = ["mm", "handler", "driver", "iommu", "timer", "registrar", "elsewhere", "device"];

const checkSteps = argumentsOf("timelineActors", {
  steps: z.array(z.looseObject({ actor: z.string() })),
});

/** The columns of a timeline: the mm on the left, devices on the right. */
export function timelineActors(steps: readonly { readonly actor: string }[]): string[] {
  checkSteps({ steps });
  return [...new Set(steps.map(({ actor }) => actor))].sort(byRank);
}

function byRank(a: string, b: string): number {
  const rank = (actor: string) => RANKS.indexOf(actor.split(" ")[0]!);
  return rank(a) - rank(b) || (a < b ? -1 : 1);
}

const STATE_HEADS = ["page table", "caches", "frames"];

/** Page table, caches and owners of frames, each as a short text. */
export function stateTexts(state: WorldState): [table: string, caches: string, frames: string] {
  return [tableText(state), cachesText(state), framesText(state)];
}

function tableText({ upper, ptes, tableOwner, isEmptied }: WorldState): string {
  const parts = ptes.map((pte, page) => `${pageName("pte", ptes, page)} ${entryText(pte)}`);
  if (upper?.kind !== "table") parts.unshift(`pmd ${entryText(upper)}`);
  if (OWNER_TEXTS[tableOwner] !== "mm") parts.push(`table ${OWNER_TEXTS[tableOwner]}`);
  if (isEmptied) parts.push("empty table in place");
  return parts.join(", ");
}

function cachesText({ devices }: WorldState): string {
  return devices
    .map((device, index) => {
      const text = deviceCaches(device).join(", ") || "-";
      return devices.length > 1 ? `[${index}] ${text}` : text;
    })
    .join(" ");
}

function deviceCaches(device: DeviceState): string[] {
  const parts: string[] = [];
  const add = (cache: string, entries: readonly Entry[]) => {
    entries.forEach((entry, page) => {
      if (entry !== null) parts.push(`${pageName(cache, entries, page)} ${entryText(entry)}`);
    });
  };
  add("mirror", device.mirror);
  add("IOTLB", device.iotlb);
  add("ATC", device.atc);
  if (device.isTableCached) parts.push("walk cache");
  if (device.inFlight !== null)
    parts.push(`${device.inFlight} of F${device.inFlightFrame} in flight`);
  if (device.request === "outstanding") parts.push("page request");
  if (device.isFailed) parts.push("failed");
  return parts;
}

function framesText({ frames }: WorldState): string {
  return frames
    .map(({ owner, isPromised, isCopied, isReplaced }, frame) => {
      const marks = [isPromised && "promised", isCopied && "copied", isReplaced && "replaced"];
      return [`F${frame} ${OWNER_TEXTS[owner]}`, ...marks.filter((mark) => mark !== false)].join(
        " ",
      );
    })
    .join(", ");
}

function pageName(what: string, entries: readonly unknown[], page: number): string {
  return entries.length > 1 ? `${what}[${page}]` : what;
}

/** What a run that never answers a request takes for granted. */
export function fairnessText({ loop, starved }: Counterexample): string {
  if (loop === null) return "nobody who is obliged to act can do anything";
  if (starved.length === 0) {
    return "whoever can act again and again does, and it does not help (strong fairness)";
  }
  const who = starved.join(" and ");
  return `only where ${who} is starved for ever (weak fairness): it could act again and again`;
}

function closing(example: Counterexample): string[] {
  const { property, steps, loop, token, isReproduced } = example;
  const { rule } = PROPERTIES[property];
  const verdict = isReproduced ? `violated at ${steps.length}` : "not violated";
  const repeats = loop === null ? [] : [`loop:    steps ${loop + 1} to ${steps.length}, for ever`];
  const fair = property === "served" ? [`fair:    ${fairnessText(example)}`] : [];
  const window = allowedWindow(example);
  const allowed =
    window === null
      ? []
      : [
          `allowed: ${window.what} from step ${window.opens} until step ${window.closes}` +
            ` (${window.end})`,
        ];
  return [
    ...repeats,
    ...fair,
    ...allowed,
    `rule:    ${rule}   ${property}, ${verdict}`,
    `token:   ${token}`,
  ];
}

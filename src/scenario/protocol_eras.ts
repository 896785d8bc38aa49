/**
 * Which kernels have the notifier callbacks that a protocol is written with.
 *
 * Models:     when a callback came, and when a combination of callbacks was forbidden.
 * Simplifies: nothing is said about drivers that existed in one kernel only.
 * Source:     linux commits 34ee645e83b6 (invalidate_range, 3.19), 99cb252f5e68 (interval
 *             notifiers, 5.5), 1af5a8109904 (secondary flush and range callbacks exclude each
 *             other, 6.6).
 */
import type { Protocol, ProtocolStep } from "../protocols/schema.js";
import { ERAS, wordsOf, type Era } from "./vocabulary.js";

interface Rule {
  appliesTo(protocol: Protocol): boolean;
  eras: readonly Era[];
  /** What the other eras lack or forbid. */
  otherwise: string;
}

const stepName = (step: ProtocolStep): string => (typeof step === "string" ? step : step.do);

/** Whether the driver acts there; looking for notifiers is the mm's own doing. */
const acts = (steps: readonly ProtocolStep[]): boolean =>
  steps.some((step) => stepName(step) !== "sample-notifiers");

const RULES: readonly Rule[] = [
  {
    appliesTo: ({ secondaryFlush }) => acts(secondaryFlush),
    eras: ["3.19", "4.15", "6.4", "6.19"],
    otherwise: "this kernel has no callback beside the CPU TLB flush, so that one is never called",
  },
  {
    appliesTo: ({ secondaryFlush, rangeStart, rangeEnd }) =>
      acts(secondaryFlush) && (acts(rangeStart) || acts(rangeEnd)),
    eras: ["3.17", "3.19", "4.15", "6.4"],
    otherwise: "this kernel does not let one notifier have both a secondary flush and a range pair",
  },
  {
    appliesTo: ({ fault }) => fault.some((step) => stepName(step) === "sample-even-sequence"),
    eras: ["6.4", "6.19"],
    otherwise: "this kernel has no interval notifiers",
  },
];

/** Why a driver for that kernel could not follow the protocol; empty if it could. */
export function misfitsOf(protocol: Protocol, era: Era): { problem: string; hint: string }[] {
  const applying = RULES.filter((rule) => rule.appliesTo(protocol));
  const fitting = wordsOf(ERAS).filter((one) => applying.every(({ eras }) => eras.includes(one)));
  return applying
    .filter(({ eras }) => !eras.includes(era))
    .map(({ otherwise }) => ({
      problem: `${protocol.id} does not fit Linux ${era}: ${otherwise}`,
      hint: fitting.length === 0 ? "it fits no era" : `it fits ${fitting.join(", ")}`,
    }));
}

/** A protocol as the bytes that the core runs. */
import {
  FlushSite,
  Hook,
  HOOK_BYTES,
  HOOKS,
  PROTOCOL_HEAD_BYTES,
  ProtocolTrait,
} from "../abi/vocabulary.generated.js";
import type { FLUSH_SITES, Protocol, ProtocolStep, TRAITS } from "./schema.js";
import { PROTOCOL_STEPS, STEP_CONDITIONS, type ProtocolStepName } from "./steps.js";

const SITES: Record<(typeof FLUSH_SITES)[number], FlushSite> = {
  munmap: FlushSite.Munmap,
  dontneed: FlushSite.Dontneed,
  mprotect: FlushSite.Mprotect,
  fork: FlushSite.Fork,
  "cow-break": FlushSite.CowBreak,
  migrate: FlushSite.Migrate,
  ksm: FlushSite.Ksm,
  collapse: FlushSite.Collapse,
};

const TRAIT_BITS: Record<(typeof TRAITS)[number], ProtocolTrait> = {
  pins: ProtocolTrait.Pins,
  "pins-ignored-by-fork": ProtocolTrait.PinsIgnoredByFork,
  "timer-frees-tables": ProtocolTrait.TimerFreesTables,
  "timer-frees-pages": ProtocolTrait.TimerFreesPages,
  "grace-before-free": ProtocolTrait.GraceBeforeFree,
  "overlapping-thread": ProtocolTrait.OverlappingThread,
  "late-registration": ProtocolTrait.LateRegistration,
  "locked-registration": ProtocolTrait.LockedRegistration,
};

/** The handler of a driver whose device walks the mm's own table. */
export const SHARED_TABLE_HANDLER: readonly ProtocolStepName[] = [
  "lock-mmap",
  "fault",
  "unlock-mmap",
  "respond",
];

export function encodeProtocol(protocol: Protocol): Uint8Array {
  const bytes = new Uint8Array(PROTOCOL_HEAD_BYTES + HOOK_BYTES * HOOKS);
  const traits = traitBits(protocol);
  bytes.set([traits & 0xff, traits >>> 8]);
  const handler = protocol.fault.length > 0 ? protocol.fault : SHARED_TABLE_HANDLER;
  encodeHook(bytes, Hook.RangeStart, protocol.rangeStart);
  encodeHook(bytes, Hook.BeforeChange, protocol.beforeChange);
  encodeHook(bytes, Hook.SecondaryFlush, protocol.secondaryFlush);
  encodeHook(bytes, Hook.RangeEnd, protocol.rangeEnd);
  encodeHook(bytes, Hook.Fault, handler);
  return bytes;
}

function traitBits(protocol: Protocol): number {
  let bits = 0;
  if (protocol.reads === "mirror") bits |= ProtocolTrait.Mirror;
  if (protocol.levels === "two") bits |= ProtocolTrait.TwoLevel;
  for (const trait of protocol.traits) bits |= TRAIT_BITS[trait];
  return bits;
}

function encodeHook(bytes: Uint8Array, hook: Hook, steps: readonly ProtocolStep[]): void {
  const base = PROTOCOL_HEAD_BYTES + HOOK_BYTES * hook;
  bytes[base] = steps.length;
  steps.forEach((step, index) => {
    const entry = typeof step === "string" ? { do: step } : step;
    const definition = PROTOCOL_STEPS[entry.do];
    const sites = entry.at?.reduce<number>((all, site) => all | SITES[site], 0) ?? 0xff;
    const condition = entry.if === undefined ? definition.condition : STEP_CONDITIONS[entry.if];
    bytes.set(
      [definition.kind, condition, entry.joined === true ? 1 : 0, sites],
      base + 4 + index * 4,
    );
  });
}

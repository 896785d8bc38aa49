/**
 * The readings of the definitions where their text leaves more than one open.
 *
 * Every field is one ambiguity; `DEFAULT_CHOICES` is the reading this twin stands for. README.md
 * says which of the other readings change a verdict or a length.
 */
export interface Choices {
  /**
   * A write walk that finds a read-only translation caches it before it raises the page request.
   */
  writeMissFillsReadOnly: boolean;
  /** The mirror handlers' "lock, check, install, unlock" is one step, or one step for each verb. */
  mirrorInstall: "one-step" | "step-per-verb";
  /** How "count+1; the first one installs …" behaves when two mm threads overlap. */
  emptyTablePair: "two-steps-locked" | "two-steps-unlocked" | "one-step";
  /**
   * With a flag in place of the counter, every start and end acts, or only those that change it.
   */
  flagActs: "always" | "on-change";
  /** "flush in munmap" of the deferred protocol covers the small munmap too. */
  deferredCoversLateMunmap: boolean;
  /** Where the pinning driver takes its pin: in the fault (under the PTL) or at the install. */
  pinTakenAt: "fault" | "install";
  /**
   * A read fault on a read-only PTE that a pin may not use is handled as a write fault, or refused.
   */
  pinOnReadOnly: "as-write" | "invalid";
  /** A flush reaches all devices in one step, or takes one step for each device. */
  flushReach: "all-devices" | "step-per-device";
  /** A write fault that makes a write-protected KSM page writable again withdraws the promise. */
  ksmFaultLiftsPromise: boolean;
  /** The test of `has_notifiers` before the mirror hooks is a step of its own. */
  mirrorTestIsStep: boolean;
  /**
   * An INVALID answer of a mirror's fault goes straight to the response, without the driver's
   * check.
   */
  invalidSkipsCheck: boolean;
  /**
   * What a pinning driver does when its mirror already holds another frame: overwrite it, flush
   * first, or keep it.
   */
  installOverOther: "overwrite" | "flush-first" | "keep";
  /** Which free frame a fault maps where there are several. */
  freeFrame: "any" | "last";
  /** What the grace step of the flush queue waits for. */
  grace: "nothing" | "accesses" | "timer";
  /** The frames of a two-page range are freed in one step, or in one step each. */
  frees: "together" | "one-by-one";
  /** An IOTLB entry that is read-only counts as missing for a write walk. */
  iotlbReadOnlyLacksWrite: boolean;
}

export const DEFAULT_CHOICES: Choices = {
  writeMissFillsReadOnly: false,
  mirrorInstall: "one-step",
  emptyTablePair: "two-steps-locked",
  flagActs: "always",
  deferredCoversLateMunmap: true,
  pinTakenAt: "fault",
  pinOnReadOnly: "as-write",
  flushReach: "all-devices",
  ksmFaultLiftsPromise: true,
  mirrorTestIsStep: true,
  invalidSkipsCheck: true,
  installOverOther: "overwrite",
  freeFrame: "any",
  grace: "nothing",
  frees: "together",
  iotlbReadOnlyLacksWrite: true,
};

/** What of a run host code implements: connects it with the core, and lets go of it at the end. */
import type { Core, HostFunctions, HostNotifier } from "../abi/core.js";
import { recordSize, writeRecord } from "../abi/records.js";
import { NotifierMode } from "../abi/vocabulary.generated.js";
import { RegistryNotifier } from "../notifier/host_notifier.js";
import type { NotifierRegistry } from "../notifier/registry.js";
import type { ResolvedScenario } from "../scenario/resolved.js";

export interface HostParts {
  /**
   * Callbacks in the place of the protocol's; its page-request handler stays. Register for the mm
   * `sharedMm` of the program. An exception that a callback throws ends the run and is thrown on.
   */
  readonly notifiers?: NotifierRegistry;
}

/** A combination of host code and scenario that contradicts itself. */
export class HostMisfit extends Error {
  override readonly name = "HostMisfit";
}

export class RunHost {
  readonly functions: { notifier?: HostNotifier } & HostFunctions = {};
  private readonly endings: (() => void)[] = [];

  /** Throws HostMisfit; a registry that another run uses throws RegistrationError. */
  constructor(
    private readonly scenario: ResolvedScenario,
    private readonly sharedMm: number,
    private readonly parts: HostParts,
  ) {
    if (parts.notifiers === undefined) return;
    refuseProtocolCallbacks(scenario);
    this.endings.push(parts.notifiers.beginRun());
  }

  /** What a token says of the host's part: a token alone does not repeat such a run. */
  get claim(): { isHosted?: true } {
    return this.hasNotifiers ? { isHosted: true } : {};
  }

  get hasNotifiers(): boolean {
    return this.parts.notifiers !== undefined;
  }

  /** Between the encoding of the run and its boot. */
  connect(core: Core): void {
    const { notifiers } = this.parts;
    if (notifiers === undefined) return;
    const spec = core.view(core.exports.runSpecBlock(), recordSize("RunSpec"));
    writeRecord("RunSpec", spec, { notifierMode: NotifierMode.Host });
    this.functions.notifier = new RegistryNotifier(notifiers, this.sharedMm, this.scenario.era, {
      nowNs: () => core.exports.runNow(),
      invalidate: (start, end) => {
        core.exports.runInvalidate(start, end);
      },
    });
  }

  /** The run is over, by whichever way. */
  end(): void {
    for (const ending of this.endings) ending();
  }
}

function refuseProtocolCallbacks({ protocol, notifier }: ResolvedScenario): void {
  const hooks = ["rangeStart", "beforeChange", "secondaryFlush", "rangeEnd"] as const;
  const used = hooks.filter((hook) => protocol[hook].length > 0);
  if (used.length > 0) {
    throw new HostMisfit(
      `protocol ${protocol.id} has its own ${used.join(", ")}: host notifiers take their place, use protocol none`,
    );
  }
  if (notifier !== "implementing") {
    throw new HostMisfit(`the scenario says notifier: ${notifier}, but host notifiers are given`);
  }
}

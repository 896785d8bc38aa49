/**
 * The replay's side of the core: settings in, records in, counts and differences out.
 */
import { Core, CoreAbort } from "../abi/core.js";
import { MISMATCHES_MAX, ReplayCounter } from "../abi/recording.generated.js";
import { Arch } from "../abi/vocabulary.generated.js";
import { type RecordOf, recordSize } from "../abi/records.js";
import { RecordingError } from "../workload/recording_error.js";
import { RECORD_BYTES } from "../workload/record_layout.js";
import type { RecordingHeader } from "../workload/recording.js";
import { settingsOf } from "./feed.js";
import { archOf, eraOf } from "./kernel_of_recording.js";

/** A difference between prediction and recording, as the core keeps it. */
export interface RawMismatch {
  line: number;
  kind: number;
  expected: readonly [bigint, bigint] | null;
  predicted: readonly [bigint, bigint] | null;
  during: number;
}

export interface Listed {
  what: number;
  count: number;
}

export class ReplayCore {
  private constructor(
    private readonly core: Core,
    private readonly name: string,
  ) {}

  static async create(header: RecordingHeader, isOrdered: boolean): Promise<ReplayCore> {
    const replay = new ReplayCore(await Core.create(), header.name);
    const { exports } = replay.core;
    const arch = archOf(header);
    // the tunable is x86's; elsewhere the architecture's own limit holds
    const ceiling = arch === Arch.X86 ? header.flush_ceiling : 0;
    exports.replayBoot(isOrdered, ceiling, eraOf(header), arch);
    for (const [setting, value] of settingsOf(header)) exports.replaySet(setting, value);
    return replay;
  }

  /** Throws RecordingError where the model has no room for what the programs map. */
  run(records: Uint8Array): void {
    const { exports } = this.core;
    const address = exports.replayBlock(records.length) >>> 0;
    this.core.bytes(address, records.length).set(records);
    this.#carryOut(() => exports.replayRun(records.length / RECORD_BYTES));
  }

  finish(): void {
    this.#carryOut(() => {
      this.core.exports.replayFinish();
    });
  }

  #carryOut(act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof CoreAbort) || !this.core.exports.replayIsExhausted()) throw error;
      const problem = "the programs need more page tables than the model has";
      const hint = "Record one that uses less memory at a time, or forks less often";
      throw new RecordingError(this.name, null, problem, hint, { cause: error });
    }
  }

  /** The number of a broken invariant of the mm (kernel/mm/audit.ts); 0 when all hold. */
  audit(): number {
    return this.core.exports.replayAudit();
  }

  count(counter: ReplayCounter): number {
    return this.core.exports.replayCount(counter) >>> 0;
  }

  unsupported(): Listed[] {
    return this.#listed(0, this.count(ReplayCounter.UnsupportedKinds));
  }

  kthreadInputs(): Listed[] {
    return this.#listed(1, this.count(ReplayCounter.KthreadKinds));
  }

  mismatches(): RawMismatch[] {
    const kept = Math.min(this.count(ReplayCounter.Mismatches), MISMATCHES_MAX);
    const first = this.core.exports.replayMismatches() >>> 0;
    const size = recordSize("MismatchRecord");
    return Array.from({ length: kept }, (_, index) =>
      rawMismatch(this.core.record("MismatchRecord", first + index * size)),
    );
  }

  #listed(list: number, length: number): Listed[] {
    return Array.from({ length }, (_, index) => {
      const packed = this.core.exports.replayListed(list, index);
      return { what: Math.floor(packed / 2 ** 32), count: packed % 2 ** 32 };
    });
  }
}

function rawMismatch(record: RecordOf<"MismatchRecord">): RawMismatch {
  const { expectedA, expectedB, predictedA, predictedB } = record;
  return {
    line: record.line,
    kind: record.kind,
    expected: record.hasExpected === 1 ? [expectedA, expectedB] : null,
    predicted: record.hasPredicted === 1 ? [predictedA, predictedB] : null,
    during: record.during,
  };
}

/**
 * A kernel of a given version and architecture that carries out a program and tells, in order, what
 * its mm said and did: callbacks, flushes of CPUs and of secondary TLBs, what was freed.
 */
import { Core } from "../../src/abi/core.js";
import { type RecordOf, recordSize } from "../../src/abi/records.js";
import { FlushReason, ProbeKind } from "../../src/abi/recording.generated.js";
import { Arch, Era } from "../../src/abi/vocabulary.generated.js";
import type { RawMismatch } from "../../src/replay/replay_core.js";
import { settingsOf } from "../../src/replay/feed.js";
import { RECORD_BYTES } from "../../src/workload/record_layout.js";
import type { RecordingHeader } from "../../src/workload/recording.js";
import { BASE, PAGE, Program } from "./program.js";

export const ERAS = {
  "3.17": Era.Linux3_17,
  "3.19": Era.Linux3_19,
  "4.15": Era.Linux4_15,
  "6.4": Era.Linux6_4,
  "6.19": Era.Linux6_19,
} as const;
export type EraName = keyof typeof ERAS;
export type ArchName = "x86" | "arm64";

const EVENTS = [
  "UNMAP",
  "CLEAR",
  "PROTECTION_VMA",
  "PROTECTION_PAGE",
  "SOFT_DIRTY",
  "RELEASE",
  "MIGRATE",
  "EXCLUSIVE",
];
const REASONS: Record<number, string> = {
  [FlushReason.Local]: "Fc(batch)",
  [FlushReason.LocalMm]: "Fc",
  [FlushReason.SendIpi]: "IPI",
  [FlushReason.Broadcast]: "TLBI",
};
const EVERYTHING = 2n ** 64n - 1n;

/** The core's side of a probe. */
class ProbeCore {
  constructor(private readonly core: Core) {}

  static async create(era: EraName, arch: ArchName, header: RecordingHeader): Promise<ProbeCore> {
    const core = await Core.create();
    core.exports.probeBoot(ERAS[era], arch === "x86" ? Arch.X86 : Arch.Arm64);
    for (const [setting, value] of settingsOf(header)) core.exports.replaySet(setting, value);
    return new ProbeCore(core);
  }

  run(records: Uint8Array): void {
    const address = this.core.exports.replayBlock(records.length) >>> 0;
    this.core.bytes(address, records.length).set(records);
    this.core.exports.replayRun(records.length / RECORD_BYTES);
  }

  audit(): number {
    return this.core.exports.replayAudit();
  }

  mismatches(): RawMismatch[] {
    return [];
  }

  told(from: number): RecordOf<"ProbeRecord">[] {
    const { exports } = this.core;
    const count = exports.probeCount() >>> 0;
    const block = exports.probeRecords() >>> 0;
    const size = recordSize("ProbeRecord");
    return Array.from({ length: count - from }, (_, index) =>
      this.core.record("ProbeRecord", block + (from + index) * size),
    );
  }

  count(): number {
    return this.core.exports.probeCount() >>> 0;
  }
}

export class KernelProbe {
  private constructor(
    readonly program: Program,
    private readonly core: ProbeCore,
  ) {}

  /** `keeper`: one page stays mapped at the end of the first GiB, so that upper tables do too. */
  static async boot(
    era: EraName,
    arch: ArchName = "x86",
    settings: Partial<RecordingHeader> = {},
    keeper = true,
  ): Promise<KernelProbe> {
    let core: ProbeCore | undefined;
    const create = async (header: RecordingHeader) => {
      core = await ProbeCore.create(era, arch, header);
      return core;
    };
    const program = await Program.on(create, settings, keeper);
    return new KernelProbe(program, core!);
  }

  /**
   * What `act` makes the kernel tell, one line each, in the words of the mm's own documents: `S`
   * and `E` are the pair, `Fc` a flush of this CPU, `Fs` the secondary flush. Ranges are in pages
   * from BASE; frees that follow one another are counted together.
   */
  tell(act: (program: Program) => unknown): string[] {
    this.program.carryOut();
    const before = this.core.count();
    act(this.program);
    this.program.carryOut();
    return joined(this.core.told(before).map(describe));
  }
}

function describe(record: RecordOf<"ProbeRecord">): string {
  const { start, end, detail } = record;
  switch (record.kind as ProbeKind) {
    case ProbeKind.RangeStart:
      return `S ${EVENTS[detail]} ${range(start, end)}`;
    case ProbeKind.RangeStartNonblock:
      return `S ${EVENTS[detail]} ${range(start, end)} nonblock`;
    case ProbeKind.RangeStartOwned:
      return `S ${EVENTS[detail & 255]} ${range(start, end)} owner ${detail >> 8}`;
    case ProbeKind.RangeEnd:
      return "E";
    case ProbeKind.CpuFlush:
      return `${REASONS[detail]} ${start === EVERYTHING ? "all" : start}`;
    case ProbeKind.SecondaryFlush:
      return `Fs ${range(start, end)}`;
    case ProbeKind.TlbBarrier:
      return "DSB";
    case ProbeKind.InvalidatePage:
      return `invalidate_page ${range(start, end)}`;
    case ProbeKind.ChangePte:
      return `change_pte ${range(start, end)}`;
    case ProbeKind.ClearFlushYoung:
      return `clear_flush_young ${range(start, end)}`;
    case ProbeKind.ClearYoung:
      return `clear_young ${range(start, end)}`;
    case ProbeKind.TestYoung:
      return `test_young ${range(start, end)}`;
    case ProbeKind.Release:
      return "release";
    case ProbeKind.FreedPage:
      return "free 1 page";
    case ProbeKind.FreedTable:
      return "free 1 table";
  }
}

function range(start: bigint, end: bigint): string {
  if (start === 0n && end === EVERYTHING) return "all";
  const page = (address: bigint) => (address - BigInt(BASE)) / BigInt(PAGE);
  return `${page(start)}-${page(end)}`;
}

/** Counts frees of one kind that follow one another. */
function joined(lines: readonly string[]): string[] {
  const result: string[] = [];
  let count = 0;
  lines.forEach((line, index) => {
    count = line === lines[index - 1] && line.startsWith("free") ? count + 1 : 1;
    if (count > 1) result.pop();
    result.push(count > 1 ? `${line.replace("1", String(count))}s` : line);
  });
  return result;
}

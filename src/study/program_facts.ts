/** What a recorded program did to its memory, counted from its events. */
import { RecordKind } from "../abi/recording.generated.js";
import { readColumn } from "../abi/records.js";
import type { Program } from "../run/program.js";

export interface ProgramFacts {
  /** Events of the recording, snapshots and flushes included. */
  readonly events: number;
  readonly calls: number;
  readonly faults: number;
  /** Faults of a write on a page that is present: most of them copy it. */
  readonly protectionFaults: number;
  readonly forks: number;
  /** Ranges that were announced to the mm that devices share. */
  readonly rangesOfSharedMm: number;
  /** Recorded time from the registration of its notifier to the last event. */
  readonly sharedNs: number;
}

const CLONE_VM = 0x100;
/** Error code bits of a fault: the page is present, the access writes. */
const PRESENT_WRITE = 3;

export function factsOf({ records, sharedMm }: Program): ProgramFacts {
  const column = (field: "kind" | "mm" | "line" | "t" | "a0" | "a1") =>
    readColumn("EventRecord", field, records);
  const kinds: RecordKind[] = column("kind");
  const [mms, lines, times, second] = [column("mm"), column("line"), column("t"), column("a1")];
  const count = (fits: (index: number) => boolean) =>
    kinds.reduce<number>((sum, _, index) => sum + Number(fits(index)), 0);
  const is = (kind: RecordKind) => (index: number) => kinds[index] === kind;
  const registered = kinds.findIndex(
    (kind, index) => kind === RecordKind.Notifier && mms[index] === sharedMm,
  );
  return {
    events: new Set(lines).size,
    calls: count(is(RecordKind.Enter)),
    faults: count(is(RecordKind.Fault)),
    protectionFaults: count(
      (index) =>
        kinds[index] === RecordKind.Fault && (second[index]! & PRESENT_WRITE) === PRESENT_WRITE,
    ),
    forks: count(
      (index) => kinds[index] === RecordKind.Newtask && (second[index]! & CLONE_VM) === 0,
    ),
    rangesOfSharedMm: count(
      (index) => kinds[index] === RecordKind.Inval && mms[index] === sharedMm,
    ),
    sharedNs: times.at(-1)! - (times[registered] ?? 0),
  };
}

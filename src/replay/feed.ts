/**
 * What the core is fed of a recording: the settings of the recorded system, and its events as records.
 */
import { EventEncoder } from "../workload/encode.js";
import type { RecordedEvent, RecordingHeader, RecordingReader } from "../workload/recording.js";
import { ProgramArgs } from "./program_args.js";
import { actionOf } from "./text_actions.js";

/** As in assembly/replay/host_interface.ts. */
enum Setting {
  PmdThp = 0,
  ShmemThp = 1,
  HasSwap = 2,
  AnonOrdersAlways = 3,
  AnonOrdersMadvise = 4,
  SegmentSize = 5,
}

/** Settings of huge pages, numbered as in assembly/kernel/kernel.ts. */
const THP_POLICIES: ReadonlyMap<string, number> = new Map([
  ["never", 0],
  ["madvise", 1],
  ["advise", 1],
  ["always", 2],
  ["within_size", 3],
]);
const BATCH_RECORDS = 8192;

/** Settings with their values, for replaySet of the core. */
export function settingsOf(header: RecordingHeader): readonly (readonly [number, number])[] {
  const { always, madvise } = folioOrders(header);
  const args = new ProgramArgs(header.program);
  return [
    [Setting.PmdThp, policyNumber(header.thp)],
    [Setting.ShmemThp, policyNumber(header.shmem_thp)],
    [Setting.HasSwap, Number(header.swap)],
    [Setting.AnonOrdersAlways, always],
    [Setting.AnonOrdersMadvise, madvise],
    [Setting.SegmentSize, args.get("n", 6) * header.page],
  ];
}

/** The records of a whole recording in batches; a batch is valid until the next is asked for. */
export async function* recordsOf(
  reader: RecordingReader,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const { header } = reader;
  const args = new ProgramArgs(header.program);
  const windowStart = header.window?.[0] ?? 0;
  const encoder = new EventEncoder();
  encoder.addHeader(header);
  for await (const events of reader.batches()) {
    for (const event of events) addEvent(encoder, event, args, windowStart);
    if (encoder.records >= BATCH_RECORDS) yield encoder.take();
  }
  if (encoder.records > 0) yield encoder.take();
}

function addEvent(
  encoder: EventEncoder,
  event: RecordedEvent,
  args: ProgramArgs,
  windowStart: number,
): void {
  if (event.ev !== "text") {
    encoder.add(event);
    return;
  }
  const action = actionOf(event, args, windowStart);
  if (action !== null) encoder.addAction(event, action);
}

function policyNumber(word: string): number {
  return THP_POLICIES.get(word) ?? 0;
}

/** Anonymous folio sizes below 2 MiB that are switched on, as masks of orders. */
function folioOrders(header: RecordingHeader): { always: number; madvise: number } {
  const masks = { always: 0, madvise: 0 };
  for (const [size, setting] of Object.entries(header.thp_sizes)) {
    const order = Math.log2(Number.parseInt(size, 10) / 4);
    const effective = setting === "inherit" ? header.thp : setting;
    if (order < 1 || order >= 9) continue;
    if (effective === "always") masks.always |= 1 << order;
    if (effective === "madvise") masks.madvise |= 1 << order;
  }
  return masks;
}

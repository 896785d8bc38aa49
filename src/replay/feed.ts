/**
 * What the core is fed of a recording: the settings of the recorded system, and its events as
 * records.
 */
import { ReplaySetting, ThpPolicy } from "../abi/recording.generated.js";
import { EventEncoder } from "../workload/encode.js";
import { LineCore } from "../workload/line_core.js";
import type { RecordedEvent, RecordingHeader, RecordingReader } from "../workload/recording.js";
import { ProgramArgs } from "./program_args.js";
import { actionOf } from "./text_actions.js";

/** Settings of huge pages, by the words of the kernel's files. */
const THP_POLICIES: ReadonlyMap<string, ThpPolicy> = new Map([
  ["never", ThpPolicy.Never],
  ["madvise", ThpPolicy.Madvise],
  ["advise", ThpPolicy.Madvise],
  ["always", ThpPolicy.Always],
  ["within_size", ThpPolicy.Within],
]);
const BATCH_RECORDS = 8192;

/** Settings with their values, for replaySet of the core. */
export function settingsOf(header: RecordingHeader): readonly (readonly [number, number])[] {
  const { always, madvise } = folioOrders(header);
  const args = new ProgramArgs(header.program);
  return [
    [ReplaySetting.PmdThp, policyNumber(header.thp)],
    [ReplaySetting.ShmemThp, policyNumber(header.shmem_thp)],
    [ReplaySetting.HasSwap, Number(header.swap)],
    [ReplaySetting.AnonOrdersAlways, always],
    [ReplaySetting.AnonOrdersMadvise, madvise],
    [ReplaySetting.Cpus, header.cpus],
    [ReplaySetting.SegmentSize, args.get("n", 6) * header.page],
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
  for await (const part of reader.parts(await LineCore.create())) {
    if (part instanceof Uint8Array) encoder.addRecords(part);
    else for (const event of part) addEvent(encoder, event, args, windowStart);
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

/** Writes events as a recording: format 1, gzip, with the trailer that counts them. */
import { z } from "zod";
import { argumentsOf, callback } from "../scenario/arguments.js";
import { headerArgument } from "./arguments.js";
import { callByName } from "./calls.js";
import {
  type Address,
  ADDRESS_MAX,
  type Context,
  type RecordedEvent,
  type RecordingHeader,
  type RecordingTrailer,
  type SnapEvent,
} from "./events.js";

/** What only the end of a recording can tell. */
export type EndOfRecording = Pick<RecordingTrailer, "lost" | "exit_status">;

const BATCH_CHARACTERS = 64 * 1024;

const checkArguments = argumentsOf("writeRecording", {
  header: headerArgument,
  events: z.custom(
    (value) =>
      typeof value === "object" &&
      value !== null &&
      (Symbol.iterator in value || Symbol.asyncIterator in value),
    { error: "expected events that can be gone through\ngive an array or a generator of them" },
  ),
  end: callback,
});

/**
 * The bytes of a recording, compressed, as its events arrive. The line numbers of the events are
 * not used: an event's line is its place in the file. `end` is asked after the last event.
 */
export function writeRecording(
  header: RecordingHeader,
  events: Iterable<RecordedEvent> | AsyncIterable<RecordedEvent>,
  end: () => EndOfRecording = () => ({ lost: 0, exit_status: null }),
): ReadableStream<Uint8Array> {
  checkArguments({ header, events, end });
  const text = textStream(recordingText(header, events, end));
  return text.pipeThrough(new TextEncoderStream()).pipeThrough(new CompressionStream("gzip"));
}

/** The text of a recording, some lines at a time. */
export async function* recordingText(
  header: RecordingHeader,
  events: Iterable<RecordedEvent> | AsyncIterable<RecordedEvent>,
  end: () => EndOfRecording = () => ({ lost: 0, exit_status: null }),
): AsyncGenerator<string, void> {
  const counts: Record<string, number> = {};
  let text = `${headerLine(header)}\n`;
  for await (const event of events) {
    counts[event.ev] = (counts[event.ev] ?? 0) + 1;
    text += `${eventLine(event)}\n`;
    if (text.length < BATCH_CHARACTERS) continue;
    yield text;
    text = "";
  }
  const { lost, exit_status } = end();
  const trailer = { ev: "end_of_trace", events: counts, lost, dropped: {} };
  yield `${text}${JSON.stringify(exit_status === null ? trailer : { ...trailer, exit_status })}\n`;
}

function textStream(pieces: AsyncGenerator<string, void>): ReadableStream<string> {
  return new ReadableStream({
    async pull(controller) {
      const next = await pieces.next();
      if (next.done === true) controller.close();
      else controller.enqueue(next.value);
    },
    async cancel() {
      await pieces.return();
    },
  });
}

function headerLine({ window, needs, note, ...settings }: RecordingHeader): string {
  return JSON.stringify({
    ev: "header",
    ...settings,
    ...(window === null ? {} : { window: window.map(hexadecimal) }),
    ...(needs.length === 0 ? {} : { needs }),
    ...(note === "" ? {} : { note }),
  });
}

/** The line of one event, without its newline. */
export function eventLine(event: RecordedEvent): string {
  return JSON.stringify({ ...contextFields(event), ev: event.ev, ...ownFields(event) });
}

function contextFields({ t, p, tid, mm, cpu, kthread }: Context): object {
  return kthread === null ? { t, p, tid, mm, cpu } : { t, kthread, cpu };
}

function ownFields(event: RecordedEvent): object {
  switch (event.ev) {
    case "enter":
      return { call: event.call, a: argumentFields(event.call, event.a) };
    case "exit": {
      const isAddress = event.ret >= 0 && callByName(event.call)?.returnsAddress === true;
      return { call: event.call, ret: isAddress ? hexadecimal(event.ret) : event.ret };
    }
    case "newtask":
      return { child: event.child, flags: hexadecimal(event.flags), child_mm: event.child_mm };
    case "fault":
      return { addr: hexadecimal(event.addr), err: event.err, k: event.k };
    case "inval":
    case "age":
    case "window":
      return { start: hexadecimal(event.start), end: hexadecimal(event.end) };
    case "test_age":
      return { addr: hexadecimal(event.addr) };
    case "mig_set":
    case "mig_clear":
      return { addr: hexadecimal(event.addr), order: event.order };
    case "signal":
      return { addr: hexadecimal(event.addr), sig: event.sig };
    case "op": {
      const { op, addr, n, step, byte } = event;
      return { op, addr: hexadecimal(addr), n, step, ...(byte === null ? {} : { byte }) };
    }
    case "snap":
      return snapshotFields(event);
    case "notifier":
      return { on: event.on, forked: event.forked };
    case "fini":
      return { notifier_still_on: event.notifier_still_on };
    case "tlb":
      return { reason: event.reason, pages: event.pages };
    case "migrate":
      return { ok: event.ok, failed: event.failed, mode: event.mode, reason: event.reason };
    case "thp":
      return { what: event.what, status: event.status };
    case "ksm":
      return { what: event.what, err: event.err };
    case "file":
      return { fd: event.fd, kind: event.kind, len: event.len, filled: event.filled };
    case "text":
      return { text: event.text };
    case "exec":
    case "taskexit":
    case "begin":
    case "end":
    case "done":
      return {};
  }
}

function argumentFields(callName: string, args: Record<string, number>): object {
  const addressArgs = callByName(callName)?.addressArgs;
  return Object.fromEntries(
    Object.entries(args).map(([name, value]) => {
      if (addressArgs?.has(name) === true) return [name, hexadecimal(value)];
      const isExact = value < 0 || Number.isSafeInteger(value);
      return [name, isExact ? value : hexadecimal(value)];
    }),
  );
}

function snapshotFields({ vmas, pages }: SnapEvent): object {
  return {
    vmas: vmas.map(({ start, end, perm, file, off, name }) => ({
      start: hexadecimal(start),
      end: hexadecimal(end),
      perm,
      ...(file === null ? {} : { file, off }),
      ...(name === null ? {} : { name }),
    })),
    pages: pages.map(({ start, count, flags, frame }) => [
      hexadecimal(start),
      count,
      flags,
      ...(frame === null ? [] : [frame]),
    ]),
  };
}

/** A negative number is written as the register that holds it. */
function hexadecimal(address: Address): string {
  if (address === ADDRESS_MAX) return "0xffffffffffffffff";
  return `0x${BigInt.asUintN(64, BigInt(address)).toString(16)}`;
}

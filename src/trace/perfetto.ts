/**
 * Writes traces that Perfetto opens: tracks, slices and instants.
 *
 * Source: perfetto protos/perfetto/trace/; the part that is used stands in perfetto.proto.
 */
import { PbfWriter } from "pbf";

/** Field numbers, by message. */
const TRACE = { packet: 1 } as const;
const PACKET = { timestamp: 8, sequence: 10, event: 11, descriptor: 60 } as const;
const DESCRIPTOR = { uuid: 1, name: 2, process: 3, parent: 5 } as const;
const PROCESS = { pid: 1, name: 6 } as const;
const EVENT = { annotations: 4, type: 9, track: 11, name: 23 } as const;
const ANNOTATION = { int: 4, string: 6, name: 10 } as const;

enum EventType {
  SliceBegin = 1,
  SliceEnd = 2,
  Instant = 3,
}

/** All packets come from one writer. */
const SEQUENCE = 1;

/** What an event says beside its name; numbers are whole. */
export type Annotations = Readonly<Record<string, string | number>>;

/** A row of the trace. */
export interface Track {
  readonly uuid: number;
}

export class PerfettoWriter {
  private readonly pbf = new PbfWriter();
  private tracks = 0;

  /** A group of tracks. */
  process(name: string): Track {
    const uuid = ++this.tracks;
    this.descriptor((pbf) => {
      pbf.writeVarintField(DESCRIPTOR.uuid, uuid);
      pbf.writeMessage(DESCRIPTOR.process, writeProcess, { pid: uuid, name });
    });
    return { uuid };
  }

  track(name: string, parent: Track): Track {
    const uuid = ++this.tracks;
    this.descriptor((pbf) => {
      pbf.writeVarintField(DESCRIPTOR.uuid, uuid);
      pbf.writeStringField(DESCRIPTOR.name, name);
      pbf.writeVarintField(DESCRIPTOR.parent, parent.uuid);
    });
    return { uuid };
  }

  begin(track: Track, timeNs: number, name: string, annotations: Annotations = {}): void {
    this.event({ track, timeNs, type: EventType.SliceBegin, name, annotations });
  }

  end(track: Track, timeNs: number): void {
    this.event({ track, timeNs, type: EventType.SliceEnd, name: null, annotations: {} });
  }

  instant(track: Track, timeNs: number, name: string, annotations: Annotations = {}): void {
    this.event({ track, timeNs, type: EventType.Instant, name, annotations });
  }

  /** The whole trace. */
  finish(): Uint8Array {
    return this.pbf.finish();
  }

  private descriptor(write: (pbf: PbfWriter) => void): void {
    this.pbf.writeMessage(
      TRACE.packet,
      (_, pbf) => {
        pbf.writeVarintField(PACKET.sequence, SEQUENCE);
        pbf.writeMessage(
          PACKET.descriptor,
          (__, inner) => {
            write(inner);
          },
          null,
        );
      },
      null,
    );
  }

  private event(event: WrittenEvent): void {
    this.pbf.writeMessage(TRACE.packet, writeEvent, event);
  }
}

interface WrittenEvent {
  readonly track: Track;
  readonly timeNs: number;
  readonly type: EventType;
  readonly name: string | null;
  readonly annotations: Annotations;
}

function writeEvent(written: WrittenEvent, pbf: PbfWriter): void {
  const { track, timeNs, type, name, annotations } = written;
  pbf.writeVarintField(PACKET.timestamp, timeNs);
  pbf.writeVarintField(PACKET.sequence, SEQUENCE);
  pbf.writeMessage(
    PACKET.event,
    (_, event) => {
      for (const entry of Object.entries(annotations)) {
        event.writeMessage(EVENT.annotations, writeAnnotation, entry);
      }
      event.writeVarintField(EVENT.type, type);
      event.writeVarintField(EVENT.track, track.uuid);
      if (name !== null) event.writeStringField(EVENT.name, name);
    },
    null,
  );
}

function writeProcess({ pid, name }: { pid: number; name: string }, pbf: PbfWriter): void {
  pbf.writeVarintField(PROCESS.pid, pid);
  pbf.writeStringField(PROCESS.name, name);
}

function writeAnnotation([name, value]: [string, string | number], pbf: PbfWriter): void {
  if (typeof value === "number") pbf.writeVarintField(ANNOTATION.int, value);
  else pbf.writeStringField(ANNOTATION.string, value);
  pbf.writeStringField(ANNOTATION.name, name);
}

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
const EVENT = { type: 9, track: 11, name: 23 } as const;

enum EventType {
  SliceBegin = 1,
  SliceEnd = 2,
  Instant = 3,
}

/** All packets come from one writer. */
const SEQUENCE = 1;

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

  begin(track: Track, timeNs: number, name: string): void {
    this.event(track, timeNs, EventType.SliceBegin, name);
  }

  end(track: Track, timeNs: number): void {
    this.event(track, timeNs, EventType.SliceEnd, null);
  }

  instant(track: Track, timeNs: number, name: string): void {
    this.event(track, timeNs, EventType.Instant, name);
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

  private event(track: Track, timeNs: number, type: EventType, name: string | null): void {
    this.pbf.writeMessage(TRACE.packet, writeEvent, { track, timeNs, type, name });
  }
}

interface WrittenEvent {
  readonly track: Track;
  readonly timeNs: number;
  readonly type: EventType;
  readonly name: string | null;
}

function writeEvent({ track, timeNs, type, name }: WrittenEvent, pbf: PbfWriter): void {
  pbf.writeVarintField(PACKET.timestamp, timeNs);
  pbf.writeVarintField(PACKET.sequence, SEQUENCE);
  pbf.writeMessage(
    PACKET.event,
    (_, event) => {
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

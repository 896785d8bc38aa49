/**
 * A timed run as a trace for Perfetto: what each actor was at, and for how long.
 *
 *   mm        operations and page faults, the open range pairs within them
 *   CPUs      one track each: from the IPI that asks it to flush to its acknowledgement
 *   IOMMU     invalidations from their effect to their completion; interrupts
 *   handler   one track each: a page request from the first lock to the response
 *   device    one track a lane: from an ATC miss to the access; violations
 *
 * Simplifies: accesses that hit the ATC are left out, since there are millions of them.
 */
import type { TraceEntry } from "../abi/trace.js";
import { StepKind, TraceWhat } from "../abi/vocabulary.generated.js";
import { textOfEntry, workName } from "./entry_text.js";
import { PerfettoWriter, type Track } from "./perfetto.js";

export class RunTrace {
  private readonly writer = new PerfettoWriter();
  private readonly mm = this.writer.process("mm");
  private readonly program = this.writer.track("operations", this.mm);
  private readonly pairs = this.writer.track("range pairs", this.mm);
  private readonly cpus = this.writer.process("CPUs");
  private readonly iommu = this.writer.process("IOMMU");
  private readonly invalidations = this.writer.track("invalidations", this.iommu);
  private readonly requests = this.writer.track("page requests", this.iommu);
  private readonly handlers = this.writer.process("page-request handlers");
  private readonly devices: readonly Track[];
  private readonly rows = new Map<string, Track>();
  /** Slices that have begun and not ended, by their track. */
  private readonly open = new Set<Track>();

  constructor(devices: readonly string[]) {
    this.devices = devices.map((name) => this.writer.process(name));
  }

  add(entry: TraceEntry): void {
    const { what, timeNs } = entry;
    switch (what) {
      case TraceWhat.OperationBegin:
        this.begin(this.program, timeNs, workName(entry.detail));
        break;
      case TraceWhat.OperationEnd:
        this.end(this.program, timeNs);
        break;
      case TraceWhat.RangeStart:
        this.begin(this.pairs, timeNs, textOfEntry(entry));
        break;
      case TraceWhat.RangeEnd:
        this.end(this.pairs, timeNs);
        break;
      case TraceWhat.IpiSent:
        this.begin(this.cpu(entry), timeNs, "asked to flush");
        break;
      case TraceWhat.CpuFlushed:
        this.writer.instant(this.cpu(entry), timeNs, textOfEntry(entry));
        break;
      case TraceWhat.Acknowledged:
        this.end(this.cpu(entry), timeNs);
        break;
      case TraceWhat.IotlbInvalidated:
        this.begin(this.invalidations, timeNs, textOfEntry(entry));
        break;
      case TraceWhat.InvalidationComplete:
        this.end(this.invalidations, timeNs);
        break;
      case TraceWhat.RequestLogged:
      case TraceWhat.RequestDropped:
      case TraceWhat.Interrupt:
        this.writer.instant(this.requests, timeNs, textOfEntry(entry));
        break;
      case TraceWhat.HandlerStep:
        this.addHandler(entry);
        break;
      default:
        if (what >= TraceWhat.Asked && what < TraceWhat.AtcInvalidated) this.addLane(entry);
        else if (what === TraceWhat.Violation) this.addViolation(entry);
    }
  }

  finish(): Uint8Array {
    return this.writer.finish();
  }

  private cpu({ unit }: TraceEntry): Track {
    return this.row(`CPU ${unit}`, this.cpus);
  }

  private addHandler(entry: TraceEntry): void {
    const { timeNs, unit } = entry;
    const track = this.row(`handler ${unit}`, this.handlers);
    if (!this.open.has(track))
      this.begin(track, timeNs, `page 0x${(entry.page * 4096).toString(16)}`);
    this.writer.instant(track, timeNs, textOfEntry(entry));
    if ((entry.detail as StepKind) === StepKind.Respond) this.end(track, timeNs);
  }

  private addLane(entry: TraceEntry): void {
    const { what, timeNs, unit, index } = entry;
    const device = this.devices[unit];
    if (device === undefined) return;
    const track = this.row(`lane ${index}`, device);
    if (what === TraceWhat.Asked) {
      this.begin(track, timeNs, "no translation");
      return;
    }
    this.writer.instant(track, timeNs, textOfEntry(entry));
    const isOver =
      (what === TraceWhat.Answered && entry.detail !== NO_FRAME) ||
      (what === TraceWhat.Responded && entry.detail === 0) ||
      what === TraceWhat.Failed;
    if (isOver) this.end(track, timeNs);
  }

  private addViolation(entry: TraceEntry): void {
    this.writer.instant(this.row("violations", this.mm), entry.timeNs, textOfEntry(entry));
  }

  /** The track of that name below `parent`, made when it is first needed. */
  private row(name: string, parent: Track): Track {
    const key = `${parent.uuid}/${name}`;
    const known = this.rows.get(key);
    if (known !== undefined) return known;
    const track = this.writer.track(name, parent);
    this.rows.set(key, track);
    return track;
  }

  private begin(track: Track, timeNs: number, name: string): void {
    this.writer.begin(track, timeNs, name);
    this.open.add(track);
  }

  private end(track: Track, timeNs: number): void {
    this.writer.end(track, timeNs);
    this.open.delete(track);
  }
}

const NO_FRAME = 0xffff_ffff;

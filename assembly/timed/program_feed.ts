/**
 * Feeds the records of a program to a timed run: time passes until each is due, then the mm acts.
 *
 * Models:     a program that waits between its calls, or is late with them; the end of a run at a
 *             given time, once the operation that is on its way then is over.
 */
import { EventRecord } from "../abi/records";
import { Counter } from "../abi/vocabulary";
import { Replay } from "../replay/replay";
import { Machine } from "./machine";
import { RecordedProgram } from "./recorded_program";

export class ProgramFeed {
  constructor(
    private readonly machine: Machine,
    private readonly program: RecordedProgram,
    private readonly replay: Replay,
  ) {}

  /**
   * Takes up to `records` of the records that the host wrote. Stops early, before a record, at the
   * time `until`, or when `events` events were handled. Returns how many records were taken.
   */
  run(records: u32, events: u64, until: u64): u32 {
    const budget = this.machine.counters.get(Counter.EventsProcessed) + events;
    let at = this.replay.batch;
    for (let taken: u32 = 0; taken < records; taken++) {
      const record = changetype<EventRecord>(at);
      const due = this.program.due(record.t);
      if (!this.machine.passWithin(min(due, until), budget)) return taken;
      if (due > until || this.machine.now >= until) return taken;
      this.replay.take(record);
      at += offsetof<EventRecord>();
    }
    return records;
  }
}

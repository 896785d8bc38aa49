/**
 * The stage of a replay: nobody else acts, and what the mm announces is kept for comparison.
 */
import { FlushReason } from "../abi/recording";
import { Arena } from "../base/arena";
import { EraFacts } from "../kernel/era";
import { EventSink, NotifierEvent } from "../kernel/events";
import { ImmediatePlan } from "../kernel/immediate_plan";
import { Kernel } from "../kernel/kernel";
import { Mm } from "../kernel/mm/mm";
import { EventKind, EventRun, pushEvent } from "./event_run";
import { Stage } from "./stage";
import { Task } from "./task";

/** Where predictions of the task that runs go. */
export class PredictionSink extends EventSink {
  arena: Arena = changetype<Arena>(0);
  run: u32 = 0;
  cpu: u32 = 0;

  rangeStart(mm: Mm, event: NotifierEvent, start: u64, end: u64): void {
    if (mm.hasNotifier == 0 || this.run == 0) return;
    pushEvent(
      this.arena,
      changetype<EventRun>(<usize>this.run),
      EventKind.Notifier,
      start,
      end,
      0,
      this.cpu,
    );
  }

  rangeEnd(mm: Mm): void {}

  cpuFlush(mm: Mm, reason: FlushReason, pages: i32): void {
    if (this.run == 0) return;
    const run = changetype<EventRun>(<usize>this.run);
    pushEvent(this.arena, run, EventKind.Flush, <u64>reason, <u64>(<i64>pages), 0, this.cpu);
  }

  secondaryFlush(mm: Mm, start: u64, end: u64): void {}
}

/** Directs what the mm announces to the task that it works for. */
export class PredictionStage extends Stage {
  constructor(private readonly sink: PredictionSink) {
    super();
  }

  begin(task: Task, mm: Mm, cpu: u32): void {
    this.sink.cpu = cpu;
    this.sink.run = task.predictedRun;
  }

  end(mm: Mm): void {
    this.sink.run = 0;
  }

  compares(): bool {
    return true;
  }
}

/** A kernel whose work is predicted, and the stage that listens to it. */
export class Prediction {
  readonly kernel: Kernel;
  readonly stage: PredictionStage;

  constructor(facts: EraFacts) {
    const plan = new ImmediatePlan();
    const sink = new PredictionSink();
    const kernel = new Kernel(sink, plan, facts);
    plan.kernel = kernel;
    sink.arena = kernel.arena;
    this.kernel = kernel;
    this.stage = new PredictionStage(sink);
  }
}

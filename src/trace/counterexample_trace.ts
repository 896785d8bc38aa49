/** A counterexample as a trace for Perfetto: a track for each actor, a slice for each step. */
import type { Counterexample } from "../explore/counterexample.js";
import { PROPERTIES } from "../explore/properties.js";
import { stateTexts, timelineActors } from "../explore/timeline.js";
import { PerfettoWriter } from "./perfetto.js";

/** How long a step is drawn: exploration has an order and no times. */
const STEP_NS = 1000;

export function traceCounterexample(example: Counterexample): Uint8Array {
  const { world, steps, property, token, isReproduced } = example;
  const trace = new PerfettoWriter();
  const group = trace.process(`${world.operation} under ${world.protocol.id}`);
  const tracks = new Map(
    timelineActors(steps).map((actor) => [actor, trace.track(actor, group)] as const),
  );
  steps.forEach(({ actor, text, state }, at) => {
    const [table, caches, frames] = stateTexts(state);
    const track = tracks.get(actor)!;
    const annotations = { step: at + 1, "page table": table, caches, frames };
    trace.begin(track, at * STEP_NS, text, annotations);
    trace.end(track, (at + 1) * STEP_NS);
  });
  const last = steps.at(-1);
  if (isReproduced && last !== undefined) {
    const annotations = { rule: PROPERTIES[property].rule, token };
    const atNs = steps.length * STEP_NS;
    trace.instant(tracks.get(last.actor)!, atNs, `${property} violated`, annotations);
  }
  return trace.finish();
}

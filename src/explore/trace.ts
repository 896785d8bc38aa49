/** A counterexample as a trace that Perfetto opens: a track for each actor, a slice for each step. */
import { PerfettoWriter } from "../trace/perfetto.js";
import type { Counterexample } from "./counterexample.js";
import { PROPERTIES } from "./properties.js";
import { stateTexts, timelineActors } from "./timeline.js";

/** How long a step is drawn: exploration has an order and no times. */
const STEP_NS = 1000;

export function traceOf(example: Counterexample): Uint8Array {
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

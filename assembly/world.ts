/**
 * The one reference to everything that is simulated; nothing else in the core is module-level
 * state.
 */
import { Kernels } from "./bench/kernels";
import { Arch, Era, Operation } from "./abi/vocabulary";
import { Explorer } from "./explore/explorer";
import { Instance } from "./explore/instance";
import { Protocol } from "./kernel/steps/program";
import { factsOf } from "./kernel/era";
import { ExploreSpec, RunSpec } from "./abi/records";
import { LineReader } from "./recording/line_reader";
import { Prediction } from "./replay/prediction";
import { Probe } from "./replay/probe";
import { Replay } from "./replay/replay";
import { ProgramFeed } from "./timed/program_feed";
import { RecordedProgram } from "./timed/recorded_program";
import { Simulation } from "./timed/simulation";

export class World {
  explorer: Explorer | null = null;
  simulation: Simulation | null = null;
  replay: Replay | null = null;
  probe: Probe | null = null;
  kernels: Kernels | null = null;
  feed: ProgramFeed | null = null;
  lines: LineReader | null = null;
}

let world: World | null = null;

/** The world that was booted last. */
export function theWorld(): World {
  return world!;
}

/** Forgets every world before and boots one to explore. */
export function bootExplorer(protocol: usize, spec: ExploreSpec): void {
  heap.reset();
  const fresh = new World();
  world = fresh;
  const instance = new Instance(
    new Protocol(protocol),
    <Operation>spec.operation,
    spec.devices,
    spec.pages,
    spec.retryLimit,
  );
  fresh.explorer = new Explorer(instance, spec);
}

/** Forgets every world before and boots one that replays a recording. */
export function bootReplay(era: Era, arch: Arch): void {
  heap.reset();
  const fresh = new World();
  world = fresh;
  const prediction = new Prediction(factsOf(era, arch));
  fresh.replay = new Replay(prediction.kernel, prediction.stage);
}

/** Forgets every world before and boots one that is fed as a replay and listened to. */
export function bootProbe(era: Era, arch: Arch): void {
  heap.reset();
  const fresh = new World();
  world = fresh;
  const probe = new Probe(factsOf(era, arch));
  fresh.probe = probe;
  fresh.replay = new Replay(probe.kernel, probe.stage);
}

/** Forgets every world before and boots one to simulate. */
export function bootSimulation(
  spec: usize,
  deviceSpecs: usize,
  latencies: usize,
  deviceLatencies: usize,
  protocol: usize,
): void {
  heap.reset();
  const fresh = new World();
  world = fresh;
  const simulation = new Simulation(
    changetype<RunSpec>(spec),
    deviceSpecs,
    latencies,
    deviceLatencies,
    new Protocol(protocol),
  );
  fresh.simulation = simulation;
  const program = new RecordedProgram(simulation);
  const replay = new Replay(simulation.kernel, program);
  fresh.replay = replay;
  fresh.feed = new ProgramFeed(simulation.machine, program, replay);
}

/** Forgets every world before and boots the kernels of a benchmark. */
export function bootKernels(): void {
  heap.reset();
  const fresh = new World();
  world = fresh;
  fresh.kernels = new Kernels();
}

/** Forgets every world before and boots a reader of recordings. */
export function bootLineReader(): void {
  heap.reset();
  const fresh = new World();
  world = fresh;
  fresh.lines = new LineReader();
}

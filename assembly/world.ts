/**
 * The one reference to everything that is simulated; nothing else in the core is module-level state.
 */
import { Operation } from "./abi/vocabulary";
import { Explorer } from "./explore/explorer";
import { Instance } from "./explore/instance";
import { Replay } from "./replay/replay";
import { Protocol } from "./kernel/steps/program";

export class World {
  explorer: Explorer | null = null;
  replay: Replay | null = null;
}

let world: World | null = null;

/** The world that was booted last. */
export function theWorld(): World {
  return world!;
}

/** Forgets every world before and boots one to explore. */
export function bootExplorer(
  protocol: usize,
  operation: Operation,
  devices: i32,
  pages: u32,
  retryLimit: u32,
): void {
  heap.reset();
  const fresh = new World();
  world = fresh;
  fresh.explorer = new Explorer(
    new Instance(new Protocol(protocol), operation, devices, pages, retryLimit),
  );
}

/** Forgets every world before and boots one that replays a recording. */
export function bootReplay(): void {
  heap.reset();
  const fresh = new World();
  world = fresh;
  fresh.replay = new Replay();
}

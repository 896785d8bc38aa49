/** Collects the steps that are possible in one world, each with the world it leads to. */
import { decode, encode } from "./codec.js";
import type { StepProperty } from "./properties.js";
import type { World } from "./world.js";

export interface Move {
  /** Whose step it is; weak fairness is judged for each name. */
  actor: string;
  text: string;
  next: string;
  violated: StepProperty[];
}

/** The effect of a step on a world of its own; returns what the step violates. */
export type Effect = (world: World) => StepProperty[] | undefined;

export class Moves {
  readonly list: Move[] = [];
  readonly world: World;

  constructor(
    private readonly shape: World,
    private readonly key: string,
  ) {
    this.world = decode(shape, key);
  }

  add(actor: string, text: string, effect: Effect): void {
    const world = decode(this.shape, this.key);
    const violated = effect(world) ?? [];
    this.list.push({ actor, text, next: encode(world), violated });
  }
}

/** An effect that violates nothing. */
export const harmless =
  (change: (world: World) => void): Effect =>
  (world) => {
    change(world);
    return undefined;
  };

/** A way to go through a terrain in search of violations. */
import { ExploreEnd } from "../abi/vocabulary";
import { Violations } from "./violations";

export abstract class Search {
  readonly violations: Violations = new Violations();
  transitions: f64 = 0;
  /** Steps from the initial state to the states that lie deepest so far. */
  depth: u32 = 0;

  /** Does `budget` pieces of work, as long as the limits allow; says why it ended. */
  abstract run(budget: u32, maxStates: u32, maxBytes: f64, maxDepth: u32): ExploreEnd;

  /** The states that were met; a search that does not know them all counts some twice. */
  abstract states(): f64;

  /** Bytes that the search has taken. */
  abstract bytes(): f64;

  /** Writes a PathStep for each step of the path to a violation; returns their number. */
  abstract trace(property: u32, block: usize): u32;
}

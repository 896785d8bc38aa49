/**
 * `served`: searches a fair run in which a device waits for an answer for ever.
 *
 * Models:     a run stays in one component of the states in which the device waits. It is weakly
 *             fair if every obligation that is possible in all of the component is fulfilled inside
 *             it, and strongly fair if every obligation that is possible anywhere in it is. A run
 *             may also end, where nothing is obliged to happen.
 * Source:     O. Lichtenstein, A. Pnueli, Checking that finite state concurrent programs satisfy
 *             their linear specification (1985): fairness by components, and by smaller ones.
 */
import { allocate, putWord, wordAt } from "../base/bytes";
import { Components, FIRST_COMPONENT } from "./components";
import { Graph } from "./graph";
import { NO_ROW } from "./state_store";

export class Liveness {
  readonly components: Components;
  /** The states in which the present device waits and may go on waiting. */
  private readonly members: usize;
  /**
   * For each component: what is fulfilled inside it, and what is possible in all, or some, states.
   */
  private readonly fulfilled: usize;
  private readonly always: usize;
  private readonly sometimes: usize;
  /** The first state of each component, and so one that is nearest to the initial state. */
  private readonly first: usize;
  private device: u32 = 0;
  private isStrong: bool = false;
  private isBegun: bool = false;
  /** The state nearest to the initial one from which a device waits for ever, or NO_ROW. */
  entry: u32 = NO_ROW;

  constructor(
    private readonly graph: Graph,
    private readonly states: u32,
    private readonly devices: u32,
  ) {
    this.components = new Components(graph, states);
    this.members = allocate(states);
    const bytes = (<usize>states + FIRST_COMPONENT) << 2;
    this.fulfilled = allocate(bytes);
    this.always = allocate(bytes);
    this.sometimes = allocate(bytes);
    this.first = allocate(bytes);
  }

  /** Begins to search under weak or strong fairness. */
  begin(isStrong: bool): void {
    this.isStrong = isStrong;
    this.device = 0;
    this.isBegun = false;
    this.entry = NO_ROW;
  }

  /** Does about `budget` small pieces of work; true when the search is over. */
  run(budget: u32): bool {
    while (this.device < this.devices && this.entry == NO_ROW) {
      if (!this.isBegun) this.beginDevice();
      if (!this.components.run(budget, this.members)) return false;
      this.summarize();
      if (this.isStrong && this.dropStarved()) {
        this.components.begin();
        return false;
      }
      this.entry = this.nearestFair();
      if (this.entry != NO_ROW) return true;
      this.device++;
      this.isBegun = false;
    }
    return true;
  }

  /** The state lies in the component of the entry. */
  isInside(state: u32): bool {
    return wordAt(this.components.of, state) == wordAt(this.components.of, this.entry);
  }

  /** What a fair run through the entry's component has to fulfil, or to see impossible. */
  owed(): u32 {
    const component = wordAt(this.components.of, this.entry);
    return this.isStrong ? wordAt(this.sometimes, component) : this.graph.all();
  }

  private beginDevice(): void {
    this.isBegun = true;
    for (let state: u32 = 0; state < this.states; state++) {
      const waits = (this.graph.waiting.at(state) >> this.device) & 1;
      store<u8>(this.members + <usize>state, <u8>waits);
    }
    this.components.begin();
  }

  private summarize(): void {
    const graph = this.graph;
    const count = this.components.count + FIRST_COMPONENT;
    for (let component: u32 = 0; component < count; component++) {
      putWord(this.fulfilled, component, 0);
      putWord(this.always, component, u32.MAX_VALUE);
      putWord(this.sometimes, component, 0);
      putWord(this.first, component, NO_ROW);
    }
    for (let state: u32 = 0; state < this.states; state++) {
      const component = wordAt(this.components.of, state);
      if (component == 0) continue;
      if (wordAt(this.first, component) == NO_ROW) putWord(this.first, component, state);
      const possible = graph.possible.at(state);
      putWord(this.always, component, wordAt(this.always, component) & possible);
      putWord(this.sometimes, component, wordAt(this.sometimes, component) | possible);
      const end = graph.starts.at(state + 1);
      for (let edge = graph.starts.at(state); edge < end; edge++) {
        if (wordAt(this.components.of, graph.targets.at(edge)) != component) continue;
        const fulfils = graph.fulfils.at(edge);
        if (fulfils == 0) continue;
        const old = wordAt(this.fulfilled, component);
        putWord(this.fulfilled, component, old | (1 << (fulfils - 1)));
      }
    }
  }

  /** A strongly fair run leaves every state where something is possible that it never fulfils. */
  private dropStarved(): bool {
    let dropped: bool = false;
    for (let state: u32 = 0; state < this.states; state++) {
      const component = wordAt(this.components.of, state);
      if (component == 0) continue;
      const starved = wordAt(this.sometimes, component) & ~wordAt(this.fulfilled, component);
      if ((this.graph.possible.at(state) & starved) == 0) continue;
      store<u8>(this.members + <usize>state, 0);
      dropped = true;
    }
    return dropped;
  }

  private nearestFair(): u32 {
    let nearest = NO_ROW;
    const count = this.components.count + FIRST_COMPONENT;
    for (let component = FIRST_COMPONENT; component < count; component++) {
      const starved = wordAt(this.always, component) & ~wordAt(this.fulfilled, component);
      if (starved == 0) nearest = min(nearest, wordAt(this.first, component));
    }
    return nearest;
  }
}

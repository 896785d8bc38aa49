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
import { putWord, reserve, wordAt } from "../base/bytes";
import { Components, FIRST_COMPONENT } from "./components";
import { Graph } from "./graph";
import { NO_ROW } from "./state_store";

/** The search for one device, which is done piece by piece. */
enum Phase {
  /** Finds the states in which the device waits. */
  Mark,
  /** Forgets components that were found before. */
  Forget,
  /** Finds their components. */
  Connect,
  Clear,
  /** Gathers what is possible and what is fulfilled in each component. */
  Summarize,
  /** Leaves out states that starve somebody; what remains falls into smaller components. */
  Drop,
  /** Finds the fair component that is nearest to the initial state. */
  Choose,
}

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
  private phase: Phase = Phase.Mark;
  /** How far the phase has come: a state or a component. */
  private at: u32 = 0;
  private hasDropped: bool = false;
  private nearest: u32 = NO_ROW;
  /** The state nearest to the initial one from which a device waits for ever, or NO_ROW. */
  entry: u32 = NO_ROW;

  constructor(
    private readonly graph: Graph,
    private readonly states: u32,
    private readonly devices: u32,
  ) {
    this.components = new Components(graph, states);
    this.members = reserve(states);
    const bytes = (<usize>states + FIRST_COMPONENT) << 2;
    this.fulfilled = reserve(bytes);
    this.always = reserve(bytes);
    this.sometimes = reserve(bytes);
    this.first = reserve(bytes);
  }

  /** Begins to search under weak or strong fairness. */
  begin(isStrong: bool): void {
    this.isStrong = isStrong;
    this.device = 0;
    this.entry = NO_ROW;
    this.enter(Phase.Mark);
  }

  /** Does about `budget` small pieces of work; true when the search is over. */
  run(budget: u32): bool {
    if (this.entry != NO_ROW || this.device >= this.devices) return true;
    const states = min(this.at + budget, this.states);
    const components = min(this.at + budget, this.components.count + FIRST_COMPONENT);
    switch (this.phase) {
      case Phase.Mark:
        if (this.mark(states)) this.enter(Phase.Forget);
        break;
      case Phase.Forget:
        this.components.forget(this.at, states);
        this.at = states;
        if (states == this.states) this.enter(Phase.Connect);
        break;
      case Phase.Connect:
        if (this.components.run(budget, this.members)) this.enter(Phase.Clear);
        break;
      case Phase.Clear:
        if (this.clear(components)) this.enter(Phase.Summarize);
        break;
      case Phase.Summarize:
        if (this.summarize(states)) this.enter(this.isStrong ? Phase.Drop : Phase.Choose);
        break;
      case Phase.Drop:
        if (this.dropStarved(states)) this.enter(this.hasDropped ? Phase.Forget : Phase.Choose);
        break;
      default:
        if (!this.chooseFair(components)) break;
        this.entry = this.nearest;
        if (this.entry != NO_ROW) break;
        this.device++;
        this.enter(Phase.Mark);
    }
    return this.entry != NO_ROW || this.device >= this.devices;
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

  private enter(phase: Phase): void {
    this.phase = phase;
    this.at = 0;
    if (phase == Phase.Connect) this.components.begin();
    if (phase == Phase.Drop) this.hasDropped = false;
    if (phase == Phase.Choose) this.nearest = NO_ROW;
  }

  /** The states in which the present device waits. Each of these goes as far as it is told to. */
  private mark(end: u32): bool {
    for (; this.at < end; this.at++) {
      const waits = (this.graph.waiting.at(this.at) >> this.device) & 1;
      store<u8>(this.members + <usize>this.at, <u8>waits);
    }
    return end == this.states;
  }

  private clear(end: u32): bool {
    for (; this.at < end; this.at++) {
      putWord(this.fulfilled, this.at, 0);
      putWord(this.always, this.at, u32.MAX_VALUE);
      putWord(this.sometimes, this.at, 0);
      putWord(this.first, this.at, NO_ROW);
    }
    return end == this.components.count + FIRST_COMPONENT;
  }

  private summarize(end: u32): bool {
    for (; this.at < end; this.at++) this.summarizeState(this.at);
    return end == this.states;
  }

  private summarizeState(state: u32): void {
    const graph = this.graph;
    const component = wordAt(this.components.of, state);
    if (component == 0) return;
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

  /** A strongly fair run leaves every state where something is possible that it never fulfils. */
  private dropStarved(end: u32): bool {
    for (; this.at < end; this.at++) {
      const component = wordAt(this.components.of, this.at);
      if (component == 0) continue;
      const starved = wordAt(this.sometimes, component) & ~wordAt(this.fulfilled, component);
      if ((this.graph.possible.at(this.at) & starved) == 0) continue;
      store<u8>(this.members + <usize>this.at, 0);
      this.hasDropped = true;
    }
    return end == this.states;
  }

  private chooseFair(end: u32): bool {
    for (let component = max(this.at, FIRST_COMPONENT); component < end; component++) {
      const starved = wordAt(this.always, component) & ~wordAt(this.fulfilled, component);
      if (starved == 0) this.nearest = min(this.nearest, wordAt(this.first, component));
    }
    this.at = end;
    return end == this.components.count + FIRST_COMPONENT;
  }
}

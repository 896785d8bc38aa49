/**
 * The verdict about `served` of an explored world: strong fairness first, then weak. What is
 * violated by strongly fair runs is violated by weakly fair ones too, and says more.
 */
import { FairCycle } from "./fair_cycle";
import { Graph } from "./graph";
import { Liveness } from "./liveness";
import { NO_ROW } from "./state_store";

/** Under which fairness a request may stay unanswered. */
export enum Unserved {
  Never,
  /** Only by runs in which something is possible again and again and never happens. */
  UnderWeakFairness,
  UnderStrongFairness,
}

export class Served {
  verdict: Unserved = Unserved.Never;
  private readonly liveness: Liveness;
  private isStrong: bool = true;
  private isOver: bool = false;

  constructor(
    private readonly graph: Graph,
    private readonly states: u32,
    devices: u32,
  ) {
    graph.finish();
    this.liveness = new Liveness(graph, states, devices);
    this.liveness.begin(true);
  }

  /** Does about `budget` small pieces of work; true when the verdict is there. */
  run(budget: u32): bool {
    if (this.isOver) return true;
    if (!this.liveness.run(budget)) return false;
    if (this.liveness.entry != NO_ROW) {
      this.verdict = this.isStrong ? Unserved.UnderStrongFairness : Unserved.UnderWeakFairness;
      this.isOver = true;
    } else if (this.isStrong) {
      this.isStrong = false;
      this.liveness.begin(false);
    } else {
      this.isOver = true;
    }
    return this.isOver;
  }

  /** The state behind which the request is never answered. */
  entry(): u32 {
    return this.liveness.entry;
  }

  /** How the run goes on for ever from there; without steps: it ends there. */
  cycle(): FairCycle {
    return new FairCycle(this.graph, this.liveness, this.states, this.isStrong);
  }
}

/**
 * The strongly connected components of the states in which one device waits: Tarjan's algorithm
 * without recursion, on flat tables.
 *
 * Source: R. Tarjan, Depth-first search and linear graph algorithms (1972).
 */
import { putWord, reserve, wordAt } from "../base/bytes";
import { Graph } from "./graph";

/** Components are numbered from here; below: not visited, or still on the stack. */
export const FIRST_COMPONENT: u32 = 1;

export class Components {
  count: u32 = 0;
  /** The component of each state; 0: none. */
  readonly of: usize;
  private readonly order: usize;
  private readonly low: usize;
  private readonly stack: usize;
  private readonly calls: usize;
  private readonly cursors: usize;
  private visited: u32 = 0;
  private stackSize: u32 = 0;
  private callSize: u32 = 0;
  private root: u32 = 0;

  constructor(
    private readonly graph: Graph,
    private readonly states: u32,
  ) {
    const bytes = (<usize>states) << 2;
    this.of = reserve(bytes);
    this.order = reserve(bytes);
    this.low = reserve(bytes);
    this.stack = reserve(bytes);
    this.calls = reserve(bytes);
    this.cursors = reserve(bytes);
  }

  /** Begins anew with the states whose byte in `members` is set; forget() all of them first. */
  begin(): void {
    this.count = 0;
    this.visited = 0;
    this.root = 0;
  }

  /** Forgets what was found of the states in [start, end). */
  forget(start: u32, end: u32): void {
    const bytes = (<usize>(end - start)) << 2;
    memory.fill(this.of + ((<usize>start) << 2), 0, bytes);
    memory.fill(this.order + ((<usize>start) << 2), 0, bytes);
  }

  /** Follows up to `budget` edges; true once every component is known. */
  run(budget: u32, members: usize): bool {
    let rest = budget;
    while (rest-- > 0) {
      if (this.callSize > 0) {
        this.advance(members);
        continue;
      }
      if (this.root >= this.states) return true;
      const root = this.root++;
      if (load<u8>(members + <usize>root) != 0 && wordAt(this.order, root) == 0) this.enter(root);
    }
    return false;
  }

  private enter(state: u32): void {
    const order = ++this.visited;
    putWord(this.order, state, order);
    putWord(this.low, state, order);
    putWord(this.stack, this.stackSize++, state);
    putWord(this.calls, this.callSize, state);
    putWord(this.cursors, this.callSize++, this.graph.starts.at(state));
  }

  /** Follows one edge of the state on top, or leaves it. */
  private advance(members: usize): void {
    const top = this.callSize - 1;
    const state = wordAt(this.calls, top);
    const edge = wordAt(this.cursors, top);
    if (edge >= this.graph.starts.at(state + 1)) {
      this.leave(state);
      return;
    }
    putWord(this.cursors, top, edge + 1);
    const target = this.graph.targets.at(edge);
    if (load<u8>(members + <usize>target) == 0) return;
    if (wordAt(this.order, target) == 0) this.enter(target);
    else if (wordAt(this.of, target) == 0) this.lower(state, wordAt(this.order, target));
  }

  private leave(state: u32): void {
    this.callSize--;
    const low = wordAt(this.low, state);
    if (this.callSize > 0) this.lower(wordAt(this.calls, this.callSize - 1), low);
    if (low != wordAt(this.order, state)) return;
    const component = FIRST_COMPONENT + this.count++;
    let member: u32 = 0;
    do {
      member = wordAt(this.stack, --this.stackSize);
      putWord(this.of, member, component);
    } while (member != state);
  }

  private lower(state: u32, value: u32): void {
    if (value < wordAt(this.low, state)) putWord(this.low, state, value);
  }
}

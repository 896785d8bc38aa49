/** Numbers the tokens of a report in the order in which a reader meets them. */
import type { Evidence } from "../study/answer.js";

export interface Reference extends Evidence {
  readonly number: number;
}

export class References {
  private readonly byToken = new Map<string, Reference>();

  /** The reference of a token; the first label that it is met with stays. */
  of({ label, token }: Evidence): Reference {
    const known = this.byToken.get(token);
    if (known !== undefined) return known;
    const reference = { number: this.byToken.size + 1, label, token };
    this.byToken.set(token, reference);
    return reference;
  }

  /** All of them, in order. */
  list(): Reference[] {
    return [...this.byToken.values()];
  }
}

/** Numbers the tokens of a report in the order in which a reader meets them. */
import { evidenceOf, type Answer, type Evidence } from "../study/answer.js";

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

  /** What an answer rests on, each token once, in order. */
  ofAnswer({ paragraph, exhibits }: Answer): Reference[] {
    const inText = paragraph.flatMap((piece) =>
      typeof piece === "string" ? [] : [piece.evidence],
    );
    const all = [...inText, ...exhibits.flatMap(evidenceOf)];
    return [...new Set(all.map((evidence) => this.of(evidence)))];
  }
}

/** What an importer could not take over: every line that it did not understand, with the reason. */
export interface Loss {
  /** Line of the imported text, from 1. */
  line: number;
  text: string;
  reason: string;
}

const LOSSES_KEPT = 1000;
const TEXT_KEPT = 200;

export class LossReport {
  /** The first thousand. */
  readonly losses: Loss[] = [];
  /** Lines that were understood and are of no use here, by what they are. */
  readonly ignored = new Map<string, number>();
  #total = 0;

  /** How many lines were lost. */
  get total(): number {
    return this.#total;
  }

  lose(line: number, text: string, reason: string): void {
    this.#total++;
    if (this.losses.length < LOSSES_KEPT) {
      this.losses.push({ line, text: text.slice(0, TEXT_KEPT), reason });
    }
  }

  ignore(what: string): void {
    this.ignored.set(what, (this.ignored.get(what) ?? 0) + 1);
  }
}

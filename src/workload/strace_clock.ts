/** The times strace prints, as nanoseconds since the first one. */
import { parseSeconds, RelativeClock } from "./imported.js";

/** Seconds since 1970 are above, differences between lines (-r) below. */
const RELATIVE_SECONDS_MAX = 1e8;
const DAY_SECONDS = 24 * 60 * 60;

export class StraceClock {
  readonly #clock = new RelativeClock();
  #sum = { seconds: 0, ns: 0 };
  #lines = 0;
  #hasTimes = false;
  #days = 0;
  #lastOfDay = 0;

  /** The time of the last line. */
  get now(): number {
    return this.#clock.now;
  }

  /**
   * The time of the next line. A line that has none among lines that do has that of the line
   * before.
   */
  at(text: string | null): { t: number; isMoved: boolean } {
    this.#lines++;
    if (text === null) {
      if (this.#hasTimes) return { t: this.now, isMoved: false };
      return this.#clock.at(0, 1000 * this.#lines);
    }
    this.#hasTimes = true;
    if (text.includes(":")) return this.#timeOfDay(text);
    const { seconds, ns } = parseSeconds(text);
    if (seconds >= RELATIVE_SECONDS_MAX) return this.#clock.at(seconds, ns);
    this.#sum = { seconds: this.#sum.seconds + seconds, ns: this.#sum.ns + ns };
    return this.#clock.at(this.#sum.seconds, this.#sum.ns);
  }

  /** `HH:MM:SS` with or without a fraction; past midnight the next day begins. */
  #timeOfDay(text: string): { t: number; isMoved: boolean } {
    const [hours = "0", minutes = "0", rest = "0"] = text.split(":");
    const { seconds, ns } = parseSeconds(rest);
    const ofDay = (Number(hours) * 60 + Number(minutes)) * 60 + seconds;
    if (ofDay < this.#lastOfDay - DAY_SECONDS / 2) this.#days++;
    this.#lastOfDay = ofDay;
    return this.#clock.at(this.#days * DAY_SECONDS + ofDay, ns);
  }
}

/**
 * The only door through which nondeterminism enters the model.
 *
 * Every place where the real system could go more than one way asks choose(bound). A path is the
 * list of answers. Replaying a path reproduces a step; advancing it like an odometer visits every
 * outcome of the step exactly once, provided that the model asks the same question when given the
 * same answers.
 */
import { Random } from "./random";

const DEPTH_MAX: i32 = 16;

export class ChoicePath {
  private readonly answers: StaticArray<u32> = new StaticArray<u32>(DEPTH_MAX);
  private readonly bounds: StaticArray<u32> = new StaticArray<u32>(DEPTH_MAX);
  private depth: i32 = 0;
  private length: i32 = 0;
  /** Answers questions that no path answers; null: the first answer comes first. */
  private random: Random | null = null;
  /** A prescribed answer was none of those that the question has. */
  isOutOfBounds: bool = false;

  /** An answer in [0, bound). The first visit to a choice point answers 0. */
  choose(bound: u32): u32 {
    if (bound <= 1) return 0;
    if (this.depth == this.length) {
      assert(this.length < DEPTH_MAX, "a step asks at most sixteen questions");
      const random = this.random;
      this.answers[this.length] = random == null ? 0 : random.choose(bound);
      this.bounds[this.length++] = bound;
    }
    const asked = this.bounds[this.depth];
    assert(asked == 0 || asked == bound, "the model asks the same question again");
    const answer = this.answers[this.depth++];
    if (answer < bound) return answer;
    this.isOutOfBounds = true;
    return 0;
  }

  /** Starts the same path over. */
  rewind(): void {
    this.depth = 0;
  }

  /** Answers the next questions with the digits of `code`, as code() wrote them. */
  prescribe(code: u32): void {
    this.reset();
    let rest = code;
    for (let i = 0; i < DEPTH_MAX; i++) {
      this.answers[i] = rest & 7;
      this.bounds[i] = 0;
      rest >>= 3;
    }
    this.length = DEPTH_MAX;
  }

  /** Begins a new path whose answers are drawn. */
  improvise(random: Random): void {
    this.reset();
    this.random = random;
  }

  /** Forgets the path. */
  reset(): void {
    this.random = null;
    this.depth = 0;
    this.length = 0;
    this.isOutOfBounds = false;
  }

  /** Moves to the next unexplored path; false once every path has been visited. */
  advance(): bool {
    while (this.length > 0) {
      const last = this.length - 1;
      if (++this.answers[last] < this.bounds[last]) {
        this.depth = 0;
        return true;
      }
      this.length = last;
    }
    this.depth = 0;
    return false;
  }

  /** The path as one number: each answer a digit; 0 where nothing was asked. */
  code(): u32 {
    let code: u32 = 0;
    for (let i = this.length - 1; i >= 0; i--) code = (code << 3) | this.answers[i];
    return code;
  }
}

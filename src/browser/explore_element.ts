/**
 * A web component that explores one small world in the page and shows what was found: a verdict
 * for each property, and the shortest counterexample of the one that is chosen.
 *
 * It explores when it is put into a page and when its attributes change; the page keeps reacting.
 */
import { html, LitElement, nothing, type PropertyValues, type TemplateResult } from "lit";
import { replayToken, type Counterexample } from "../explore/counterexample.js";
import { explore } from "../explore/explore.js";
import type { OperationId } from "../explore/operations.js";
import type { PropertyId } from "../explore/properties.js";
import type { ExploreResult } from "../explore/result.js";
import type { RetryLimit } from "../explore/small_world.js";
import type { ProtocolInput } from "../protocols/schema.js";
import { STYLE } from "./style.js";
import { timelineTable } from "./timeline_table.js";
import { verdictTable } from "./verdict_table.js";

/** What the event `tlbstorm-finished` carries. */
export interface ExploreFinished {
  readonly result: ExploreResult;
}

/** What decides what is explored. */
const INPUTS = ["protocol", "operation", "devices", "pages", "retryLimit", "definition"];

type Outcome =
  | { readonly kind: "exploring"; readonly states: number }
  | { readonly kind: "finished"; readonly result: ExploreResult }
  | { readonly kind: "failed"; readonly message: string };

export class ExploreElement extends LitElement {
  static override readonly styles = STYLE;

  static override readonly properties = {
    protocol: {},
    operation: {},
    devices: { type: Number },
    pages: { type: Number },
    retryLimit: { attribute: "retry-limit" },
    definition: { attribute: false },
    outcome: { state: true },
    example: { state: true },
  };

  /** The id of a built-in protocol. */
  declare protocol: string;
  declare operation: OperationId;
  declare devices: number;
  declare pages: number;
  /** A number of refusals, or `unlimited`. */
  declare retryLimit: string;
  /** A protocol of one's own, in place of a built-in one. */
  declare definition: ProtocolInput | null;
  declare private outcome: Outcome;
  declare private example: Counterexample | null;
  private running: AbortController | null = null;

  constructor() {
    super();
    this.protocol = "none";
    this.operation = "munmap";
    this.devices = 1;
    this.pages = 1;
    this.retryLimit = "3";
    this.definition = null;
    this.outcome = { kind: "exploring", states: 0 };
    this.example = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    // It was taken out of a page while it explored, and comes back.
    if (this.hasUpdated && this.outcome.kind === "exploring") this.requestUpdate("protocol");
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.running?.abort();
  }

  protected override willUpdate(changed: PropertyValues): void {
    if (INPUTS.some((name) => changed.has(name))) void this.start();
  }

  protected override render(): TemplateResult {
    const { outcome, example } = this;
    switch (outcome.kind) {
      case "exploring":
        return html`<p role="status">exploring … ${count(outcome.states)} states</p>`;
      case "failed":
        return html`<p role="alert">${outcome.message}</p>`;
      case "finished":
        return html`
          ${verdictTable(outcome.result, example?.property ?? null, (id) => void this.choose(id))}
          ${
            example === null
              ? nothing
              : timelineTable(example, outcome.result.properties[example.property])
          }
        `;
    }
  }

  /** Explores what the attributes say; an exploration under way is given up. */
  private async start(): Promise<void> {
    this.running?.abort();
    const running = new AbortController();
    this.running = running;
    this.example = null;
    this.outcome = { kind: "exploring", states: 0 };
    try {
      const result = await this.explore(running.signal);
      this.outcome = { kind: "finished", result };
      await this.choose(firstViolation(result));
      const detail: ExploreFinished = { result };
      this.dispatchEvent(new CustomEvent("tlbstorm-finished", { detail, bubbles: true }));
    } catch (error) {
      if (running.signal.aborted) return;
      this.outcome = { kind: "failed", message: messageOf(error) };
    }
  }

  private explore(signal: AbortSignal): Promise<ExploreResult> {
    return explore({
      protocol: this.definition ?? this.protocol,
      operation: this.operation,
      devices: this.devices,
      pages: this.pages,
      retryLimit: retryLimitOf(this.retryLimit),
      signal,
      onProgress: ({ states }) => {
        if (!signal.aborted) this.outcome = { kind: "exploring", states };
      },
    });
  }

  /** Shows the counterexample of a property. */
  private async choose(id: PropertyId | null): Promise<void> {
    const { outcome } = this;
    if (outcome.kind !== "finished" || id === null) return;
    const token = outcome.result.properties[id]?.token ?? null;
    const example = token === null ? null : await replayToken(token);
    if (this.outcome === outcome) this.example = example;
  }
}

function firstViolation({ properties }: ExploreResult): PropertyId | null {
  const ids = Object.keys(properties) as PropertyId[];
  return ids.find((id) => properties[id]?.verdict === "violated") ?? null;
}

function retryLimitOf(text: string): RetryLimit {
  return text === "unlimited" ? text : Number(text);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function count(states: number): string {
  return states.toLocaleString("en-US");
}

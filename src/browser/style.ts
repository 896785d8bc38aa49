/** The look of the component: light or dark, as the `color-scheme` of the page around it says. */
import { css } from "lit";

export const STYLE = css`
  :host {
    display: block;
    --ink: light-dark(#1c2024, #e4e8ec);
    --muted: light-dark(#5c6670, #9aa5b0);
    --line: light-dark(#d5dae0, #373f47);
    --good: light-dark(#1a7f37, #63c787);
    --bad: light-dark(#b3261e, #ff8b80);
    --fair: light-dark(#8a5a00, #e0b050);
    --bad-back: light-dark(#fdecea, #3a1f1d);
    color: var(--ink);
    font:
      0.95rem/1.5 system-ui,
      sans-serif;
  }
  .scroll {
    overflow-x: auto;
    margin-block-start: 1.25rem;
  }
  table {
    border-collapse: collapse;
  }
  caption {
    text-align: start;
    padding-block-end: 0.4rem;
    color: var(--muted);
  }
  th,
  td {
    text-align: start;
    vertical-align: top;
    padding: 0.25rem 0.9rem 0.25rem 0;
    border-block-end: 1px solid var(--line);
  }
  thead th,
  .not-applicable,
  .unknown {
    color: var(--muted);
  }
  th {
    font-weight: 600;
  }
  tbody th {
    font-weight: 400;
  }
  .holds td:nth-child(2) {
    color: var(--good);
  }
  .violated td {
    color: var(--bad);
  }
  .starved td {
    color: var(--fair);
  }
  .timeline {
    font-size: 0.9em;
  }
  .timeline td {
    min-inline-size: 9rem;
  }
  .timeline tbody th {
    text-align: end;
    color: var(--muted);
    font-variant-numeric: tabular-nums;
  }
  .timeline .violated td,
  .timeline .violated th {
    background: var(--bad-back);
  }
  button {
    font: inherit;
    color: inherit;
    background: none;
    border: 1px solid currentcolor;
    border-radius: 0.3rem;
    padding: 0 0.5rem;
    cursor: pointer;
  }
  button[aria-pressed="true"] {
    background: var(--bad-back);
  }
  :focus-visible {
    outline: 2px solid currentcolor;
    outline-offset: 2px;
  }
  .token {
    color: var(--muted);
  }
  code {
    overflow-wrap: anywhere;
  }
`;

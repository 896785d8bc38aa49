/** The look of a report: light and dark, screen, phone and paper. Nothing is loaded. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #ffffff;
  --raised: #f5f6f8;
  --ink: #1c2024;
  --muted: #5c6670;
  --line: #d5dae0;
  --link: #0b5cad;
  --good: #1a7f37;
  --bad: #b3261e;
  --bad-back: #fdecea;
  --edge: rgba(20, 30, 40, 0.3);
  --series-1: #2a6fbb;
  --series-2: #d9822b;
  --series-3: #2b9475;
  --series-4: #a34fa5;
  --series-5: #7a7f87;
  --series-6: #c2483d;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #14171a;
    --raised: #1e2327;
    --ink: #e4e8ec;
    --muted: #9aa5b0;
    --line: #373f47;
    --link: #7cb7f5;
    --good: #63c787;
    --bad: #ff8b80;
    --bad-back: #3a1f1d;
  --edge: rgba(190, 210, 230, 0.4);
    --series-1: #6aa9ec;
    --series-2: #efa45b;
    --series-3: #5cc5a3;
    --series-4: #cf8bd1;
    --series-5: #a2a8b0;
    --series-6: #f08479;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body {
  margin: 0;
  background: var(--page);
  color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
main, header, footer { max-width: 60rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
footer { padding-bottom: 4rem; }
h1 { font-size: 1.75rem; line-height: 1.2; margin: 0 0 0.75rem; }
h2 { font-size: 1.3rem; line-height: 1.3; margin: 3rem 0 0.75rem; padding-top: 1.25rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; line-height: 1.35; margin: 1.75rem 0 0.4rem; }
p, li { max-width: 46rem; }
p { margin: 0 0 0.9rem; }
.lead { font-size: 1.06rem; }
a { color: var(--link); }
nav ol { margin: 0.5rem 0 1.5rem; padding-left: 1.6rem; }
/* Up to the edge of the screen where a table needs it; beyond that it scrolls. */
.scroll {
  width: min-content; min-width: 100%; max-width: calc(50vw + 27rem);
  overflow-x: auto; margin: 0 0 0.35rem;
  /* A shadow at an edge behind which there is more: covers move with the table, shadows do not. */
  background:
    linear-gradient(to right, var(--page) 40%, transparent) 0 0 / 2.5rem 100% local,
    linear-gradient(to left, var(--page) 40%, transparent) 100% 0 / 2.5rem 100% local,
    radial-gradient(farthest-side at 0 50%, var(--edge), transparent) 0 0 / 0.8rem 100% scroll,
    radial-gradient(farthest-side at 100% 50%, var(--edge), transparent) 100% 0 / 0.8rem 100% scroll;
  background-repeat: no-repeat;
}
.scroll::-webkit-scrollbar { height: 8px; }
.scroll::-webkit-scrollbar-track { background: var(--raised); }
.scroll::-webkit-scrollbar-thumb { background: var(--muted); border-radius: 4px; }
table { border-collapse: collapse; font-size: 0.875rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
th, td { padding: 0.3rem 0.9rem 0.3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
th { font-weight: 600; vertical-align: bottom; }
th:first-child, td:first-child { position: sticky; left: 0; background: var(--page); }
th.right, td.right { text-align: right; }
td.right, td.short { white-space: nowrap; }
td.long { min-width: 13rem; }
td.good { color: var(--good); }
td.bad { color: var(--bad); font-weight: 600; }
.note { color: var(--muted); font-size: 0.8125rem; margin: 0 0 1rem; }
figure { margin: 0 0 1rem; }
figure svg { display: block; max-width: 100%; height: auto; }
.narrow { display: none; }
.key { display: flex; flex-wrap: wrap; gap: 0.2rem 1.1rem; list-style: none; margin: 0 0 0.4rem; padding: 0; font-size: 0.8125rem; }
.key span { display: inline-block; width: 0.75rem; height: 0.75rem; border-radius: 2px; margin-right: 0.4rem; vertical-align: -1px; }
.ref { font-size: 0.72em; vertical-align: super; line-height: 0; text-decoration: none; margin-left: 0.15em; }
.ref::before { content: "["; }
.ref::after { content: "]"; }
code, pre { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: 0.8125rem; }
pre { overflow-x: auto; background: var(--raised); padding: 0.8rem 1rem; border-radius: 4px; line-height: 1.45; }
.timeline td { font-size: 0.8125rem; min-width: 6.5rem; }
.timeline td:first-child, .timeline th:first-child { min-width: 0; color: var(--muted); }
.timeline tr.violation td, .timeline tr.violation td:first-child { background: var(--bad-back); color: var(--bad); font-weight: 600; }
.tokens { list-style: none; margin: 1rem 0; padding: 0.8rem 1rem; background: var(--raised); border-radius: 4px; }
.tokens li { max-width: none; font-size: 0.8125rem; margin: 0 0 0.35rem; display: grid; grid-template-columns: 2.4rem minmax(0, 1fr); scroll-margin-top: 1rem; }
.tokens span { min-width: 0; }
.tokens code { font-size: 0.75rem; color: var(--muted); grid-column: 2; min-width: 0; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; user-select: all; }
.tokens li:target code, .tokens li:hover code, .tokens code:focus { white-space: normal; overflow-wrap: anywhere; }
.tokens li:target, .tokens li:target code { color: var(--ink); font-weight: 600; }
details { margin: 0 0 1rem; }
summary { cursor: pointer; font-weight: 600; margin: 1.25rem 0 0.5rem; }
.digest { overflow-wrap: anywhere; }
@media (max-width: 62rem) {
  .scroll { max-width: 100%; }
}
@media (max-width: 40rem) {
  body { font-size: 15px; }
  main, header, footer { padding-left: 1rem; padding-right: 1rem; }
  .wide { display: none !important; }
  .narrow { display: block !important; }
  th, td { padding-right: 0.7rem; }
  th:first-child, td:first-child { padding-right: 0.6rem; white-space: normal; }
  footer th:first-child, footer td:first-child { position: static; }
}
@media print {
  :root {
    color-scheme: light;
    --page: #fff; --raised: #f5f6f8; --ink: #000; --muted: #444; --line: #bbb; --link: #000;
    --good: #1a7f37; --bad: #b3261e; --bad-back: #fdecea;
    --series-1: #2a6fbb; --series-2: #d9822b; --series-3: #2b9475;
    --series-4: #a34fa5; --series-5: #7a7f87; --series-6: #c2483d;
  }
  body { font-size: 10pt; }
  main, header, footer { max-width: none; padding: 0; }
  h2, h3 { break-after: avoid; }
  figure, tr, .tokens li { break-inside: avoid; }
  .scroll { overflow: visible; background: none; width: auto; max-width: none; }
  th:first-child, td:first-child { position: static; }
  table { font-size: 8pt; }
  pre { white-space: pre-wrap; }
  .tokens code { white-space: normal; overflow-wrap: anywhere; font-size: 6.5pt; }
  nav { display: none; }
  details::details-content { content-visibility: visible; block-size: auto; }
}
@page { margin: 15mm; }
`;

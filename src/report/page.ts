/** The templates of a report. `~` puts in what is markup already, `=` escapes. */

export const PAGE = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'; img-src data:">
<title><%= it.title %></title>
<link rel="icon" href="data:,">
<style><%~ it.style %></style>
</head>
<body>
<header>
<h1><%= it.title %></h1>
<% for (const sentence of it.introduction) { %>
<p class="lead"><%= sentence %></p>
<% } %>
<nav aria-label="Questions">
<ol>
<% for (const answer of it.answers) { %>
<li><a href="#q<%= answer.number %>"><%= answer.question %></a></li>
<% } %>
</ol>
<p><a href="#basis">What this rests on</a>: what is exact, what is modelled, every parameter with its source. <a href="#repeat">How to repeat a figure</a>: the tokens.</p>
</nav>
</header>
<main>
<%~ include("@table", it.summary) %>
<% for (const answer of it.answers) { %>
<section id="q<%= answer.number %>">
<h2><%= answer.number %>. <%= answer.question %></h2>
<p><% for (const piece of answer.pieces) { %><%= piece.text %><%~ include("@reference", piece) %><% } %></p>
<% for (const exhibit of answer.exhibits) { %>
<%~ include("@" + exhibit.kind, exhibit) %>
<% } %>
</section>
<% } %>
</main>
<footer>
<h2 id="basis">What this rests on</h2>
<h3>Exact</h3>
<ul>
<% for (const sentence of it.exact) { %><li><%= sentence %></li><% } %>
</ul>
<h3>Modelled</h3>
<ul>
<% for (const sentence of it.modelled) { %><li><%= sentence %></li><% } %>
</ul>
<details>
<summary>The scenario that the runs share</summary>
<pre><%= it.scenario %></pre>
</details>
<details>
<summary>Digests of the runs</summary>
<div class="scroll" tabindex="0"><table>
<thead><tr><th>run</th><th>digest</th></tr></thead>
<tbody>
<% for (const { label, digest } of it.digests) { %>
<tr><td><%= label %></td><td><code class="digest"><%= digest %></code></td></tr>
<% } %>
</tbody>
</table></div>
<p class="note">Equal digests mean that two runs had the same events at the same simulated times.</p>
</details>
<h3>Versions</h3>
<div class="scroll" tabindex="0"><table>
<tbody>
<% for (const [what, version] of it.versions) { %>
<tr><th scope="row"><%= what %></th><td><%= version %></td></tr>
<% } %>
</tbody>
</table></div>
<details>
<summary>Parameters, their sources and grades: <%= it.parameters.length %></summary>
<div class="scroll" tabindex="0"><table>
<thead><tr><th>parameter</th><th class="right">value</th><th>grade</th><th>source</th></tr></thead>
<tbody>
<% for (const { path, value, source, grade } of it.parameters) { %>
<tr><td><code><%= path %></code></td><td class="right"><%= value %></td><td><%= grade %></td><td><%= source %></td></tr>
<% } %>
</tbody>
</table></div>
<ul>
<% for (const [grade, meaning] of it.grades) { %>
<li class="note"><b><%= grade %></b>: <%= meaning %></li>
<% } %>
</ul>
</details>
<h2 id="repeat">How to repeat a figure</h2>
<p><code><%= it.tokenCommand %> TOKEN</code> repeats the run or the counterexample that a number in brackets stands for.</p>
<ol class="tokens">
<% for (const reference of it.references) { %>
<li id="t<%= reference.number %>"><span>[<%= reference.number %>]</span><span><%= reference.label %></span><code tabindex="0"><%= reference.token %></code></li>
<% } %>
</ol>
</footer>
</body>
</html>
`;

/** A reference to a token, or nothing. */
const REFERENCE = `<% if (it.reference) { %><a class="ref" href="#t<%= it.reference %>" title="<%= it.label %>" aria-label="token <%= it.reference %>"><%= it.reference %></a><% } %>`;

const TABLE = `<h3><%= it.title %></h3>
<div class="scroll" tabindex="0" role="region" aria-label="<%= it.title %>"><table>
<thead><tr>
<% for (const { head, align } of it.columns) { %><th scope="col"<% if (align === "right") { %> class="right"<% } %>><%= head %></th><% } %>
</tr></thead>
<tbody>
<% for (const row of it.rows) { %>
<tr>
<% for (const cell of row) { %><td class="<%= cell.classes %>"><%= cell.text %><%~ include("@reference", cell) %><%= cell.rest %></td><% } %>
</tr>
<% } %>
</tbody>
</table></div>
<p class="note"><%= it.source %></p>
`;

const CHART = `<h3><%= it.title %></h3>
<figure role="img" aria-label="<%= it.title %>: <%= it.said %>">
<% if (it.key.length > 0) { %>
<ul class="key">
<% for (const { name, colour } of it.key) { %><li><span style="background: <%= colour %>"></span><%= name %></li><% } %>
</ul>
<% } %>
<div class="wide"><%~ it.wide %></div>
<div class="narrow"><%~ it.narrow %></div>
</figure>
<p class="note"><% for (const piece of it.pieces) { %><%= piece.text %><%~ include("@reference", piece) %><% } %> <%= it.source %> <%= it.scale %></p>
`;

const TIMELINE = `<h3><%= it.title %></h3>
<div class="scroll" tabindex="0" role="region" aria-label="<%= it.title %>"><table class="timeline">
<thead><tr><th scope="col" class="right">time</th><% for (const actor of it.actors) { %><th scope="col"><%= actor %></th><% } %></tr></thead>
<tbody>
<% for (const { time, cells, isViolation } of it.rows) { %>
<tr<% if (isViolation) { %> class="violation"<% } %>><td class="right"><%= time %></td><% for (const cell of cells) { %><td><%= cell %></td><% } %></tr>
<% } %>
</tbody>
</table></div>
<p class="note">Violated at <%= it.rows.length %>: <%= it.rule %> (<%= it.property %>).<%~ include("@reference", it) %> <%= it.source %></p>
`;

/** What the page includes, by name. */
export const PARTIALS = {
  "@reference": REFERENCE,
  "@table": TABLE,
  "@chart": CHART,
  "@timeline": TIMELINE,
} as const;

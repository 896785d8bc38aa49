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
</nav>
</header>
<main>
<%~ include("@table", it.summary) %>
<%~ include("@tokens", { answer: 0, references: it.summaryReferences, command: it.tokenCommand }) %>
<% for (const answer of it.answers) { %>
<section id="q<%= answer.number %>">
<h2><%= answer.number %>. <%= answer.question %></h2>
<p><% for (const piece of answer.pieces) { %><%= piece.text %><%~ include("@reference", piece) %><% } %></p>
<% for (const exhibit of answer.exhibits) { %>
<%~ include("@" + exhibit.kind, exhibit) %>
<% } %>
<%~ include("@tokens", { answer: answer.number, references: answer.references, command: it.tokenCommand }) %>
</section>
<% } %>
</main>
<footer>
<h2>What this rests on</h2>
<h3>Exact</h3>
<ul>
<% for (const sentence of it.exact) { %><li><%= sentence %></li><% } %>
</ul>
<h3>Modelled</h3>
<ul>
<% for (const sentence of it.modelled) { %><li><%= sentence %></li><% } %>
</ul>
<h3>The scenario that the runs share</h3>
<pre><%= it.scenario %></pre>
<h3>Digests</h3>
<div class="scroll" tabindex="0"><table>
<thead><tr><th>run</th><th>digest</th></tr></thead>
<tbody>
<% for (const { label, digest } of it.digests) { %>
<tr><td><%= label %></td><td><code class="digest"><%= digest %></code></td></tr>
<% } %>
</tbody>
</table></div>
<p class="note">Equal digests mean that two runs had the same events at the same simulated times.</p>
<h3>Versions</h3>
<div class="scroll" tabindex="0"><table>
<tbody>
<% for (const [what, version] of it.versions) { %>
<tr><th scope="row"><%= what %></th><td><%= version %></td></tr>
<% } %>
</tbody>
</table></div>
<h3>Parameters, their sources and grades</h3>
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
</footer>
</body>
</html>
`;

/** A reference to a token, or nothing. */
const REFERENCE = `<% if (it.reference) { %><a class="ref" href="#q<%= it.answer %>-t<%= it.reference %>" aria-label="token <%= it.reference %>"><%= it.reference %></a><% } %>`;

const TABLE = `<h3><%= it.title %></h3>
<div class="scroll" tabindex="0" role="region" aria-label="<%= it.title %>"><table>
<thead><tr>
<% for (const { head, align } of it.columns) { %><th scope="col"<% if (align === "right") { %> class="right"<% } %>><%= head %></th><% } %>
</tr></thead>
<tbody>
<% for (const row of it.rows) { %>
<tr>
<% for (const cell of row) { %><td class="<%= cell.classes %>"><%= cell.text %><%~ include("@reference", cell) %></td><% } %>
</tr>
<% } %>
</tbody>
</table></div>
<p class="note"><%= it.source %></p>
`;

const CHART = `<h3><%= it.title %></h3>
<figure role="img" aria-label="<%= it.title %>: <%= it.description %>">
<% if (it.series.length > 0) { %>
<ul class="key">
<% for (const { name, colour } of it.series) { %><li><span style="background: <%= colour %>"></span><%= name %></li><% } %>
</ul>
<% } %>
<div class="wide"><%~ it.wide %></div>
<div class="narrow"><%~ it.narrow %></div>
</figure>
<p class="note"><%= it.description %> <%= it.source %></p>
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

const TOKENS = `<% if (it.references.length > 0) { %>
<div class="tokens">
<h3>To repeat these figures: <code><%= it.command %></code> and one of</h3>
<ol>
<% for (const reference of it.references) { %>
<li id="q<%= it.answer %>-t<%= reference.number %>"><span>[<%= reference.number %>]</span><span><%= reference.label %></span><code tabindex="0"><%= reference.token %></code></li>
<% } %>
</ol>
</div>
<% } %>
`;

/** What the page includes, by name. */
export const PARTIALS = {
  "@reference": REFERENCE,
  "@table": TABLE,
  "@chart": CHART,
  "@timeline": TIMELINE,
  "@tokens": TOKENS,
} as const;

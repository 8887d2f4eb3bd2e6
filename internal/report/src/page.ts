import { benchSection } from './bench-section.js';
import { count } from './calls.js';
import { type Html, html } from './html.js';
import { isStage1, parameterTable } from './parameter-table.js';
import type { ReportedFinding, ReportedStage, ReportInput } from './report-input.js';
import { badge, stageSection } from './stage-section.js';
import { style } from './style.js';

function summary(results: readonly ReportedStage[]): Html {
  const row = (
    result: ReportedStage,
  ) => html`<tr><th scope="row"><a href="#stage-${result.stage}">${result.stage}</a></th>
<td>${result.build}</td><td>${badge(result)}</td>
<td class="number">${result.verdict === undefined ? '\u2013' : count(result.verdict.durationMs)}</td>
<td>${result.verdict?.reason}</td></tr>
`;
  return html`<section aria-labelledby="verdicts"><h2 id="verdicts">Verdicts</h2>
<div class="scroll" role="region" tabindex="0" aria-label="Verdicts"><table><thead><tr>
<th scope="col">stage</th>
<th scope="col">build</th><th scope="col">verdict</th><th scope="col">ms</th>
<th scope="col">why</th></tr></thead>
<tbody>${results.map(row)}</tbody></table></div>
<p>Unsupported: this host lacks the feature that the stage proves. The verdict is neither a success nor
a failure.</p></section>
`;
}

function hostSection(host: ReportInput['host']): Html {
  return html`<section aria-labelledby="host"><h2 id="host">The host</h2>
<dl>${host.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
</section>
`;
}

function parameterSection(results: readonly ReportedStage[]): Html | undefined {
  const own = results.filter(isStage1);
  if (own.length === 0) return undefined;
  const builds = [...new Set(own.map(({ build }) => build))];
  return html`<section aria-labelledby="parameters">
<h2 id="parameters">Stage 1, parameter by parameter</h2>
<p>Plan: the planned value, in bold where the variants differ. Seen: the value in the trace of this
run. Handles and addresses have names. A name means the same handle or address in every cell of its
column.</p>
${builds.map((build, index) => parameterTable(results, build, index === builds.length - 1))}</section>
`;
}

function findingsSection(findings: readonly ReportedFinding[]): Html | undefined {
  if (findings.length === 0) return undefined;
  const item = ({ id, title, href }: ReportedFinding) =>
    html`<li><a href="${href}">${id}</a> ${title}</li>
`;
  return html`<section aria-labelledby="findings"><h2 id="findings">Findings</h2>
<p>Observed behaviour of the kernel. This command checks all findings again:
<code>npx nt-findings probe</code>.</p>
<ul class="findings">${findings.map(item)}</ul></section>
`;
}

/** The result of the whole run in one sentence. */
function sentence(results: readonly ReportedStage[]): string {
  const of = (outcome: ReportedStage['outcome']) =>
    results.filter((result) => result.outcome === outcome).length;
  const parts = (['proven', 'failed', 'unsupported'] as const)
    .filter((outcome) => of(outcome) > 0)
    .map((outcome) => `${of(outcome)} ${outcome}`);
  return results.length === 0 ? 'No stage was run.' : `${parts.join(', ')}.`;
}

/** Renders the page. It loads nothing: it contains styles and drawings, and no scripts. */
export function renderPage(input: ReportInput): string {
  const { date, host, results, findings, bench } = input;
  const stages = [...new Set(results.map(({ stage }) => stage))];
  const parameters = parameterSection(results);
  const found = findingsSection(findings);
  const link = (id: string, words: string) => html`<li><a href="#${id}">${words}</a></li>`;
  const time = `${date.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
  return html`<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport"
content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="color-scheme" content="light dark"><title>tofu-nt: ${sentence(results)}</title>
${style}</head><body>
<a class="skip" href="#main">To the verdicts</a>
<header><h1>tofu-nt: the stages, as they ran</h1>
<p><b>${sentence(results)}</b> <time datetime="${date.toISOString()}">${time}</time></p>
<nav aria-label="Parts"><ul>${link('verdicts', 'Verdicts')}${link('host', 'The host')}
${parameters && link('parameters', 'Stage 1, parameter by parameter')}
${stages.map((stage) => link(`stage-${stage}`, `Stage ${stage}`))}
${found && link('findings', 'Findings')}${link('bench', 'How fast it is')}</ul></nav></header>
<main id="main">${summary(results)}${hostSection(host)}${parameters}
${stages.map((stage) =>
  stageSection(
    stage,
    results.filter((result) => result.stage === stage),
  ),
)}${found}${benchSection(bench)}</main></body></html>
`.text;
}

import { formatRecord } from 'nt-trace';
import type { Check } from 'poc-kit';
import { count, firstUs } from './calls.js';
import { type Html, html } from './html.js';
import { legend, overview } from './overview.js';
import type { ReportedStage } from './report-input.js';
import { mostRows, sequence } from './sequence.js';

/** The maximum number of written lines. */
const mostLines = 400;

/** The outcome of a stage as a coloured word. */
export function badge({ outcome, verdict, signal, exitCode }: ReportedStage): Html {
  const ended = signal === null ? `ended with code ${exitCode}` : `ended by ${signal}`;
  const word = verdict === undefined ? `no verdict, ${ended}` : outcome;
  return html`<span class="badge ${outcome}">${word}</span>`;
}

function stepRow({ name, seen, expected, ok }: Check, index: number): Html {
  return html`<tr${ok ? undefined : html` class="wrong"`}><td class="number">${index + 1}</td>
<th scope="row">${name}</th>
<td>${seen}</td><td>${expected}</td><td>${ok ? 'ok' : html`<b>FAIL</b>`}</td></tr>
`;
}

function steps(result: ReportedStage): Html {
  const checks = result.verdict?.checks ?? [];
  if (checks.length === 0) return html`<p class="note">No step was taken.</p>`;
  return html`<div class="scroll" role="region" tabindex="0"
aria-label="Steps of ${result.stage}, ${result.build}">
<table class="steps"><caption>Steps</caption><thead><tr><th scope="col">#</th>
<th scope="col">step</th><th scope="col">seen</th>
<th scope="col">expected</th><th scope="col">held</th></tr></thead>
<tbody>${checks.map(stepRow)}</tbody></table></div>
`;
}

const command = ({ stage, build }: ReportedStage) =>
  html`<code>npm start -- --stage ${stage} --build ${build} --trace-file trace.json</code>`;

function timeline(result: ReportedStage): Html {
  const { trace } = result.trace ?? {};
  if (trace === undefined) {
    return html`<p class="note">There is no trace: the process ended before it
had written the file.</p>`;
  }
  const { records, callCount } = trace;
  const originUs = firstUs(trace);
  if (records.length === 0) return html`<p class="note">No NT call was made.</p>`;
  const id = `t-${result.stage}-${result.build}`;
  const { drawing, rowCount } = sequence(trace, id);
  const names = new Map(trace.threads.map((thread) => [thread.id, `${thread.name} ${thread.id}`]));
  const threadName = (threadId: number) => names.get(threadId) ?? '';
  const lines = records
    .slice(0, mostLines)
    .map((record) => `${formatRecord(record, { originUs, threadName })}\n`);
  const isWhole = rowCount === records.length && callCount <= records.length;
  const incomplete = trace.threads.filter(({ isComplete }) => !isComplete);
  return html`<h4>Calls to scale</h4>${overview(trace, `${id}-all`)}${legend()}
${
  incomplete.length === 0
    ? undefined
    : html`<p class="note">These calls had not returned when the trace ended:
${incomplete.map(({ name }) => name).join(', ')}.</p>`
}
<h4>Calls in order</h4>
${
  isWhole
    ? undefined
    : html`<p class="note">The first ${count(Math.min(rowCount, mostRows))}
calls and packets. This command records all of them, for ui.perfetto.dev: ${command(result)}</p>`
}
${drawing}
<details><summary>The same as text, each call with its arguments: ${count(lines.length)}
${lines.length < records.length ? `of ${count(records.length)} ` : ''}lines</summary>
<pre class="scroll" tabindex="0">${lines}</pre></details>
`;
}

function resultPart(result: ReportedStage, isOpen: boolean): Html {
  const { verdict, build } = result;
  const time = verdict === undefined ? '' : `${count(verdict.durationMs)} ms`;
  return html`<details class="result"${isOpen ? html` open` : undefined}>
<summary><h3>${build} build</h3> ${badge(result)} ${time}</summary>
${verdict?.reason ? html`<p class="reason">${verdict.reason}</p>` : undefined}
${steps(result)}${timeline(result)}</details>
`;
}

/** A stage's section: its claim, and for each build its steps and its timeline. */
export function stageSection(stage: string, results: readonly ReportedStage[]): Html {
  const claim = results.find(({ verdict }) => verdict !== undefined)?.verdict?.claim;
  return html`<section aria-labelledby="stage-${stage}"><h2 id="stage-${stage}">Stage ${stage}</h2>
<p class="claim">${claim ?? 'The stage ended before it printed its claim.'}</p>
${results.map((result) => resultPart(result, result === results.at(-1) || result.outcome === 'failed'))}</section>
`;
}

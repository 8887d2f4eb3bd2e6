import { median, summarize, workloads } from '@tofu-nt/bench';
import { type Html, html } from './html.js';
import type { BenchFigures, ReportedBench } from './report-input.js';

type Row = BenchFigures['speed'][number];

const [width, height, pad] = [360, 22, 6];

/** The position at which a ratio is drawn; all workloads share the scale. */
type Scale = (ratio: number) => number;

function scaleOf(rows: readonly Row[]): { at: Scale; most: number } {
  const highest = Math.max(1, ...rows.map(({ ratios }) => summarize(ratios).high));
  const most = Math.ceil(highest * 4) / 4;
  return {
    most,
    at: (ratio) => Math.round(pad + (Math.min(ratio, most) / most) * (width - 2 * pad)),
  };
}

function bar(at: Scale, ratios: readonly number[]): Html {
  const { median: middle, low, high } = summarize(ratios);
  const [from, to] = [at(low), at(high)];
  return html`<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}"
aria-hidden="true">
<path class="axis" d="M${at(1)} 0V${height}"/>
<rect class="range" x="${from}" y="7" width="${Math.max(1, to - from)}" height="8" rx="3"/>
<circle class="median" cx="${at(middle)}" cy="11" r="4.5"/></svg>`;
}

function axis({ at, most }: { at: Scale; most: number }): Html {
  const marks = [0, ...(most > 1.1 ? [1] : []), most];
  const label = (ratio: number) => {
    const anchor = ratio === 0 ? 'start' : ratio === most ? 'end' : 'middle';
    const x = ratio === 0 ? 0 : ratio === most ? width : at(ratio);
    return html`<text x="${x}" y="14" text-anchor="${anchor}">${ratio}</text>`;
  };
  return html`<svg viewBox="0 0 ${width} 18" width="${width}" height="18"
aria-hidden="true">${marks.map(label)}</svg>`;
}

const figure = (value: number) => value.toFixed(2);

function row(at: Scale, { label, ratios, p99Ratios }: Row): Html {
  const { median: middle, low, high } = summarize(ratios);
  const p99 = p99Ratios.length === 0 ? '\u2013' : figure(median(p99Ratios));
  return html`<tr><th scope="row">${label}</th>
<td class="number"><b>${figure(middle)}</b> (${figure(low)}\u2013${figure(high)})</td>
<td class="plot">${bar(at, ratios)}</td><td class="number">${p99}</td></tr>
`;
}

function workloadTable(id: string, rows: readonly Row[], scale: ReturnType<typeof scaleOf>): Html {
  const title = workloads.find((each) => each.id === id)?.title ?? '';
  return html`<div class="scroll" role="region" tabindex="0" aria-label="Figures of ${id}">
<table><caption>${id}${title === '' ? '' : `: ${title}`}</caption>
<thead><tr><th scope="col">subject</th><th scope="col">rate to node:net (range)</th>
<th scope="col"><span class="hidden">the same, drawn</span>${axis(scale)}</th>
<th scope="col">p99 to node:net</th></tr></thead>
<tbody>${rows.map((each) => row(scale.at, each))}</tbody></table></div>
`;
}

/** The figures of the last bench, as ratios: a row for each subject, and its range as a bar. */
export function benchSection(bench: ReportedBench): Html {
  if ('note' in bench) {
    return html`<section aria-labelledby="bench"><h2 id="bench">How fast it is</h2>
<p class="note">${bench.note}</p></section>`;
  }
  const { file, figures } = bench;
  const { host, settings, speed, notes } = figures;
  const scale = scaleOf(speed);
  const where = [
    host.name,
    host.cpu,
    host.system,
    host.wine,
    `Windows Node ${host.windowsNode ?? '?'}`,
  ];
  const ids = [...new Set(speed.map(({ workload }) => workload))];
  return html`<section aria-labelledby="bench"><h2 id="bench">How fast it is</h2>
<p>The newest file of <code>pnpm bench</code>, <code>${file}</code>: ${figures.date.slice(0, 10)};
${where.filter(Boolean).join(', ')}; ${settings.pairs} rounds of ${settings.seconds} s. It was not
measured in this run.</p>
<p>A rate is divided by the rate of <code>node:net</code> in the same round: above 1 is faster. The dot is
the median, the bar
is where most rounds lie. A p99 below 1 is quicker.</p>
${ids.map((id) =>
  workloadTable(
    id,
    speed.filter(({ workload }) => workload === id),
    scale,
  ),
)}
${speed.length === 0 ? html`<p class="note">The file has no speed figures.</p>` : undefined}
${notes.map((note) => html`<p class="note">${note}</p>`)}</section>`;
}

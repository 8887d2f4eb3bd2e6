// Draws the figures of the bench. Their only source is the table in internal/bench/README.md.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from './packages.mjs';

const names = {
  W1: 'one connection',
  W2: '64 connections',
  W3: '16 active of 1,000',
  W4: 'a stream',
  W5: 'connect, echo, close',
  W6: '1,000 connections',
};

/** The rows of the table that follows a sentence: subject to figures, by workload. */
function table(text, sentence) {
  const at = text.indexOf(sentence);
  if (at === -1) throw new Error(`internal/bench/README.md has no "${sentence}".`);
  const lines = text.slice(at).split('\n');
  const first = lines.findIndex((line) => line.startsWith('|'));
  const last = lines.findIndex((line, index) => index > first && !line.startsWith('|'));
  const cells = (line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  const [head, , ...rows] = lines.slice(first, last).map(cells);
  return new Map(
    rows.map(([name, ...figures]) => [
      name.replace(/[`*]/g, ''),
      new Map(figures.map((figure, index) => [head[index + 1], Number.parseFloat(figure)])),
    ]),
  );
}

const [left, width, rowHeight, barHeight] = [170, 430, 22, 15];

/** A bar per subject and workload on a logarithmic axis; 1 is node:net. */
function plot(id, title, workloads, subjects, ticks) {
  const [least, most] = [Math.log2(ticks[0]), Math.log2(ticks.at(-1))];
  const x = (value) => left + ((Math.log2(value) - least) / (most - least)) * width;
  const parts = [];
  let y = 30;
  for (const workload of workloads) {
    const bars = subjects.filter(({ figures }) => Number.isFinite(figures.get(workload)));
    if (bars.length === 0) continue;
    const name = names[workload.slice(0, 2)];
    parts.push(`<text class="dg-note dg-right" x="${left - 12}" y="${y + 12}">${name}</text>`);
    for (const { figures, style } of bars) {
      const value = figures.get(workload);
      const [from, to] = [Math.min(x(value), x(1)), Math.max(x(value), x(1))];
      const size = `width="${(to - from).toFixed(1)}" height="${barHeight}"`;
      parts.push(`<rect class="${style}" x="${from.toFixed(1)}" y="${y}" ${size} rx="2"/>`);
      const side = value >= 1 ? [to + 5, ''] : [from - 5, ' dg-right'];
      const at = `x="${side[0].toFixed(1)}" y="${y + 12}"`;
      parts.push(`<text class="dg-note dg-left${side[1]}" ${at}>${value}</text>`);
      y += rowHeight;
    }
    y += 10;
  }
  const axis = ticks.map((tick) => {
    const line = `<path class="${tick === 1 ? 'dg-line' : 'dg-grid'}" d="M${x(tick)} 24V${y}"/>`;
    return `${line}<text class="dg-note" x="${x(tick)}" y="16">${tick}</text>`;
  });
  const label = `role="img" aria-labelledby="${id}"`;
  return `<div class="drawing" tabindex="0" role="region" aria-label="${title}">
<svg viewBox="0 0 ${left + width + 50} ${y + 8}" width="${left + width + 50}" height="${y + 8}" ${label}>
<title id="${id}">${title}</title>
${axis.join('\n')}
${parts.join('\n')}
</svg></div>`;
}

function markdownTable(workloads, subjects) {
  const head = workloads.map((workload) => names[workload.slice(0, 2)]);
  const figure = ({ figures }, workload) => {
    const value = figures.get(workload);
    return Number.isFinite(value) ? String(value) : '';
  };
  return [
    `| | ${head.join(' | ')} |`,
    `|---|${workloads.map(() => '---:|').join('')}`,
    ...subjects.map(
      (each) => `| ${each.name} | ${workloads.map((one) => figure(each, one)).join(' | ')} |`,
    ),
  ].join('\n');
}

const legend = (subjects) =>
  `<p class="legend">${subjects
    .map(({ name, style }) => `<span class="${style}"></span>${name}`)
    .join(' ')}</p>`;

/** The plots as a part of a page. */
export function speedFigures() {
  const text = readFileSync(join(root, 'internal/bench/README.md'), 'utf8');
  const rates = table(text, 'The rate divided by the rate of `node:net`, medians');
  const reactor = table(text, 'The rate of the reactor divided by the rate of');
  const latencies = table(text, 'The p99 latency divided by that of `node:net`');
  const row = (of, name) => {
    const found = [...of].find(([each]) => each.startsWith(name));
    if (found === undefined) throw new Error(`internal/bench/README.md has no row "${name}".`);
    return found[1];
  };
  const engines = (of) => [
    { name: 'engine, recv first (expert)', style: 'bar-expert', figures: row(of, 'engine, its') },
    { name: 'engine, poll first (plain)', style: 'bar-plain', figures: row(of, 'engine-asking') },
  ];
  const all = ['W1', 'W2', 'W3', 'W5', 'W6', 'W4, 256 KiB'];
  const short = [
    { name: 'tofu-reactor', style: 'bar-reactor', figures: row(reactor, 'reactor') },
    { name: 'engine, same run', style: 'bar-expert', figures: row(reactor, 'engine-batched') },
  ];
  const few = ['W1', 'W2', 'W3', 'W5', 'W6'];
  return `## Rate of the engine

${legend(engines(rates))}
${plot('rate', 'Rate, divided by that of node:net', all, engines(rates), [0.5, 1, 2, 4, 8])}

${markdownTable(all, engines(rates))}

## Rate of the reactor

${legend(short)}
${plot('reactor', 'Rate of tofu-reactor, divided by that of node:net', all, short, [0.5, 1, 2, 4, 8])}

${markdownTable(all, short)}

## Latency

The 99th percentile, divided by that of \`node:net\`: below 1 is faster.

${legend(engines(latencies))}
${plot('p99', 'p99 latency, divided by that of node:net', few, engines(latencies), [0.25, 0.5, 1, 2, 4])}

${markdownTable(few, engines(latencies))}
`;
}

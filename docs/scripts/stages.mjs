// The parameter table of stage 1 and the calls of its runs, drawn by internal/report from the traces
// that its tests have. They were recorded from real runs under Wine 8.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './packages.mjs';

const docs = join(root, 'docs');
const traces = join(root, 'internal/report/test/traces');

const source = `
  export { readStageTrace } from '../internal/poc-kit/src/index.ts';
  export { parameterTable } from '../internal/report/src/parameter-table.ts';
  export { sequence } from '../internal/report/src/sequence.ts';
`;

/** Bundles what of the report is needed, from its sources. */
async function loadReport() {
  const outfile = join(docs, '.generated', 'report.mjs');
  mkdirSync(join(docs, '.generated'), { recursive: true });
  await build({
    stdin: { contents: source, resolveDir: docs, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    external: ['koffi'],
    tsconfig: join(docs, 'tsconfig.api.json'),
    outfile,
    logLevel: 'warning',
  });
  return await import(`${pathToFileURL(outfile)}?${Date.now()}`);
}

/** Without line ends between tags, Markdown leaves HTML alone. */
const asBlock = (html) =>
  String(html)
    .replace(/\n\s*\n/g, '\n')
    .trim();

/** Parts of pages by name. */
export async function stageParts() {
  const { readStageTrace, parameterTable, sequence } = await loadReport();
  const rungs = ['1-event', '1-iocp'].map((stage) => ({
    stage,
    build: 'release',
    trace: readStageTrace(join(traces, `${stage}.json`)),
  }));
  const table = String(parameterTable(rungs, 'release', true));
  const [, inner = ''] = /(<div class="scroll"[\s\S]*<\/div>)/.exec(table) ?? [];
  if (inner === '') throw new Error('The parameter table of stage 1 has another form.');
  const parts = { 'stage1-table': asBlock(inner) };
  for (const { stage, trace } of rungs) {
    const { drawing } = sequence(trace.trace, `timeline-${stage}`);
    parts[`timeline-${stage}`] = asBlock(drawing);
  }
  return parts;
}

// The table of all stages, the parameter table of stage 1, and the calls of the runs of stage 1.
// internal/report draws the last two from traces in its tests, which were recorded under Wine 8.
import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
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

/** Bundles the needed functions of the report from its sources. */
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

/** Removes blank lines: Markdown would end the HTML block at a blank line. */
const asBlock = (html) =>
  String(html)
    .replace(/\n\s*\n/g, '\n')
    .trim();

/** A table of all stages with their descriptions, from the package.json of each. */
function allStages() {
  const byNumber = new Intl.Collator('en', { numeric: true });
  const names = readdirSync(join(root, 'packages')).filter((name) => name.startsWith('poc-stage'));
  const rows = names.sort(byNumber.compare).map((name) => {
    const manifest = readFileSync(join(root, 'packages', name, 'package.json'), 'utf8');
    return `| [${name}](../../packages/${name}/README.md) | ${JSON.parse(manifest).description} |`;
  });
  return ['| package | claim |', '|---|---|', ...rows, ''].join('\n');
}

/** Parts of pages by name. */
export async function stageParts() {
  const { readStageTrace, parameterTable, sequence } = await loadReport();
  const results = ['1-event', '1-iocp'].map((stage) => ({
    stage,
    build: 'release',
    trace: readStageTrace(join(traces, `${stage}.json`)),
  }));
  const table = String(parameterTable(results, 'release', true));
  const [, inner = ''] = /(<div class="scroll"[\s\S]*<\/div>)/.exec(table) ?? [];
  if (inner === '')
    throw new Error('The parameter table of internal/report has no element of the class "scroll".');
  const parts = { 'all-stages': allStages(), 'stage1-table': asBlock(inner) };
  for (const { stage, trace } of results) {
    const { drawing } = sequence(trace.trace, `timeline-${stage}`);
    parts[`timeline-${stage}`] = asBlock(drawing);
  }
  return parts;
}

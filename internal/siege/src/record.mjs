import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The file into which the random worlds write their results. */
const worldsFile = (root) => join(root, 'node_modules', '.siege', 'worlds.json');

/** The environment of a recorded run. The results of an earlier run are removed. */
export function beginRecord(root) {
  rmSync(worldsFile(root), { force: true });
  return { SIEGE_RECORD: worldsFile(root) };
}

/** Writes the results of a siege run to kb/FUZZ.md. */
export function recordSiege(root, results) {
  const rows = results.map(({ part, outcome, reason, tookMs, seed }) => {
    const took = tookMs === undefined ? '' : `${Math.round(tookMs / 1_000)} s`;
    const result = outcome === 'skipped' ? `skipped: ${reason}` : outcome;
    return `| ${part.name} | ${part.what} | ${result} | ${took} | ${seed ?? ''} |`;
  });
  const text = `# The last recorded siege

Written by \`npm run siege -- --record\`. [D19](decisions/D19-the-siege.md) describes the parts.

| | |
|---|---|
| date | ${new Date().toISOString().slice(0, 10)} |
| commit | ${commit(root)} |
| Node | ${process.version}, ${process.platform} ${process.arch} |

| part | what it does | result | took | seed |
|---|---|---|---|---|
${rows.join('\n')}
${existsSync(worldsFile(root)) ? worlds(JSON.parse(readFileSync(worldsFile(root), 'utf8'))) : ''}`;
  writeFileSync(join(root, 'kb/FUZZ.md'), text);
}

const grouped = (value) => Math.round(value).toLocaleString('en-US');

function worlds({ operations, seconds, situations }) {
  const rows = Object.entries(situations).map(([name, count]) => `| ${name} | ${grouped(count)} |`);
  return `
## The random worlds

The debug build of the engine runs on the simulated kernel. After every operation the run compares the
state of the poller with a model and with the counters of the simulated kernel. ${grouped(operations)}
operations, ${grouped(operations / seconds)} a second, no violation. What happened in them:

| situation | times |
|---|---|
${rows.join('\n')}
`;
}

function commit(root) {
  const git = (...args) => execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
  try {
    const changes = git('status', '--porcelain', 'packages', 'internal');
    return git('rev-parse', '--short', 'HEAD') + (changes === '' ? '' : ', with changes');
  } catch {
    return 'not known';
  }
}

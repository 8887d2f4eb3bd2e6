import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { planRuns } from 'test-kit';
import { afterAll, expect, test } from 'vitest';
import { runWorlds, worldLength } from './run-worlds.js';
import { atLeast, count, type Situations } from './situations.js';

// `pnpm turbo fuzz`: five million operations, and a record of the run in kb/FUZZ.md.
const legs = 25;
const legOperations = 200_000;
const legWorlds = legOperations / worldLength;
const { seed } = planRuns(legs * legWorlds);
const root = join(import.meta.dirname, '../../../..');
const total: Situations = new Map();
let seconds = 0;
let done = 0;

for (let leg = 0; leg < legs; leg += 1) {
  const from = leg * legOperations;
  const title = `operations ${from + 1} to ${from + legOperations}`;
  test(title, { timeout: 600_000 }, () => {
    const startedMs = performance.now();
    const situations = runWorlds(seed, leg * legWorlds, legWorlds);
    seconds += (performance.now() - startedMs) / 1_000;
    for (const [name, times] of situations) count(total, name, times);
    for (const [name, least] of Object.entries(atLeast)) {
      expect(situations.get(name) ?? 0, name).toBeGreaterThanOrEqual(least);
    }
    done += legOperations;
  });
}

afterAll(() => {
  if (done === legs * legOperations) writeFileSync(join(root, 'kb/FUZZ.md'), record());
});

const grouped = (value: number) => Math.round(value).toLocaleString('en-US');

function git(...args: string[]): string {
  return execFileSync('git', args, { cwd: root, encoding: 'utf8' }).trim();
}

function commit(): string {
  try {
    const changes = git('status', '--porcelain', 'packages', 'internal');
    return git('rev-parse', '--short', 'HEAD') + (changes === '' ? '' : ', with changes');
  } catch {
    return 'not known';
  }
}

function record(): string {
  const rows = [...total].sort().map(([name, times]) => `| ${name} | ${grouped(times)} |`);
  return `# The last long run of random worlds

Written by \`pnpm turbo fuzz\`. The engine, debug build, on the simulated kernel, with a model beside
it: after every operation everything that a poller promises is compared with the model and with the
kernel's own books. \`npm test\` does 200,000 such operations in each build; this is the long run.

| | |
|---|---|
| date | ${new Date().toISOString().slice(0, 10)} |
| commit | ${commit()} |
| seed | ${seed} |
| operations | ${grouped(done)}, in ${grouped(done / worldLength)} worlds |
| duration | ${grouped(seconds)} s: ${grouped(done / seconds)} operations a second |
| Node | ${process.version}, ${process.platform} ${process.arch} |
| violations | 0 |

What happened in them:

| situation | times |
|---|---|
${rows.join('\n')}
`;
}

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { diagnose, isWell } from 'winnode';
import { bin, host, start } from './cli.js';
import { probeOf, probeProject } from './probe-project.js';

const scratch = mkdtempSync(join(tmpdir(), 'winnode doctor '));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
const cwd = probeProject(scratch, 'project', probeOf('yield good;'));

describe.skipIf(host.kind === 'none')(
  `winnode doctor, where environment or probe is bad ${host.reason}`,
  () => {
    test.each(['--no-such-option', '--require /no/such.cjs', '--import file:///no/such.mjs'])(
      'NODE_OPTIONS=%s is the only problem that is reported',
      async (NODE_OPTIONS) => {
        const items = await diagnose({ cwd, env: { ...process.env, NODE_OPTIONS } });
        expect(items.slice(-3)).toMatchObject([
          { name: 'NODE_OPTIONS', verdict: 'failed', isNecessary: true },
          { name: 'a run in Windows Node', verdict: 'ok' },
          { name: 'first', verdict: 'ok' },
        ]);
        const said = `does not start with "${NODE_OPTIONS}"`;
        expect(items.at(-3)?.detail).toContain(said);
        expect(isWell(items)).toBe(false);
      },
    );

    test.each([
      [
        'is no generator',
        'export default async () => [];',
        /returned an object of Promise, not a gen/,
      ],
      [
        'throws',
        probeOf('yield good; throw new Error("on purpose");'),
        /after item 1: on purpose$/,
      ],
      ['does not load', 'import "./nowhere.mjs";', /^\.\/probe\.mjs does not load: .*nowhere\.mjs/],
    ])('a probe that %s is one failure', async (name, text, said) => {
      const items = await diagnose({ cwd: probeProject(scratch, name, text) });
      expect(items.at(-1)).toMatchObject({
        name: 'the probe of the project',
        verdict: 'failed',
        isNecessary: true,
        detail: expect.stringMatching(said),
        hint: expect.stringMatching(/./),
      });
    });

    test.each(['./not there.mjs', 'no-such-package/probe'])(
      'the message names the missing %s',
      async (probe) => {
        const items = await diagnose({ cwd: probeProject(scratch, 'missing', '', { probe }) });
        expect(items.at(-1)).toMatchObject({
          name: 'the probe of the project',
          verdict: 'missing',
          isNecessary: true,
          hint: `Is "${probe}", which package.json names, installed and built?`,
        });
      },
    );

    test.each([
      [
        'hangs',
        'setInterval(() => {}, 1_000); await new Promise(() => {});',
        /^no answer within 5 s/,
      ],
      ['waits for nothing', 'await new Promise(() => {});', /ended with exit code 13, /],
      ['throws later', 'setTimeout(() => { throw 1; }); await new Promise(() => {});', /code 1, /],
      ['never ends', 'for (;;) ;', /^no answer within 5 s/],
      ['throws no error', 'throw Object.create(null);', /it threw after item 1: \[Object: null/],
    ])('a probe that %s loses its end, and nothing else', async (name, body, said) => {
      const bad = probeProject(scratch, name, probeOf(`yield good; ${body}`));
      const items = await diagnose({ cwd: bad, limitMs: 5_000 });
      expect(items.slice(-2)).toMatchObject([
        { name: 'first', verdict: 'ok' },
        { name: 'the probe of the project', verdict: 'failed' },
      ]);
      expect(items.at(-1)?.detail).toMatch(said);
    });

    test.skipIf(process.platform === 'win32')(
      'Ctrl-C ends doctor, which prints the results so far',
      async () => {
        const body = 'yield good; await new Promise((done) => setTimeout(done, 60_000));';
        const slow = probeProject(scratch, 'slow', probeOf(body));
        const { child, saw, ended } = start(['doctor'], { cwd: slow });
        await saw('first ');
        child.kill('SIGINT');
        expect((await ended).signal).toBe('SIGINT');
      },
    );

    test.each(['doctor', 'doctor --json', '--version'])(
      'a reader of %s that goes away leaves no message',
      (words) => {
        const script = `{ "$NODE" "$BIN" ${words} 2>&3; echo "code $?" >&3; } 3>&1 >&4 4>&- | cat`;
        const env = { ...process.env, NODE: process.execPath, BIN: bin };
        const { stdout } = spawnSync('bash', ['-c', `exec 4> >(exec true); sleep 0.2; ${script}`], {
          encoding: 'utf8',
          cwd,
          env,
        });
        expect(stdout).toBe('code 141\n');
      },
    );
  },
);

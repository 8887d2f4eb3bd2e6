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
  `winnode doctor with a wrong environment or a failing probe ${host.reason}`,
  () => {
    test.each(['--no-such-option', '--require /no/such.cjs', '--import file:///no/such.mjs'])(
      'doctor reports NODE_OPTIONS=%s as the only failure',
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
        'returns a promise',
        'export default async () => [];',
        /returned an object of Promise, not a gen/,
      ],
      [
        'throws',
        probeOf('yield good; throw new Error("on purpose");'),
        /after item 1: on purpose$/,
      ],
      ['does not load', 'import "./nowhere.mjs";', /^\.\/probe\.mjs does not load: .*nowhere\.mjs/],
    ])('doctor reports a probe that %s as one failure', async (name, text, said) => {
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
      'doctor names the missing module %s',
      async (probe) => {
        const items = await diagnose({ cwd: probeProject(scratch, 'missing', '', { probe }) });
        expect(items.at(-1)).toMatchObject({
          name: 'the probe of the project',
          verdict: 'missing',
          isNecessary: true,
          hint: `package.json names "${probe}" as the probe: install it, or build it.`,
        });
      },
    );

    test.each([
      [
        'hangs',
        'setInterval(() => {}, 1_000); await new Promise(() => {});',
        /^no answer within 5 s/,
      ],
      [
        'awaits a promise that never settles',
        'await new Promise(() => {});',
        /ended with exit code 13, /,
      ],
      [
        'throws in a timer',
        'setTimeout(() => { throw 1; }); await new Promise(() => {});',
        /code 1, /,
      ],
      ['loops for ever', 'for (;;) ;', /^no answer within 5 s/],
      [
        'throws a value that is not an error',
        'throw Object.create(null);',
        /it threw after item 1: \[Object: null/,
      ],
    ])('doctor keeps the items of a probe that then %s', async (name, body, said) => {
      const bad = probeProject(scratch, name, probeOf(`yield good; ${body}`));
      const items = await diagnose({ cwd: bad, limitMs: 5_000 });
      expect(items.slice(-2)).toMatchObject([
        { name: 'first', verdict: 'ok' },
        { name: 'the probe of the project', verdict: 'failed' },
      ]);
      expect(items.at(-1)?.detail).toMatch(said);
    });

    test.skipIf(process.platform === 'win32')(
      'SIGINT ends doctor, which has printed the results so far',
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
      '%s prints no error if the reader closes the pipe',
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

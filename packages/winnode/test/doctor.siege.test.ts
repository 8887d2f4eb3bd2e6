import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { diagnose, isWell } from 'winnode';
import { bin, host } from './cli.js';

const cwd = join(import.meta.dirname, '../../..');

describe.skipIf(host.kind === 'none')(
  `winnode doctor, where the environment is bad ${host.reason}`,
  () => {
    test.each(['--no-such-option', '--require /no/such.cjs', '--import file:///no/such.mjs'])(
      'NODE_OPTIONS=%s is named, and nothing else is blamed',
      async (NODE_OPTIONS) => {
        const items = await diagnose({ cwd, env: { ...process.env, NODE_OPTIONS } });
        const [options, koffi] = ['NODE_OPTIONS', 'koffi'].map((name) =>
          items.find((item) => item.name === name),
        );
        expect(options).toMatchObject({ verdict: 'failed', isNecessary: true });
        expect(options?.detail).toContain(`does not start with "${NODE_OPTIONS}"`);
        expect(koffi).toMatchObject({ verdict: 'ok' });
        expect(isWell(items)).toBe(false);
      },
    );

    test.each(['doctor', 'doctor --json', 'doctor --probe F06 F07'])(
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

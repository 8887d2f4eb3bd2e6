import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isConfirmed } from 'nt-findings';
import { probeAll } from 'nt-findings/internal';
import { describe, expect, test } from 'vitest';
import { describeHost, findWindowsNode, openSession } from 'winnode';
import { bin, start } from './command.js';
import { left, madeUpProbes, ok } from './made-up.js';
import { verdicts } from './read.js';

// Tests that wait for a time limit, and tests that kill a wineserver.

const host = describeHost();
const { expected } = ok;

describe.skipIf(host.kind === 'none')(`nt-findings probe ${host.reason}`, () => {
  test('a probe that hangs is ended by the time limit, and the next probe runs', {
    timeout: 60_000,
  }, async () => {
    const hangs = `${ok.body} setInterval(() => {}, 1_000); await new Promise(() => {});`;
    const probes = madeUpProbes({ F01: { expected, body: hangs }, F02: ok });
    const report = await probeAll(probes, { limitMs: 10_000 });
    expect(report.findings).toMatchObject([
      {
        verdict: 'no answer',
        detail: 'its process did not end within 10 s, after the fact "first"',
        facts: [{}],
      },
      { verdict: 'holds' },
    ]);
    expect(isConfirmed(report)).toBe(false);
  });

  test('a probe without expectations fails; a probe with a skipped part holds', async () => {
    const findings = {
      F06: { expected: {}, body: '' },
      F07: { expected: { ...left, ...expected }, body: ok.body },
    };
    const report = await probeAll(madeUpProbes(findings));
    expect(verdicts(report)).toEqual({ F06: 'failed', F07: 'holds' });
    expect(report.findings.map(({ facts }) => facts.length)).toEqual([0, 2]);
  });

  test.skipIf(process.platform === 'win32')('SIGINT ends the command by that signal', async () => {
    const { child, saw, ended } = start(['probe']);
    await saw('F01 ');
    child.kill('SIGINT');
    expect((await ended).signal).toBe('SIGINT');
  });

  test.each(['', '--json'])('probe %s prints no error if the reader closes the pipe', (option) => {
    const words = `probe F06 F07 ${option}`;
    const script = `{ "$NODE" "$BIN" ${words} 2>&3; echo "code $?" >&3; } 3>&1 >&4 4>&- | cat`;
    const env = { ...process.env, NODE: process.execPath, BIN: bin };
    const { stdout } = spawnSync('bash', ['-c', `exec 4> >(exec true); sleep 0.2; ${script}`], {
      encoding: 'utf8',
      env,
    });
    expect(stdout).toBe('code 141\n');
  });
});

/** The processes of one program whose Wine prefix is in a directory. */
function processesIn(directory: string, program: string): number[] {
  const read = (file: string) => {
    try {
      return readFileSync(file, 'utf8');
    } catch {
      return '';
    }
  };
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => read(`/proc/${pid}/environ`).includes(`WINEPREFIX=${directory}`))
    .filter((pid) => read(`/proc/${pid}/cmdline`).includes(program))
    .map(Number);
}

test.skipIf(host.kind !== 'wine')(
  'if the wineserver is killed, the running probe crashes, and the next has a new wineserver',
  { timeout: 240_000 },
  async () => {
    // The test has its own prefix, so that no other program uses the wineserver.
    const cache = mkdtempSync(join(tmpdir(), 'nt findings cache '));
    const { WINNODE_PREFIX: _chosen, ...rest } = process.env;
    const env = { ...rest, WINNODE_CACHE: cache, WINNODE_NODE: findWindowsNode().exe };
    try {
      await (await openSession({ env })).close();
      const hangs = `${ok.body} await new Promise((done) => setTimeout(done, 60_000));`;
      const probes = madeUpProbes({ F01: ok, F02: { expected, body: hangs }, F03: ok });
      // The test kills the wineserver while Wine loads F02: a program that already runs would wait
      // for ever. If F02 has not connected to it yet, Wine starts another wineserver, which the test
      // kills, too.
      let isOver = false;
      const endServers = async () => {
        while (!isOver) {
          const isLoading = processesIn(cache, 'node.exe').length > 0;
          const [server] = isLoading ? processesIn(cache, 'wineserver') : [];
          if (server !== undefined) process.kill(server, 'SIGKILL');
          await new Promise((done) => setTimeout(done, 10));
        }
      };
      let ending: Promise<void> | undefined;
      const report = await probeAll(probes, {
        env,
        onFinding: ({ id }) => {
          if (id === 'F01') ending = endServers();
          isOver ||= id === 'F02';
        },
      });
      await ending;
      expect(verdicts(report)).toEqual({ F01: 'holds', F02: 'crashed', F03: 'holds' });
      expect(isConfirmed(report)).toBe(false);
    } finally {
      for (const pid of processesIn(cache, '')) process.kill(pid, 'SIGKILL');
      rmSync(cache, { recursive: true, force: true });
    }
  },
);
